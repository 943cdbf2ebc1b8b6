/** Owns the test hand at Toggl's side, for the conformance suite. */
import { addDays, isoWeekday, localDay } from '../../domain/day.ts';
import { instantOf, minutesOfClock } from '../kit/local-time.ts';
import {
  hoursFrom,
  madeOnce,
  type Stand,
  type StandEntry,
  type StandOptions,
  standClock,
} from '../kit/stand.ts';
import { startTogglSandbox, type TogglSandboxOptions } from './sandbox.ts';

const pageSize = 4;
const vendorPageSize = 50;
const workspaceId = 4_410_022;
const ines = { name: 'Ines Roth', email: 'ines@nordwerft.example' };

export async function startStand(options: StandOptions & Partial<TogglSandboxOptions> = {}) {
  const { unlimited, startAt: _startAt, ...more } = options;
  const clock = standClock(options);
  const sandbox = await startTogglSandbox({
    apiToken: 'token-one',
    workspaceId,
    rateLimit: 'off',
    pageSizeMax: unlimited ? vendorPageSize : pageSize,
    now: clock.date,
    ...more,
  });
  const known = madeOnce<number>();
  const zones = new Map<number, string>();

  const userOf = ({ person = ines, zone = 'Europe/Berlin' }: Partial<StandEntry>) => {
    const id = known(
      `user ${person.email} ${zone}`,
      () => sandbox.addUser({ ...person, timezone: zone }).user_id,
    );
    zones.set(id, zone);
    return id;
  };
  const projectOf = ({
    client = 'Nordlicht GmbH',
    project = { name: 'Hull refit' },
  }: Partial<StandEntry>) => {
    const clientId = known(`client ${client}`, () => sandbox.addClient(client));
    return known(`project ${client} ${project.name}`, () =>
      sandbox.addProject({ name: project.name, clientId, centsAnHour: 12_000 }),
    );
  };
  const taskOf = (entry: Partial<StandEntry>) => {
    const { task = 'Welding' } = entry;
    const projectId = projectOf(entry);
    return known(`task ${projectId} ${task}`, () => sandbox.addTask({ name: task, projectId }));
  };
  const sheets = new Map<string, string>();
  const sheetOf = (userId: number, day: string, status: string) => {
    const from = addDays(day, 1 - isoWeekday(day));
    // Writing an entry down is no new decision on its week.
    if (sheets.get(`${userId} ${from}`) === status) return;
    sheets.set(`${userId} ${from}`, status);
    sandbox.setTimesheet({ userId, from, to: addDays(from, 6), status });
  };
  const timesOf = (day: string, seconds: number, zone: string, startsAt = '09:00') => {
    const start = instantOf(day, minutesOfClock(startsAt) ?? 0, zone);
    return { start, stop: new Date(Date.parse(start) + seconds * 1_000).toISOString(), seconds };
  };

  const add = (
    entry: StandEntry,
    sheetStatus = entry.approved === false ? 'submitted' : 'approved',
  ): string => {
    const userId = userOf(entry);
    sheetOf(userId, entry.day, sheetStatus);
    const { id } = sandbox.addEntry({
      user_id: userId,
      project_id: projectOf(entry),
      task_id: taskOf(entry),
      description: entry.notes ?? 'Hull work',
      billable: entry.billable ?? true,
      tag_names: [...(entry.tags ?? [])],
      ...timesOf(entry.day, entry.seconds, entry.zone ?? 'Europe/Berlin', entry.startsAt),
    });
    return String(id);
  };
  const entryOf = (externalId: string) => sandbox.entries.find((entry) => String(entry.id) === externalId)!;
  const zoneOf = (userId: number) => zones.get(userId) ?? 'Europe/Berlin';
  const dayOf = (userId: number, start: string) => localDay(start, zoneOf(userId));

  return {
    sandbox,
    settings: { workspaceId: String(workspaceId) },
    secrets: { accessToken: 'token-one' },
    pageSize: unlimited ? vendorPageSize : pageSize,
    now: clock.now,
    later: clock.later,
    revoke: () => sandbox.setApiToken('nobody has this one'),
    replaceToken: (token) => sandbox.setApiToken(token.replace(/:api_token$/, '')),
    endless: () => sandbox.endlessPages(true),
    throttles: [
      { name: 'too fast', fault: { kind: 'status', status: 429 }, waitMs: null },
      {
        name: 'the hour’s calls are used up',
        fault: {
          kind: 'status',
          status: 402,
          headers: { 'X-Toggl-Quota-Remaining': '0', 'X-Toggl-Quota-Resets-In': '540' },
        },
        waitMs: 540_000,
      },
    ],
    schemaDiffers: [
      {
        about: /search\/time_entries → 200: {2}must be string/,
        because: 'the schema calls the list of groups a string; the guide of the detailed report shows it',
      },
      {
        about: /\/timesheets → 200: {2}must be array/,
        because:
          'the schema puts the page into a list of one; both forms are read (sandbox option sheetsInList)',
      },
    ],
    time: {
      step: 1,
      add,
      addMany: hoursFrom(add, 28),
      change(externalId, change) {
        const entry = entryOf(externalId);
        const day = change.day ?? dayOf(entry.user_id, entry.start);
        if (day !== dayOf(entry.user_id, entry.start)) sheetOf(entry.user_id, day, 'approved');
        sandbox.updateEntry(entry.id, {
          ...timesOf(day, change.seconds ?? entry.seconds ?? 0, zoneOf(entry.user_id), change.startsAt),
          ...(change.notes === undefined ? {} : { description: change.notes }),
          ...(change.project === undefined ? {} : { project_id: projectOf(change) }),
          ...(change.billable === undefined ? {} : { billable: change.billable }),
        });
      },
      remove: (externalId) => sandbox.removeEntry(Number(externalId)),
      startTimer(entry) {
        const externalId = add({ ...entry, seconds: 60 });
        sandbox.updateEntry(Number(externalId), { stop: null });
        return externalId;
      },
      withdraw(externalId) {
        const { user_id: userId, start } = entryOf(externalId);
        sheetOf(userId, dayOf(userId, start), 'open');
      },
      addMalformed(day) {
        const externalId = add({ day, seconds: 3_600 });
        sandbox.updateEntry(Number(externalId), { seconds: null });
        return externalId;
      },
      addUnknownWord: (day) => add({ day, seconds: 3_600 }, 'parked'),
      billed: () =>
        sandbox.entries
          .filter((entry) => entry.tag_names.includes('invoiced'))
          .map((entry) => String(entry.id)),
    },
    webhooks: {
      subscriptions: () =>
        sandbox.subscriptions.map((one) => ({
          externalId: String(one.subscription_id),
          url: one.url_callback,
        })),
      delivery: ({ externalId, change }, secret, at) => ({
        ...sandbox.signed(eventOf('time_entry', change, externalId, at ?? clock.now()), secret),
        query: {},
      }),
      unknown: (secret) => ({
        ...sandbox.signed(eventOf('timesheet', 'approved', '1', clock.now()), secret),
        query: {},
      }),
    },
  } satisfies Stand & { sandbox: unknown };
}

function eventOf(model: string, action: string, externalId: string, at: string): object {
  return {
    event_id: Number(externalId) + 1,
    created_at: at,
    creator_id: 7_120_033,
    subscription_id: 5_512,
    timestamp: at,
    url_callback: 'https://hub.example/hooks/toggl',
    metadata: {
      action,
      model,
      event_user_id: '7120033',
      workspace_id: String(workspaceId),
      [`${model}_id`]: externalId,
      request_type: 'PUT',
    },
    payload: { id: Number(externalId), workspace_id: workspaceId, user_id: 7_120_033 },
  };
}
