/** Owns the test hand at Xero's side, for the conformance suite. */
import { createHmac } from 'node:crypto';
import type { Day } from '../../domain/work-entry.ts';
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
import { startXeroSandbox } from './sandbox.ts';
import type { Document } from './sandbox-bodies.ts';

const tenantId = 'c2cc9b6e-9458-4c7d-93cc-f02b81b0594f';
const pageSize = 4;
const unlimitedPage = 500;
const secondsAMinute = 60;

/** Xero's names of the zones that the suite uses. */
const zones: Readonly<Record<string, string>> = {
  'Europe/Berlin': 'WEUROPESTANDARDTIME',
  'America/Los_Angeles': 'PACIFICSTANDARDTIME',
  'Asia/Tokyo': 'TOKYOSTANDARDTIME',
};

export async function startStand(options: StandOptions = {}): Promise<Stand> {
  const clock = standClock(options);
  const secrets = {
    accessToken: 'token-one',
    refreshToken: 'refresh-one',
    clientId: '5F1F0A22EE3C4B3A',
    clientSecret: 'kept-by-the-client',
  };
  const sandbox = await startXeroSandbox({
    ...(options.port === undefined ? {} : { port: options.port }),
    tenantId,
    ...secrets,
    limits: 'off',
    pageSizeMax: options.unlimited ? unlimitedPage : pageSize,
    timezone: zones['Europe/Berlin']!,
    now: clock.date,
  });
  const { books, projects } = sandbox;
  const known = madeOnce<string>();
  let zone = 'Europe/Berlin';

  const userOf = ({ name, email } = { name: 'Ines Roth', email: 'ines@nordwerft.example' }) =>
    known(`user ${email}`, () => projects.addUser(name, email));
  const contactOf = (name: string) => known(`contact ${name}`, () => books.addContact({ Name: name }));
  const projectOf = ({ client = 'Nordlicht GmbH', project = { name: 'Hull refit' } }: Partial<StandEntry>) =>
    known(`project ${client}/${project.name}`, () =>
      projects.addProject({ name: project.name, contactId: contactOf(client) }),
    );
  const taskOf = (entry: Partial<StandEntry>) => {
    const projectId = projectOf(entry);
    const chargeType = entry.billable === false ? 'NON_CHARGEABLE' : 'TIME';
    const name = entry.task ?? 'Welding';
    return known(`task ${projectId}/${name}/${chargeType}`, () =>
      projects.addTask({ name, projectId, chargeType }),
    );
  };
  /** Only a whole organisation has a zone. */
  const setZone = (wanted: string) => {
    const name = zones[wanted];
    if (name === undefined) throw new Error(`the stand knows no name of Xero's for ${wanted}`);
    zone = wanted;
    sandbox.organisation.Timezone = name;
  };
  const add = (entry: StandEntry) => {
    if (entry.zone !== undefined) setZone(entry.zone);
    return projects.addTime({
      userId: userOf(entry.person),
      taskId: taskOf(entry),
      dateUtc: utcOf(entry.day, entry.startsAt ?? '09:00', zone),
      duration: minutesOf(entry.seconds),
      description: entry.notes ?? '',
      status: 'ACTIVE',
    });
  };
  const documentsOf = (type: Document['Type']) =>
    [...books.tables.documents.values()]
      .filter((each) => each.Type === type)
      .map((each) => ({
        externalId: each.id,
        number: each.Number,
        total: each.lines.reduce((sum, line) => sum + line.LineAmount + line.TaxAmount, 0).toFixed(2),
        status: statuses[each.Status],
        timeIds: [],
      }));

  return {
    sandbox,
    settings: {
      tenantId,
      accountCode: '200',
      expenseAccountCode: '400',
      bankAccountCode: '090',
      trackingCategory: 'Project',
      hubUrl: 'https://hub.example',
    },
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
        name: 'the minute',
        fault: {
          kind: 'status',
          status: 429,
          retryAfterSeconds: 17,
          headers: { 'x-rate-limit-problem': 'minute' },
        },
        waitMs: 17_000,
      },
      {
        name: 'the day',
        fault: {
          kind: 'status',
          status: 429,
          retryAfterSeconds: 20_000,
          headers: { 'x-rate-limit-problem': 'day' },
        },
        waitMs: 20_000_000,
      },
      { name: 'without a word', fault: { kind: 'status', status: 429 }, waitMs: null },
    ],
    time: {
      step: secondsAMinute,
      add,
      addMany: hoursFrom(add, 13),
      change(id, change) {
        const task =
          change.project || change.task || change.billable !== undefined ? taskOf(change) : undefined;
        projects.changeTime(id, {
          ...(change.seconds === undefined ? {} : { duration: minutesOf(change.seconds) }),
          ...(change.notes === undefined ? {} : { description: change.notes }),
          ...(change.day === undefined
            ? {}
            : { dateUtc: utcOf(change.day, change.startsAt ?? '09:00', zone) }),
          ...(task === undefined ? {} : { taskId: task, projectId: projects.tasks.get(task)!.projectId }),
        });
      },
      remove: (id) => projects.removeTime(id),
      addMalformed(day) {
        const id = add({ day, seconds: 3_600 });
        projects.changeTime(id, { duration: -60 });
        return id;
      },
      addUnknownWord(day) {
        const id = add({ day, seconds: 3_600 });
        projects.changeTime(id, { status: 'PARTLY_INVOICED' });
        return id;
      },
    },
    oauth: oauthStand(sandbox.oauth, () => sandbox.setAccessToken(null)),
    webhooks: {
      // One address an app, entered by a person in the developer portal.
      subscriptions: () => [],
      delivery: ({ externalId, change }, secret, at = clock.now()) =>
        signed(
          { events: [eventOf(externalId, change === 'created' ? 'CREATE' : 'UPDATE', at)], ...sequence },
          secret,
        ),
      unknown: (secret) => signed({ happenings: [], ...sequence }, secret),
    },
    books: {
      // Xero has the page whether or not a payment service is set up.
      payPages: { says: books.payPages.says },
      invoices: () => documentsOf('ACCREC'),
      bills: () => documentsOf('ACCPAY'),
      creditNotes: () => documentsOf('ACCRECCREDIT'),
      pay: (id, amount, on) => books.pay(id, amount, on),
      removePayment: (id) => books.removePayment(id),
      edit: (id) => books.touch(id, { Reference: 'edited by hand' }),
      void: (id) => books.setStatus(id, 'VOIDED'),
      takeNumber: (number) => void books.addInvoice(contactOf('Somebody else'), number, '1.00'),
    },
  };
}

