/** Owns the test hand at Clockify's side, for the conformance suite. */
import { addDays, localDay } from '../../domain/day.ts';
import { instantOf, minutesOfClock } from '../kit/local-time.ts';
import {
  hoursFrom,
  madeOnce,
  type Stand,
  type StandEntry,
  type StandOptions,
  standClock,
} from '../kit/stand.ts';
import { type ClockifyApproval, type ClockifySandboxOptions, startClockifySandbox } from './sandbox.ts';

const pageSize = 4;
const vendorPageSize = 200;
const workspaceId = '5f0a1b2c3d4e5f6071829304';
const berlin = 'Europe/Berlin';
const ines = { name: 'Ines Roth', email: 'ines@nordwerft.example' };

export async function startStand(options: StandOptions & Partial<ClockifySandboxOptions> = {}) {
  const { unlimited, startAt: _startAt, ...more } = options;
  const clock = standClock(options);
  const sandbox = await startClockifySandbox({
    apiKey: 'token-one',
    workspaceId,
    rateLimit: 'off',
    pageSizeMax: unlimited ? vendorPageSize : pageSize,
    now: clock.date,
    ...more,
  });
  const known = madeOnce<string>();
  const zones = new Map<string, string>();

  const userOf = ({ person = ines, zone = berlin }: Partial<StandEntry>) => {
    const id = known(`user ${person.email} ${zone}`, () => sandbox.addUser({ ...person, timeZone: zone }).id);
    zones.set(id, zone);
    return id;
  };
  const projectOf = ({
    client = 'Nordlicht GmbH',
    project = { name: 'Hull refit' },
  }: Partial<StandEntry>) => {
    const clientId = known(`client ${client}`, () => sandbox.addClient(client));
    return known(`project ${client} ${project.name}`, () =>
      sandbox.addProject({ name: project.name, clientId, rate: 12_000 }),
    );
  };
  const taskOf = (entry: Partial<StandEntry>) => {
    const { task = 'Welding' } = entry;
    const projectId = projectOf(entry);
    return known(`task ${projectId} ${task}`, () => sandbox.addTask({ name: task, projectId }));
  };
  const states = new Map<string, string>();
  /** A request a day. Clockify's shortest period is a week; the suite looks at days. */
  const approve = (userId: string, day: string, state: ClockifyApproval['state'], again = false) => {
    const key = `${userId} ${day}`;
    if (states.get(key) === state && !again) return;
    states.set(key, state);
    const zone = zones.get(userId) ?? berlin;
    const end = new Date(Date.parse(instantOf(addDays(day, 1), 0, zone)) - 1_000).toISOString();
    sandbox.setApproval({ userId, start: instantOf(day, 0, zone), end, state });
  };
  const timesOf = (day: string, seconds: number, zone: string, startsAt = '09:00') => {
    const start = instantOf(day, minutesOfClock(startsAt) ?? 0, zone);
    return { start, end: new Date(Date.parse(start) + seconds * 1_000).toISOString(), seconds };
  };
  const entryOf = (externalId: string) => sandbox.entries.find((entry) => entry.id === externalId)!;
  const dayOf = (userId: string, start: string) => localDay(start, zones.get(userId) ?? berlin);

  const add = (entry: StandEntry, type = 'REGULAR'): string => {
    const userId = userOf(entry);
    approve(userId, entry.day, entry.approved === false ? 'PENDING' : 'APPROVED');
    return sandbox.addEntry({
      userId,
      projectId: projectOf(entry),
      taskId: taskOf(entry),
      description: entry.notes ?? 'Hull work',
      billable: entry.billable ?? true,
      tags: [...(entry.tags ?? [])],
      type,
      ...timesOf(entry.day, entry.seconds, entry.zone ?? berlin, entry.startsAt),
    }).id;
  };

  return {
    sandbox,
    settings: { workspaceId },
    secrets: { accessToken: 'token-one' },
    pageSize: unlimited ? vendorPageSize : pageSize,
    now: clock.now,
    later: clock.later,
    revoke: () => sandbox.setApiKey('nobody has this one'),
    replaceToken: (token) => sandbox.setApiKey(token),
    endless: () => sandbox.endlessPages(true),
    throttles: [{ name: 'too many requests', fault: { kind: 'status', status: 429 }, waitMs: null }],
    schemaDiffers: [
      {
        about: /\/(status|webhookEvent) must be object/,
        because: 'the schema prints lists of words as objects with the words as fields; they are words',
      },
      {
        about: /timeEntryIds\/\d+ must be object/,
        because: 'the schema prints an id of the database as an object; it is its 24 digits',
      },
    ],
    time: {
      step: 1,
      add,
      addMany: hoursFrom(add, 28),
      change(externalId, change) {
        const entry = entryOf(externalId);
        const before = dayOf(entry.userId, entry.start);
        const day = change.day ?? before;
        sandbox.updateEntry(externalId, {
          ...timesOf(
            day,
            change.seconds ?? entry.seconds ?? 0,
            zones.get(entry.userId) ?? berlin,
            change.startsAt,
          ),
          ...(change.notes === undefined ? {} : { description: change.notes }),
          ...(change.project === undefined ? {} : { projectId: projectOf(change) }),
          ...(change.billable === undefined ? {} : { billable: change.billable }),
        });
        // Approved entries are locked: who changes one takes the approval back and gives it anew.
        for (const touched of new Set([before, day])) approve(entry.userId, touched, 'APPROVED', true);
      },
      remove: (externalId) => sandbox.removeEntry(externalId),
      startTimer(entry) {
        const externalId = add({ ...entry, seconds: 60 });
        sandbox.updateEntry(externalId, { end: null });
        return externalId;
      },
      withdraw(externalId) {
        const { userId, start } = entryOf(externalId);
        approve(userId, dayOf(userId, start), 'WITHDRAWN_APPROVAL');
      },
      addMalformed(day) {
        const externalId = add({ day, seconds: 3_600 });
        sandbox.updateEntry(externalId, { seconds: null });
        return externalId;
      },
      addUnknownWord: (day) => add({ day, seconds: 3_600 }, 'ON_CALL'),
      billed: () => sandbox.entries.filter((entry) => entry.invoiced).map((entry) => entry.id),
    },
    webhooks: {
      bodyUnsigned: true,
      subscriptions: () => sandbox.webhooks.map(({ id, url }) => ({ externalId: id, url })),
      delivery: ({ externalId, change }, secret) => {
        const type = {
          created: 'NEW_TIME_ENTRY',
          updated: 'TIME_ENTRY_UPDATED',
          deleted: 'TIME_ENTRY_DELETED',
        };
        return deliveryOf(type[change], { id: externalId, workspaceId, billable: true }, secret);
      },
      unknown: (secret) => deliveryOf('TIME_ENTRY_DREAMT_OF', { id: '1', workspaceId }, secret),
    },
  } satisfies Stand & { sandbox: unknown };
}

/** Clockify's "signature" is the webhook's own token, the same each time. */
function deliveryOf(type: string, body: object, secret: string) {
  const headers: Record<string, string> = {
    'clockify-webhook-event-type': type,
    'clockify-signature': secret,
  };
  return { rawBody: Buffer.from(JSON.stringify(body)), headers, query: {} };
}
