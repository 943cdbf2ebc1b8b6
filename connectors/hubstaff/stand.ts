/** Owns the test hand at Hubstaff's side, for the conformance suite. */
import { createHmac } from 'node:crypto';
import { addDays } from '../../domain/day.ts';
import { instantOf, minutesOfClock } from '../kit/local-time.ts';
import { oauthStand } from '../kit/sandbox-oauth.ts';
import {
  madeOnce,
  type Stand,
  type StandDelivery,
  type StandEntry,
  type StandOptions,
  standClock,
} from '../kit/stand.ts';
import { startHubstaffSandbox } from './sandbox.ts';

const pageSize = 4;
const mostPage = 500;
const organizationId = 13_001;
const hourSeconds = 3_600;

interface Written extends StandEntry {
  userId: number;
  projectId: number;
  taskId: number;
  sheetId: number;
  slotIds: number[];
}

export async function startStand(options: StandOptions = {}): Promise<Stand> {
  const clock = standClock(options);
  const client = { clientId: 'slipway-app', clientSecret: 'slipway-app-secret' };
  const tokens = { accessToken: 'token-one', refreshToken: 'refresh-one' };
  const sandbox = await startHubstaffSandbox({
    ...(options.port === undefined ? {} : { port: options.port }),
    ...client,
    ...tokens,
    organizationId,
    // Longer than any story of the suite, which moves the clock by days.
    tokenLifeMs: 400 * 86_400_000,
    rateLimit: 'off',
    pageSizeMax: options.unlimited ? mostPage : pageSize,
    now: clock.date,
  });
  const written = new Map<string, Written>();
  const known = madeOnce<number>();
  const userOf = ({ person = { name: 'Ines Roth', email: 'ines@nordwerft.example' } }: Partial<StandEntry>) =>
    known(`user ${person.email}`, () => sandbox.addUser(person));
  const projectOf = ({
    client: name = 'Nordlicht GmbH',
    project = { name: 'Hull refit' },
  }: Partial<StandEntry>) =>
    known(`project ${name} ${project.name}`, () =>
      sandbox.addProject({
        name: project.name,
        clientId: known(`client ${name}`, () => sandbox.addClient(name)),
        metadata: project.code === undefined ? {} : { code: project.code },
      }),
    );

  const idOf = ({ userId, day, projectId, taskId, billable }: Written) =>
    `${userId}:${day}:${projectId}:${taskId}${billable === false ? ':unbillable' : ''}`;

  function track(entry: Written): string {
    const zone = entry.zone ?? 'UTC';
    sandbox.setTimeZone(zone);
    entry.slotIds = sandbox.addTime({
      userId: entry.userId,
      projectId: entry.projectId,
      taskId: entry.taskId,
      startedAt: instantOf(entry.day, minutesOfClock(entry.startsAt ?? '00:00') ?? 0, zone),
      seconds: entry.seconds,
      billable: entry.billable ?? true,
      timesheetId: entry.sheetId,
      ...(entry.notes === undefined ? {} : { note: entry.notes }),
    });
    written.set(idOf(entry), entry);
    return idOf(entry);
  }

  /** Each entry has a task of its own: Hubstaff knows no entries, and would add two up. `sheetId`: of a sheet of its days. */
  function add(entry: StandEntry, shared: { taskId?: number; sheetId?: number } = {}): string {
    const [userId, projectId] = [userOf(entry), projectOf(entry)];
    const taskId = shared.taskId ?? sandbox.addTask({ summary: entry.task ?? 'Welding', projectId });
    const sheetId = shared.sheetId ?? addSheet(userId, entry);
    return track({ ...entry, userId, projectId, taskId, sheetId, slotIds: [] });
  }
  const addSheet = (userId: number, { day, approved }: Pick<StandEntry, 'day' | 'approved'>) =>
    sandbox.addTimesheet({
      userId,
      from: day,
      to: day,
      status: approved === false ? 'submitted' : 'approved',
    });

  const entryOf = (externalId: string): Written => {
    const entry = written.get(externalId);
    if (entry === undefined) throw new Error(`the stand has no entry ${externalId}`);
    return entry;
  };

  return {
    sandbox,
    settings: { organizationId: String(organizationId), timeZone: 'UTC', codeField: 'code' },
    secrets: { ...client, ...tokens },
    pageSize: options.unlimited ? mostPage : pageSize,
    now: clock.now,
    later: clock.later,
    revoke: () => sandbox.oauth.end(),
    replaceToken: (token) => sandbox.oauth.replaceAccessToken(token),
    endless: () => sandbox.endlessPages(),
    throttles: [
      { name: 'with a wait', fault: { kind: 'status', status: 429, retryAfterSeconds: 7 }, waitMs: 7_000 },
      { name: 'without one', fault: { kind: 'status', status: 429 }, waitMs: null },
      {
        name: 'by its code alone',
        fault: {
          kind: 'status',
          status: 400,
          body: { code: 'slow', error_code: 13_002, error: 'Slow down.' },
        },
        waitMs: null,
      },
    ],
    schemaDiffers: [
      {
        about: /\/access_tokens: /,
        because: 'the token address belongs to account.hubstaff.com and is in no schema',
      },
    ],
    time: {
      step: 1,
      add,
      addMany(count, from) {
        const userId = userOf({});
        const projectId = projectOf({});
        return Array.from({ length: count }, (_, n) => {
          const [day, round] = [addDays(from, n % 28), Math.floor(n / 28)];
          const sheetId = known(`sheet ${day}`, () => addSheet(userId, { day }));
          const taskId = known(`task ${round}`, () =>
            sandbox.addTask({ summary: `Welding ${round}`, projectId }),
          );
          return add({ day, seconds: hourSeconds }, { taskId, sheetId });
        });
      },
      change(externalId, change) {
        const entry = entryOf(externalId);
        sandbox.deleteActivities(entry.slotIds);
        Object.assign(entry, change);
        if (change.project !== undefined || change.client !== undefined) entry.projectId = projectOf(entry);
        sandbox.setTimesheet(entry.sheetId, { from: entry.day, to: entry.day });
        track(entry);
      },
      remove: (externalId) => sandbox.deleteActivities(entryOf(externalId).slotIds),
      withdraw: (externalId) => sandbox.setTimesheet(entryOf(externalId).sheetId, { status: 'open' }),
      // JSON has no such number: it goes out as null.
      addMalformed(day) {
        const externalId = add({ day, seconds: hourSeconds });
        sandbox.changeActivity(entryOf(externalId).slotIds[0]!, { tracked: Number.NaN });
        return externalId;
      },
      addUnknownWord(day) {
        const externalId = add({ day, seconds: hourSeconds });
        sandbox.changeActivity(entryOf(externalId).slotIds[0]!, { time_type: 'siesta' });
        return externalId;
      },
    },
    oauth: {
      ...oauthStand(sandbox.oauth),
      consent(authorizeUrl) {
        if (!new URL(authorizeUrl).searchParams.get('nonce')) throw new Error('Hubstaff needs a nonce');
        return sandbox.oauth.consent(authorizeUrl);
      },
    },
    webhooks: {
      subscriptions: () => sandbox.webhooks.map(({ id, target_url: url }) => ({ externalId: id, url })),
      delivery({ externalId, change }, secret, at = clock.now()) {
        const [userId, date, projectId, taskId] = externalId.split(':');
        const event = `activity.${{ created: 'create', updated: 'update', deleted: 'delete' }[change]}`;
        const facts =
          date === undefined
            ? { id: Number(externalId) || 1 }
            : { user_id: Number(userId), date, project_id: Number(projectId), task_id: Number(taskId) };
        return signed({ event, payload: { organization_id: organizationId, ...facts } }, secret, at);
      },
      unknown: (secret) => signed({ event: 'sauna.start', payload: {} }, secret, clock.now()),
    },
  };
}

function signed(event: Record<string, unknown>, secret: string, at: string): StandDelivery {
  // Without a mark of its zone, as Hubstaff writes it.
  const body = { id: crypto.randomUUID(), created_at: at.replace('Z', ''), ...event };
  const rawBody = Buffer.from(JSON.stringify(body));
  const signature = createHmac('sha256', secret).update(rawBody).digest('hex');
  return { rawBody, headers: { 'x-hook-signature': signature }, query: {} };
}
