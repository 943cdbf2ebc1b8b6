/** Owns the test hand at Harvest's side, for the conformance suite. */
import { oauthStand } from '../kit/sandbox-oauth.ts';
import {
  hoursFrom,
  madeOnce,
  type Stand,
  type StandEntry,
  type StandOptions,
  standClock,
} from '../kit/stand.ts';
import { type HarvestEntryState, type HarvestSandbox, startHarvestSandbox } from './sandbox.ts';

const pageSize = 4;
const unlimitedPage = 2_000;
const secondsAnHour = 3_600;

/** Rails' name of the zones that the suite uses. */
const railsZones: Readonly<Record<string, string>> = {
  'Europe/Berlin': 'Berlin',
  'America/Los_Angeles': 'Pacific Time (US & Canada)',
  'Asia/Tokyo': 'Tokyo',
};

export async function startStand(options: StandOptions = {}): Promise<Stand & { sandbox: HarvestSandbox }> {
  const clock = standClock(options);
  const sandbox = await startHarvestSandbox({
    ...(options.port === undefined ? {} : { port: options.port }),
    accessToken: 'token-one',
    accountId: 1234,
    rateLimit: 'off',
    company: { wants_timestamp_timers: true },
    pageSizeMax: options.unlimited ? unlimitedPage : pageSize,
    now: clock.date,
    oauth: { clientId: 'slipway-app', clientSecret: 'app-secret-1', refreshToken: 'refresh-one' },
  });
  const known = madeOnce<number>();

  const userOf = ({ person, zone = 'Europe/Berlin' }: Partial<StandEntry>) => {
    const { name, email } = person ?? { name: 'Ines Roth', email: 'ines@nordwerft.example' };
    const [first = '', ...last] = name.split(' ');
    return known(`user ${email} ${zone}`, () => {
      const timezone = railsZones[zone];
      if (timezone === undefined) throw new Error(`the stand knows no Harvest name of ${zone}`);
      return sandbox.addUser({ first_name: first, last_name: last.join(' '), email, timezone }).id;
    });
  };
  const clientOf = (name: string) =>
    known(`client ${name}`, () => sandbox.addClient({ name, currency: 'EUR' }).id);
  const projectOf = ({
    client = 'Nordlicht GmbH',
    project = { name: 'Hull refit', code: 'HULL' },
  }: Partial<StandEntry>) =>
    known(`project ${client}/${project.name}`, () => {
      const code = project.code === undefined ? {} : { code: project.code };
      return sandbox.addProject({ name: project.name, ...code, client_id: clientOf(client) }).id;
    });
  const taskOf = (name = 'Welding') => known(`task ${name}`, () => sandbox.addTask({ name }).id);

  const stateOf = (entry: Partial<StandEntry>): Partial<HarvestEntryState> => ({
    ...(entry.day === undefined ? {} : { spent_date: entry.day }),
    ...(entry.seconds === undefined ? {} : { hours: hoursOf(entry.seconds) }),
    ...(entry.notes === undefined ? {} : { notes: entry.notes }),
    ...(entry.billable === undefined ? {} : { billable: entry.billable }),
    ...(entry.project === undefined ? {} : { project_id: projectOf(entry) }),
    ...(entry.startsAt === undefined ? {} : { started_time: twelveHours(entry.startsAt) }),
  });
  const add = (entry: StandEntry) =>
    String(
      sandbox.addEntry({
        ...stateOf(entry),
        spent_date: entry.day,
        hours: hoursOf(entry.seconds),
        user_id: userOf(entry),
        project_id: projectOf(entry),
        task_id: taskOf(entry.task),
        approval_status: entry.approved === false ? 'submitted' : 'approved',
      }).id,
    );

  return {
    sandbox,
    settings: { accountId: '1234', contact: 'ops@nordwerft.example', paymentOptions: 'credit_card' },
    secrets: {
      accessToken: 'token-one',
      refreshToken: 'refresh-one',
      clientId: 'slipway-app',
      clientSecret: 'app-secret-1',
    },
    pageSize: options.unlimited ? unlimitedPage : pageSize,
    now: clock.now,
    later: clock.later,
    revoke: () => {
      sandbox.setAccessToken('nobody has this one');
      sandbox.oauth!.end();
    },
    replaceToken: (token) => sandbox.setAccessToken(token),
    endless: () => sandbox.endlessPages(true),
    oauth: oauthStand(sandbox.oauth!, () => sandbox.setAccessToken('nobody has this one')),
    throttles: [
      { name: 'with a wait', fault: { kind: 'status', status: 429, retryAfterSeconds: 7 }, waitMs: 7_000 },
      { name: 'without one', fault: { kind: 'status', status: 429 }, waitMs: null },
    ],
    schemaDiffers: [
      { about: /\/api\/v2\/accounts/, because: 'the identity host has no schema of its own' },
      { about: /no query parameter "(cursor|ref)"/, because: 'next links are followed as given (trap 4)' },
    ],
    time: {
      step: 36,
      add,
      addMany: hoursFrom(add, 28),
      change: (id, change) => void sandbox.updateEntry(Number(id), stateOf(change)),
      remove: (id) => sandbox.deleteEntry(Number(id)),
      startTimer: (entry) =>
        String(
          sandbox.addEntry({
            ...stateOf(entry),
            spent_date: entry.day,
            hours: 0.5,
            user_id: userOf(entry),
            project_id: projectOf(entry),
            task_id: taskOf(entry.task),
            approval_status: 'approved',
            timer_started_at: clock.now(),
          }).id,
        ),
      withdraw: (id) => void sandbox.updateEntry(Number(id), { approval_status: 'unsubmitted' }),
      // JSON has no such number: it goes out as null.
      addMalformed: (day) => {
        const id = add({ day, seconds: secondsAnHour });
        sandbox.updateEntry(Number(id), { hours: Number.NaN });
        return id;
      },
      addUnknownWord: (day) => {
        const id = add({ day, seconds: secondsAnHour });
        sandbox.updateEntry(Number(id), { approval_status: 'parked' as 'submitted' });
        return id;
      },
    },
    books: {
      // The address is the company's, and the key alone the invoice's.
      payPages: {
        takesPayments: (on) => sandbox.books.payPages.takesPayments(on),
        says: (_invoiceId, address) => sandbox.saysAddress(address),
      },
      invoices: () =>
        sandbox.books.invoices.map(({ id, number, amount, state }) => ({
          externalId: String(id),
          number,
          total: amount,
          status: state === 'closed' ? ('void' as const) : state,
          timeIds: [],
        })),
      bills: () => [],
      creditNotes: () => [],
      pay: (invoiceId, amount, on) => String(sandbox.books.pay(Number(invoiceId), amount, on)),
      removePayment: (paymentId) => sandbox.books.removePayment(Number(paymentId)),
      edit: (invoiceId) => sandbox.books.edit(Number(invoiceId), 'Looked at by the accountant.'),
      void: (invoiceId) => sandbox.books.close(Number(invoiceId)),
      remove: (invoiceId) => sandbox.books.remove(Number(invoiceId)),
      takeNumber: (number) => sandbox.books.takeNumber(number),
    },
  };
}

/** Harvest keeps hundredths of an hour: 36 s each. */
function hoursOf(seconds: number): number {
  if (seconds % 36 !== 0) throw new Error(`${seconds} s are no hundredths of an hour`);
  return seconds / secondsAnHour;
}

/** `23:30` as `11:30pm`. */
function twelveHours(clock: string): string {
  const [hour = 0, minute = 0] = clock.split(':').map(Number);
  return `${hour % 12 === 0 ? 12 : hour % 12}:${String(minute).padStart(2, '0')}${hour < 12 ? 'am' : 'pm'}`;
}