const statuses = {
  DRAFT: 'draft',
  SUBMITTED: 'draft',
  AUTHORISED: 'open',
  PAID: 'paid',
  VOIDED: 'void',
  DELETED: 'void',
} as const;

const sequence = { firstEventSequence: 1, lastEventSequence: 1, entropy: 'S0m3r4Nd0mt3xt' };

function eventOf(resourceId: string, eventType: string, at: string) {
  return {
    resourceUrl: `https://api.xero.com/api.xro/2.0/Invoices/${resourceId}`,
    resourceId,
    // Without a zone.
    eventDateUtc: at.replace('Z', ''),
    eventType,
    eventCategory: 'INVOICE',
    tenantId,
    tenantType: 'ORGANISATION',
  };
}

function signed(body: unknown, secret: string): StandDelivery {
  const rawBody = Buffer.from(JSON.stringify(body));
  const signature = createHmac('sha256', secret).update(rawBody).digest('base64');
  return {
    rawBody,
    headers: { 'x-xero-signature': signature, 'content-type': 'application/json' },
    query: {},
  };
}

function minutesOf(seconds: number): number {
  if (seconds % secondsAMinute !== 0) throw new Error(`${seconds} s are no whole minutes`);
  return seconds / secondsAMinute;
}

/** The instant at which clocks in `zone` show this time. */
function utcOf(day: Day, clock: string, zone: string): string {
  return instantOf(day, minutesOfClock(clock) ?? 0, zone).replace('.000Z', 'Z');
}
