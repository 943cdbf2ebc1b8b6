/** Owns the time half of the Zoho Books sandbox: users, projects, tasks and time entries, with a test hand at each. */
import type { VendorAnswer, VendorCall } from '../kit/sandbox.ts';
import { bare, listed, newId, Refusal, success, zohoTime } from './sandbox-words.ts';

export interface ZohoTime {
  time_entry_id: string;
  project_id: string;
  task_id: string;
  user_id: string;
  log_date: string;
  begin_time: string;
  end_time: string;
  /** `HH:mm`. */
  log_time: string;
  is_billable: boolean;
  billed_status: string;
  invoice_id: string;
  notes: string;
  timer_started_at: string;
  created_time: string;
  cost_rate: number;
}
export interface ZohoProject {
  project_id: string;
  project_name: string;
  customer_id: string;
  customer_name: string;
  status: string;
  billing_type: string;
  rate: number;
}

export interface ZohoSheets {
  /** Null where the address is not one of its own. */
  answer(call: VendorCall, path: string): VendorAnswer | null;
  readonly times: Map<string, ZohoTime>;
  readonly projects: Map<string, ZohoProject>;
  addUser(name: string, email: string): string;
  addProject(
    project: Partial<ZohoProject> & Pick<ZohoProject, 'project_name' | 'customer_id' | 'customer_name'>,
  ): string;
  addTask(projectId: string, name: string): string;
  addTime(
    time: Partial<ZohoTime> & Pick<ZohoTime, 'project_id' | 'task_id' | 'user_id' | 'log_date' | 'log_time'>,
  ): string;
  /** Whatever is said, also what the API would refuse. */
  changeTime(id: string, change: Partial<Record<keyof ZohoTime, unknown>>): void;
  removeTime(id: string): void;
}

export function openSheets(options: {
  now: () => Date;
  most: number | undefined;
  isEndless: () => boolean;
}): ZohoSheets {
  const users = new Map<string, { user_id: string; name: string; email: string; status: string }>();
  const projects = new Map<string, ZohoProject>();
  const tasks = new Map<string, { task_id: string; project_id: string; task_name: string }>();
  const times = new Map<string, ZohoTime>();

  function render(time: ZohoTime) {
    const project = projects.get(time.project_id)!;
    return {
      ...time,
      project_name: project.project_name,
      // Unquoted now and then (zoho-books-cli notes).
      customer_id: bare(project.customer_id),
      customer_name: project.customer_name,
      task_name: tasks.get(time.task_id)?.task_name ?? '',
      user_name: users.get(time.user_id)?.name ?? '',
      is_current_user: false,
      timer_duration_in_minutes: time.timer_started_at === '' ? '' : '12',
    };
  }

  function listTimes(call: VendorCall): VendorAnswer {
    const {
      from_date: from,
      to_date: to,
      filter_by: filter,
      project_id: projectId,
    } = Object.fromEntries(call.query);
    // Whether the dates hold without the filter is not documented: here they do not (unconfirmed).
    const isDated = filter === 'Date.CustomDate';
    const rows = [...times.values()].filter((time) => {
      if (isDated && ((from && time.log_date < from) || (to && time.log_date > to))) return false;
      if (filter === 'Status.Unbilled' && time.billed_status !== 'unbilled') return false;
      if (filter === 'Status.Invoiced' && time.billed_status !== 'invoiced') return false;
      return projectId === undefined || time.project_id === projectId;
    });
    const answer = listed(call, 'time_entries', rows, options.most, options.isEndless());
    const body = answer.body as { time_entries: ZohoTime[] };
    return { ...answer, body: { ...body, time_entries: body.time_entries.map(render) } };
  }

  const timeOf = (id: string) => {
    const time = times.get(id);
    if (!time) throw new Error(`there is no time entry ${id}`);
    return time;
  };

  return {
    times,
    projects,
    answer(call, path) {
      if (call.method !== 'GET') return null;
      if (path === '/users') return listed(call, 'users', [...users.values()], options.most);
      if (path === '/projects') return listed(call, 'projects', [...projects.values()], options.most);
      if (path === '/projects/timeentries') return listTimes(call);
      const [, timeId] = /^\/projects\/timeentries\/(\d+)$/.exec(path) ?? [];
      if (timeId !== undefined) {
        const time = times.get(timeId);
        if (!time) throw new Refusal(404, 1002, 'Resource does not exist.');
        return success(200, { time_entry: render(time) });
      }
      const [, projectId] = /^\/projects\/(\d+)\/tasks$/.exec(path) ?? [];
      if (projectId === undefined) return null;
      const rows = [...tasks.values()].filter((task) => task.project_id === projectId);
      return listed(call, 'tasks', rows, options.most);
    },
    addUser(name, email) {
      const id = newId();
      users.set(id, { user_id: id, name, email, status: 'active' });
      return id;
    },
    addProject(project) {
      const id = newId();
      const common = { status: 'active', billing_type: 'based_on_project_hours', rate: 95.5 };
      projects.set(id, { ...common, ...project, project_id: id });
      return id;
    },
    addTask(projectId, name) {
      const id = newId();
      tasks.set(id, { task_id: id, project_id: projectId, task_name: name });
      return id;
    },
    addTime(time) {
      if (!/^\d{1,4}:[0-5]\d$/.test(time.log_time))
        throw new Error(`"${time.log_time}" is no time of Zoho's`);
      const id = newId();
      const common = {
        begin_time: '',
        end_time: '',
        is_billable: true,
        billed_status: 'unbilled',
        invoice_id: '',
        notes: '',
        timer_started_at: '',
        cost_rate: 0,
        created_time: zohoTime(options.now()),
      };
      times.set(id, { ...common, ...time, time_entry_id: id });
      return id;
    },
    changeTime: (id, change) => void Object.assign(timeOf(id), change),
    removeTime: (id) => void times.delete(timeOf(id).time_entry_id),
  };
}
