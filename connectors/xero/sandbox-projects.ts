/** Owns the Projects half of the Xero sandbox: projects, tasks, users and time, with a test hand at each. */
import { randomUUID } from 'node:crypto';
import type { VendorAnswer, VendorCall } from '../kit/sandbox.ts';
import { numberOf, pageOf, queryOf, Refusal } from './sandbox-words.ts';

const mostPageSize = 500;
const defaultPageSize = 50;
const mostMinutes = 59_940;

export interface XeroTime {
  timeEntryId: string;
  userId: string;
  projectId: string;
  taskId: string;
  /** An instant within the day that was chosen. */
  dateUtc: string;
  dateEnteredUtc: string;
  /** Minutes. */
  duration: number;
  description: string;
  status: string;
}
interface Amount {
  currency: string;
  value: number;
}
export interface XeroTask {
  taskId: string;
  projectId: string;
  name: string;
  rate: Amount;
  chargeType: string;
  status: string;
}
export interface XeroProject {
  projectId: string;
  contactId: string;
  name: string;
  currencyCode: string;
  status: 'INPROGRESS' | 'CLOSED';
}

export interface XeroProjects {
  answer(call: VendorCall, path: string): VendorAnswer;
  addUser(name: string, email: string): string;
  addProject(project: Partial<XeroProject> & { name: string; contactId: string }): string;
  addTask(task: Partial<XeroTask> & { name: string; projectId: string }): string;
  addTime(time: Partial<XeroTime> & Pick<XeroTime, 'userId' | 'taskId' | 'dateUtc' | 'duration'>): string;
  /** Whatever is said, also what the API would refuse: the test hand may do anything. */
  changeTime(timeEntryId: string, change: Partial<Record<keyof XeroTime, unknown>>): void;
  removeTime(timeEntryId: string): void;
  changeProject(projectId: string, change: Partial<XeroProject>): void;
  readonly tasks: ReadonlyMap<string, XeroTask>;
}

