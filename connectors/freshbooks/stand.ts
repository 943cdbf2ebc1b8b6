/** Owns the test hand at FreshBooks' side, for the conformance suite. */
import { createHmac } from 'node:crypto';
import { instantOf, minutesOfClock } from '../kit/local-time.ts';
import { oauthStand } from '../kit/sandbox-oauth.ts';
import {
  hoursFrom,
  madeOnce,
  type Stand,
  type StandDelivery,
  type StandEntry,
  type StandOptions,
  standClock,
} from '../kit/stand.ts';
import { type FreshbooksEntry, startFreshbooksSandbox } from './sandbox.ts';

const pageSize = 4;
const mostPage = 100;
const accountId = 'ZyQ04o';
const businessId = 6543;

export async function startStand(options: StandOptions = {}): Promise<Stand> {
  const clock = standClock(options);
  const client = { clientId: 'slipway-app', clientSecret: 'slipway-app-secret' };
  const tokens = { accessToken: 'token-one', refreshToken: 'refresh-one' };
  const sandbox = await startFreshbooksSandbox({
    ...(options.port === undefined ? {} : { port: options.port }),
    ...client,
    ...tokens,
    accountId,
    businessId,
    // Longer than any story of the suite, which moves the clock by days.
    tokenLifeMs: 400 * 86_400_000,
    rateLimit: 'off',
    pageSizeMax: options.unlimited ? mostPage : pageSize,
    now: clock.date,
  });
  const written = new Map<number, Partial<StandEntry>>();
  const known = madeOnce<number>();
  const personOf = ({
    person = { name: 'Ines Roth', email: 'ines@nordwerft.example' },
  }: Partial<StandEntry>) => known(`person ${person.email}`, () => sandbox.addPerson(person));
  const clientOf = ({ client: name = 'Nordlicht GmbH' }: Partial<StandEntry>) =>
    known(`client ${name}`, () => sandbox.addClient({ organization: name, currency_code: 'EUR' }));
  const projectOf = (entry: Partial<StandEntry>) => {
    const { name } = entry.project ?? { name: 'Hull refit' };
    const clientId = clientOf(entry);
    return known(`project ${clientId} ${name}`, () => sandbox.addProject({ title: name, clientId }));
  };

  function factsOf(
    entry: StandEntry,
  ): Partial<FreshbooksEntry> & Pick<FreshbooksEntry, 'started_at' | 'local_started_at' | 'duration'> {
    const { zone = 'Europe/Berlin', startsAt = '08:00', task = 'Welding' } = entry;
    return {
      identity_id: personOf(entry),
      started_at: instantOf(entry.day, minutesOfClock(startsAt) ?? 0, zone).replace('.000Z', 'Z'),
      local_started_at: `${entry.day}T${startsAt}:00`,
      local_timezone: zone,
      duration: entry.seconds,
      client_id: clientOf(entry),
      project_id: projectOf(entry),
      service_id: known(`service ${task}`, () => sandbox.addService(task)),
      note: entry.notes ?? null,
      billable: entry.billable ?? true,
    };
  }
  function add(entry: StandEntry): string {
    const id = sandbox.addEntry(factsOf(entry));
    written.set(id, entry);
    return String(id);
  }
  const changed = (id: string, facts: Partial<FreshbooksEntry>) => {
    sandbox.changeEntry(Number(id), facts);
    return id;
  };

  return {
    sandbox,
    settings: { accountId, businessId: String(businessId) },
    secrets: { ...client, ...tokens },
    pageSize: options.unlimited ? mostPage : pageSize,
    now: clock.now,
    later: clock.later,
    revoke: () => sandbox.oauth.end(),
    replaceToken: (token) => sandbox.oauth.replaceAccessToken(token),
    endless: () => sandbox.endlessPages(),
    throttles: [
      { name: 'without a wait', fault: { kind: 'status', status: 429 }, waitMs: null },
      { name: 'with one', fault: { kind: 'status', status: 429, retryAfterSeconds: 7 }, waitMs: 7_000 },
    ],
    time: {
      step: 1,
      add,
      addMany: hoursFrom(add, 28),
      change(id, change) {
        const entry = { ...written.get(Number(id)), ...change } as StandEntry;
        written.set(Number(id), entry);
        changed(id, factsOf(entry));
      },
      remove: (id) => void changed(id, { active: false }),
      startTimer(entry) {
        const id = add({ ...entry, seconds: 0 });
        return changed(id, { is_logged: false, duration: null, timer: { id: Number(id), is_running: true } });
      },
      addMalformed: (day) => changed(add({ day, seconds: 3_600 }), { duration: Number.NaN }),
      addUnknownWord: (day) => changed(add({ day, seconds: 3_600 }), { local_timezone: 'Mars/Olympus_Mons' }),
      billed: () => [...sandbox.entries.values()].flatMap(({ id, billed }) => (billed ? [String(id)] : [])),
    },
    oauth: oauthStand(sandbox.oauth),
    webhooks: {
      subscriptions: () => sandbox.callbacks.map(({ id, uri: url }) => ({ externalId: String(id), url })),
      delivery({ externalId, change }, secret) {
        const operation = { created: 'create', updated: 'update', deleted: 'delete' }[change];
        return signed({ name: `invoice.${operation}`, object_id: externalId }, secret);
      },
      unknown: (secret) => signed({ name: 'sauna.heated', object_id: '1' }, secret),
    },
    books: {
      // FreshBooks has the page whether or not a gateway is set up.
      payPages: { says: sandbox.payPages.says },
      invoices: () =>
        [...sandbox.invoices.values()].map(
          ({ id, invoice_number: number, amount, status, vis_state: visible }) => ({
            externalId: String(id),
            number,
            total: amount.amount,
            status: visible === 1 ? 'void' : status === 1 ? 'draft' : status === 4 ? 'paid' : 'open',
            timeIds: [],
          }),
        ),
      bills: () => [],
      creditNotes: () => [],
      pay: (id, amount, on) => String(sandbox.pay(Number(id), amount, on)),
      removePayment: (id) => sandbox.removePayment(Number(id)),
      edit: (id) => sandbox.changeInvoice(Number(id), { notes: 'Edited by hand' }),
      void: (id) => sandbox.changeInvoice(Number(id), { vis_state: 1 }),
      takeNumber(number) {
        const customerid = sandbox.addClient({ organization: 'Somebody else' });
        const line = { type: 0 as const, name: 'Something else', qty: 1, unit_cost: { amount: '1.00' } };
        sandbox.createInvoice({
          customerid,
          create_date: '2026-03-01',
          invoice_number: number,
          lines: [line],
        });
      },
    },
  };
}

/** Signed as FreshBooks does: Python's `json.dumps` of the form, which for these plain values is JSON with spaces. */
function signed(facts: Record<string, string>, secret: string): StandDelivery {
  const form = {
    ...facts,
    account_id: accountId,
    business_id: String(businessId),
    identity_id: '1234',
    user_id: '1',
  };
  const members = Object.entries(form).map(([name, value]) => `"${name}": "${value}"`);
  const signature = createHmac('sha256', secret)
    .update(`{${members.join(', ')}}`)
    .digest('base64');
  const rawBody = Buffer.from(new URLSearchParams(form).toString());
  return { rawBody, headers: { 'x-freshbooks-hmac-sha256': signature }, query: {} };
}
