/** Owns the test hand at Zoho Books' side, for the conformance suite. */
import { createHmac } from 'node:crypto';
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
import { startZohoSandbox } from './sandbox.ts';
import { zohoTime } from './sandbox-words.ts';

const organizationId = '10234695';
const pageSize = 4;
const unlimitedPage = 200;
const secondsAMinute = 60;

export async function startStand(options: StandOptions = {}): Promise<Stand> {
  const clock = standClock(options);
  const secrets = {
    accessToken: 'token-one',
    refreshToken: 'refresh-one',
    clientId: '1000.5F1F0A22EE3C4B3A',
    clientSecret: 'kept-by-the-client',
  };
  const sandbox = await startZohoSandbox({
    ...(options.port === undefined ? {} : { port: options.port }),
    organizationId,
    ...secrets,
    limits: 'off',
    pageSizeMax: options.unlimited ? unlimitedPage : pageSize,
    now: clock.date,
  });
  const { books, sheets } = sandbox;
  const known = madeOnce<string>();

  const userOf = ({ name, email } = { name: 'Ines Roth', email: 'ines@nordwerft.example' }) =>
    known(`user ${email}`, () => sheets.addUser(name, email));
  const contactOf = (name: string) =>
    known(`contact ${name}`, () => books.addContact({ contact_name: name }));
  const projectOf = ({ client = 'Nordlicht GmbH', project = { name: 'Hull refit' } }: Partial<StandEntry>) =>
    known(`project ${client}/${project.name}`, () =>
      sheets.addProject({
        project_name: project.name,
        customer_id: contactOf(client),
        customer_name: client,
      }),
    );
  const taskOf = (entry: Partial<StandEntry>) => {
    const project = projectOf(entry);
    const name = entry.task ?? 'Welding';
    return known(`task ${project}/${name}`, () => sheets.addTask(project, name));
  };
  const add = (entry: StandEntry) => {
    if (entry.zone !== undefined) sandbox.organisation.time_zone = entry.zone;
    return sheets.addTime({
      project_id: projectOf(entry),
      task_id: taskOf(entry),
      user_id: userOf(entry.person),
      log_date: entry.day,
      log_time: clockOf(entry.seconds),
      begin_time: entry.startsAt ?? '',
      is_billable: entry.billable ?? true,
      notes: entry.notes ?? '',
    });
  };

  return {
    sandbox,
    settings: { organizationId, dataCentre: 'eu', paymentGateway: 'stripe' },
    secrets,
    pageSize: options.unlimited ? unlimitedPage : pageSize,
    now: clock.now,
    later: clock.later,
    revoke: () => {
      sandbox.setAccessToken(null);
      sandbox.oauth.end();
    },
    replaceToken: (token) => sandbox.setAccessToken(token),
    endless: () => sandbox.endlessPages(),
    throttles: [
      {
        name: 'the minute (44)',
        fault: { kind: 'status', status: 429, body: { code: 44, message: 'Too many calls in a minute.' } },
        waitMs: null,
      },
      {
        name: 'the day (45)',
        fault: {
          kind: 'status',
          status: 429,
          body: { code: 45, message: 'The calls of the day are used up.' },
          headers: { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': '30000' },
        },
        waitMs: 30_000_000,
      },
      {
        name: 'calls at once (1070), under 200',
        fault: { kind: 'status', status: 200, body: { code: 1070, message: 'Too many calls at once.' } },
        waitMs: 5_000,
      },
    ],
    schemaDiffers: [
      {
        about: /page_context must be array/,
        because: 'typed as a list in the specification, an object in answers',
      },
      {
        about: /\/(total|balance) must be string/,
        because: 'typed as text in the specification, whose examples are numbers',
      },
      { about: /customer_id must be string/, because: 'some answers carry ids unquoted' },
      {
        about: /no query parameter "organization_id"/,
        because: 'every call names it; some files leave it out',
      },
    ],
    time: {
      step: secondsAMinute,
      add,
      addMany: hoursFrom(add, 13),
      change(id, change) {
        const isMoved = change.project !== undefined || change.task !== undefined;
        sheets.changeTime(id, {
          ...(change.day === undefined ? {} : { log_date: change.day }),
          ...(change.seconds === undefined ? {} : { log_time: clockOf(change.seconds) }),
          ...(change.notes === undefined ? {} : { notes: change.notes }),
          ...(change.billable === undefined ? {} : { is_billable: change.billable }),
          ...(isMoved ? { project_id: projectOf(change), task_id: taskOf(change) } : {}),
        });
      },
      remove: (id) => sheets.removeTime(id),
      startTimer(entry) {
        const id = add({ ...entry, seconds: 720 });
        sheets.changeTime(id, { timer_started_at: zohoTime(clock.date()) });
        return id;
      },
      addMalformed(day) {
        const id = add({ day, seconds: 3_600 });
        sheets.changeTime(id, { log_time: 'an hour' });
        return id;
      },
      addUnknownWord(day) {
        const id = add({ day, seconds: 3_600 });
        sheets.changeTime(id, { billed_status: 'partly' });
        return id;
      },
    },
    oauth: oauthStand(sandbox.oauth, () => sandbox.setAccessToken(null)),
    webhooks: {
      // Rules are set up by a person in Zoho Books.
      subscriptions: () => [],
      delivery: ({ externalId }, secret) =>
        signed({ invoice: { invoice_id: externalId, status: 'sent' } }, secret),
      unknown: (secret) => signed({ happening: 'something' }, secret),
    },
    books: {
      payPages: books.payPages,
      invoices: () =>
        [...books.invoices.values()].map((each) => ({
          externalId: each.invoice_id,
          number: each.invoice_number,
          total: books.totalOf(each.invoice_id).toFixed(2),
          status: statuses[books.statusOf(each.invoice_id)] ?? 'open',
          timeIds: each.lines.flatMap((line) => line.time_entry_ids ?? []),
        })),
      bills: () => [],
      creditNotes: () => [],
      pay: (id, amount, on) => books.pay(id, amount, on),
      removePayment: (id) => books.removePayment(id),
      edit: (id) => books.change(id, { due_date: '2027-01-31' }),
      void: (id) => books.change(id, { status: 'void' }),
      remove: (id) => books.removeInvoice(id),
      takeNumber: (number) => void books.addInvoice(contactOf('Somebody else'), number, '1.00'),
    },
  };
}

const statuses: Readonly<Record<string, 'draft' | 'paid' | 'void'>> = {
  draft: 'draft',
  paid: 'paid',
  void: 'void',
};

/** Parameters of the address sorted by name, as text, then the body; here there are two. */
function signed(body: unknown, secret: string): StandDelivery {
  const rawBody = Buffer.from(JSON.stringify(body));
  const query = { source: 'books', at: '7' };
  const signature = createHmac('sha256', secret).update('at7sourcebooks').update(rawBody).digest('hex');
  return {
    rawBody,
    headers: { 'x-zoho-webhook-signature': signature, 'content-type': 'application/json' },
    query,
  };
}

/** `02:30`. */
function clockOf(seconds: number): string {
  if (seconds % secondsAMinute !== 0) throw new Error(`${seconds} s are no whole minutes`);
  const minutes = seconds / secondsAMinute;
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