export function openProjects(options: {
  now: () => Date;
  most: number | undefined;
  isEndless: () => boolean;
}): XeroProjects {
  const users = new Map<string, { userId: string; name: string; email: string }>();
  const projects = new Map<string, XeroProject>();
  const tasks = new Map<string, XeroTask>();
  const times = new Map<string, XeroTime>();
  /** Of a project, in no order that anybody promised: as they were written down. */
  const timesOf = (projectId: string) => [...times.values()].filter((time) => time.projectId === projectId);

  function list(call: VendorCall, rows: readonly unknown[], filters: readonly string[] = []): VendorAnswer {
    const query = queryOf(call, [...filters, 'page', 'pageSize']);
    const page = numberOf(query.page, 1, 1_000_000, 'page');
    const asked = numberOf(query.pageSize, defaultPageSize, mostPageSize, 'pageSize');
    const pageSize = Math.min(asked, options.most ?? mostPageSize);
    const found = pageOf(rows, page, pageSize, options.isEndless() && call.path.endsWith('/Time'));
    return { status: 200, body: { pagination: found.pagination, items: found.rows } };
  }

  function listProjects(call: VendorCall): VendorAnswer {
    const { states, contactID } = Object.fromEntries(call.query);
    const wanted = states?.split(',') ?? ['INPROGRESS', 'CLOSED'];
    for (const state of wanted)
      if (!['INPROGRESS', 'CLOSED'].includes(state))
        throw invalid(`The state ${state} is not a state of projects.`);
    const minutes = new Map<string, number>();
    for (const { projectId, duration } of times.values())
      minutes.set(projectId, (minutes.get(projectId) ?? 0) + (Number.isInteger(duration) ? duration : 1));
    const rows = [...projects.values()]
      .filter((project) => wanted.includes(project.status) && (!contactID || project.contactId === contactID))
      .map((project) => {
        const minutesLogged = minutes.get(project.projectId) ?? 0;
        return { ...project, minutesLogged, minutesToBeInvoiced: minutesLogged };
      });
    return list(call, rows, ['states', 'contactID', 'projectIds']);
  }

  function listTimes(call: VendorCall, projectId: string): VendorAnswer {
    const query = Object.fromEntries(call.query);
    const boundOf = (name: string, otherwise: number) => {
      const text = query[name];
      if (text === undefined) return otherwise;
      if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/.test(text))
        throw invalid(`${name} is not a UTC date time.`);
      return Date.parse(text);
    };
    const after = boundOf('dateAfterUtc', Number.NEGATIVE_INFINITY);
    const before = boundOf('dateBeforeUtc', Number.POSITIVE_INFINITY);
    const states = query.states?.split(',');
    const rows = timesOf(projectId).filter((time) => {
      const at = Date.parse(time.dateUtc);
      const isWanted = states === undefined || states.includes(time.status);
      return isWanted && !(at < after) && !(at > before) && (!query.userId || time.userId === query.userId);
    });
    const filters = ['userId', 'taskId', 'invoiceId', 'contactId', 'states', 'isChargeable'];
    return list(call, rows, [...filters, 'dateAfterUtc', 'dateBeforeUtc']);
  }

  function answer(call: VendorCall, path: string): VendorAnswer {
    if (call.method !== 'GET') throw new Refusal(405, 'The sandbox only reads Projects.');
    if (path === '/Projects') return listProjects(call);
    if (path === '/ProjectsUsers') return list(call, [...users.values()]);
    const [, projectId, kind, id] = /^\/Projects\/([^/]+)\/(Tasks|Time)(?:\/([^/]+))?$/.exec(path) ?? [];
    if (projectId === undefined || !projects.has(projectId))
      throw new Refusal(404, 'Not found', { message: 'Not found' });
    if (id === undefined)
      return kind === 'Time'
        ? listTimes(call, projectId)
        : list(
            call,
            [...tasks.values()].filter((task) => task.projectId === projectId),
            ['taskIds', 'chargeType'],
          );
    const found = kind === 'Time' ? times.get(id) : tasks.get(id);
    if (found?.projectId !== projectId) throw new Refusal(404, 'Not found', { message: 'Not found' });
    return { status: 200, body: found };
  }

  const timeOf = (id: string) => {
    const time = times.get(id);
    if (!time) throw new Error(`there is no time entry ${id}`);
    return time;
  };

  return {
    answer,
    tasks,
    addUser(name, email) {
      const userId = randomUUID();
      users.set(userId, { userId, name, email });
      return userId;
    },
    addProject(project) {
      const projectId = randomUUID();
      projects.set(projectId, { currencyCode: 'EUR', status: 'INPROGRESS', ...project, projectId });
      return projectId;
    },
    addTask(task) {
      const taskId = randomUUID();
      if (!projects.has(task.projectId)) throw new Error(`there is no project ${task.projectId}`);
      const rate = { currency: projects.get(task.projectId)!.currencyCode, value: 95.5 };
      tasks.set(taskId, { rate, chargeType: 'TIME', status: 'ACTIVE', ...task, taskId });
      return taskId;
    },
    addTime(time) {
      if (!Number.isInteger(time.duration) || time.duration < 1 || time.duration > mostMinutes)
        throw new Error(`Xero takes 1 to ${mostMinutes} whole minutes, not ${time.duration}`);
      const task = tasks.get(time.taskId);
      if (!task || !users.has(time.userId)) throw new Error('there is no such task or user');
      const timeEntryId = randomUUID();
      const dateEnteredUtc = options.now().toISOString();
      const { projectId } = task;
      times.set(timeEntryId, {
        description: '',
        status: 'ACTIVE',
        dateEnteredUtc,
        ...time,
        projectId,
        timeEntryId,
      });
      return timeEntryId;
    },
    changeTime: (id, change) => void Object.assign(timeOf(id), change),
    removeTime: (id) => void times.delete(timeOf(id).timeEntryId),
    changeProject: (id, change) => void Object.assign(projects.get(id) ?? {}, change),
  };
}

function invalid(message: string): Refusal {
  return new Refusal(400, message, { message: 'The request is invalid.', modelState: { query: [message] } });
}
