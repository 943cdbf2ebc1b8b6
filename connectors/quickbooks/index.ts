/** Owns the QuickBooks Online connector: an invoice target with payments read back and webhooks. Traps: README.md. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import {
  type ConnectorSettings,
  defineConnector,
  type RemoteInvoice,
  type TargetInvoice,
  targetOptions,
} from '../kit/define.ts';
import { InvalidRequest } from '../kit/errors.ts';
import type { VendorHttp, VendorResponse } from '../kit/http.ts';
import { parseJson } from '../kit/json.ts';
import { UnreadableField } from '../kit/rows.ts';
import { hmacMatches } from '../kit/webhook.ts';
import { classify, throttleMs } from './faults.ts';
import { fromQuickbooksInvoice, fromWebhook } from './from-quickbooks.ts';
import { paymentsSince } from './payments.ts';
import { ask, minorVersion, readAnswer, unexpected } from './query.ts';
import {
  keyNote,
  numberMaxLength,
  quoted,
  toQuickbooksInvoice,
  toQuickbooksName,
} from './to-quickbooks-invoice.ts';

export const quickbooks = defineConnector({
  id: 'quickbooks',
  name: 'QuickBooks',
  auth: { type: 'bearer' },
  baseUrl: (settings) => `${host(settings)}/v3/company/${encodeURIComponent(settings.realmId ?? '')}`,
  // Intuit allows 10 a second and 500 a minute; this keeps both.
  rateLimit: { requests: 8, perSeconds: 1 },
  timeoutMs: 30_000,
  throttleMs,
  requestIdHeader: 'intuit_tid',
  settings: { realmId: 'Company id of QuickBooks (the callback of the sign-in carries it)' },
  optionalSettings: {
    environment: '"production" (default) or "sandbox"',
    country: 'Country of the company, "US" by default; elsewhere every line needs a tax code',
    taxCode: 'Tax code for lines without one of their own: TAX or NON in the United States, an id elsewhere',
    incomeAccountId: 'Id of the income account for items that are created here',
  },
  classify,
  async test(http) {
    const preferences = readAnswer(preferencesShape, await http.get('/preferences', versioned)).body;
    if (preferences.Preferences.SalesFormsPrefs?.CustomTxnNumbers === false)
      throw new InvalidRequest(
        'QuickBooks numbers invoices itself. Switch on "Custom transaction numbers" under Account and settings, Sales, so that our numbers are kept.',
        { connector: 'quickbooks', vendorCode: 'custom_numbers_off' },
      );
    return { account: await companyName(http), warnings: [] };
  },
  invoiceTarget: {
    numberMaxLength,
    customers: {
      find: async (http, { name }) => findByName(http, 'Customer', toQuickbooksName(name, 'customer')),
      async create(http, customer, idempotencyKey) {
        const name = toQuickbooksName(customer.name, 'customer');
        return createNamed(http, 'Customer', name, idempotencyKey, {
          DisplayName: name,
          CurrencyRef: { value: customer.currency },
          ...(customer.email === null ? {} : { PrimaryEmailAddr: { Address: customer.email } }),
        });
      },
    },
    items: {
      find: async (http, { name }) => findByName(http, 'Item', toQuickbooksName(name, 'item')),
      async create(http, item, idempotencyKey) {
        const name = toQuickbooksName(item.name, 'item');
        const incomeAccountId = http.settings.incomeAccountId;
        if (!incomeAccountId)
          throw refused(
            'settings_missing',
            `The item "${name}" is not in QuickBooks, and making it needs the setting incomeAccountId.`,
          );
        return createNamed(http, 'Item', name, idempotencyKey, {
          Name: name,
          Type: 'Service',
          IncomeAccountRef: { value: incomeAccountId },
        });
      },
    },
    invoices: {
      find: findInvoice,
      async create(http, invoice, idempotencyKey) {
        const body = toQuickbooksInvoice(invoice, http.settings);
        const response = await http.post('/invoice', { query: writeQuery(idempotencyKey), body });
        return readInvoiceAnswer(response);
      },
    },
    async readInvoice(http, externalId) {
      try {
        const path = `/invoice/${encodeURIComponent(externalId)}`;
        const response = await http.get(path, { ...versioned, allow404: true });
        return response === null ? null : readInvoiceAnswer(response);
      } catch (problem) {
        // A deleted invoice is a Fault, not a 404.
        if (problem instanceof InvalidRequest && problem.vendorCode === '610') return null;
        throw problem;
      }
    },
    paymentsSince,
    declines: Object.fromEntries(targetOptions.map((option) => [option, 'Not yet taken there.'])),
  },
  webhooks: {
    verify: ({ rawBody, headers }, secret) =>
      hmacMatches({
        rawBody,
        signature: headers['intuit-signature'],
        secret,
        algorithm: 'sha256',
        encoding: 'base64',
      }),
    // Events of one body have an id each, bodies have none; only with a single event are the two the same.
    deliveryId({ rawBody }) {
      const events = parseBody(rawBody);
      const only: unknown = Array.isArray(events) && events.length === 1 ? events[0] : null;
      const id = (only as { id?: unknown } | null)?.id;
      return typeof id === 'string' && id !== '' ? id.slice(0, 200) : null;
    },
    events: ({ rawBody }) => fromWebhook(parseBody(rawBody)),
  },
});

const versioned = { query: { minorversion: minorVersion } };
const time = z.string().nullish();
const companyShape = z.object({ CompanyInfo: z.object({ CompanyName: z.string() }), time });
const preferencesShape = z.object({
  Preferences: z.object({ SalesFormsPrefs: z.object({ CustomTxnNumbers: z.boolean().nullish() }).nullish() }),
  time,
});

/** For the person who connects, to see that it is the right company; the id serves where the name is not told. */
async function companyName(http: VendorHttp): Promise<string> {
  const response = await http.get(`/companyinfo/${realm(http)}`, { ...versioned, allow404: true });
  return response === null
    ? `company ${http.settings.realmId}`
    : readAnswer(companyShape, response).body.CompanyInfo.CompanyName;
}

/** By number, then by our key: a number alone may be anybody's (invariant 6). */
async function findInvoice(http: VendorHttp, invoice: TargetInvoice): Promise<RemoteInvoice | null> {
  const { rows } = await ask(http, 'Invoice', `DocNumber = ${quoted(invoice.number)}`);
  const ours = rows.filter((row) => noteOf(row).includes(keyNote(invoice.key)));
  if (rows.length === 0) return null;
  if (ours.length === 0)
    throw refused(
      'number_taken',
      `QuickBooks already has another document with the number ${invoice.number}.`,
    );
  if (ours.length > 1)
    throw refused(
      'booked_twice',
      `QuickBooks has invoice ${invoice.number} ${ours.length} times. Delete all but one there.`,
    );
  const remote = readRow(ours[0], () =>
    refused('unreadable', `Invoice ${invoice.number} in QuickBooks cannot be read.`),
  );
  requireSame(remote, invoice);
  return remote;
}

function requireSame(remote: RemoteInvoice, invoice: TargetInvoice): void {
  if (remote.customerExternalId !== invoice.customer.externalId)
    throw refused(
      'customer_differs',
      `Invoice ${invoice.number} stands in QuickBooks under another customer.`,
    );
  if (remote.currency !== null && remote.currency !== invoice.currency)
    throw refused(
      'currency_differs',
      `Invoice ${invoice.number} stands in QuickBooks in ${remote.currency}, not in ${invoice.currency}.`,
    );
  // A voided document keeps no amount to compare.
  if (remote.status !== 'void' && !new Decimal(remote.total).equals(invoice.total))
    throw refused(
      'total_differs',
      `Invoice ${invoice.number} stands in QuickBooks with ${remote.total}, not with ${invoice.total}.`,
    );
}

type NamedEntity = 'Customer' | 'Item';
const nameField = { Customer: 'DisplayName', Item: 'Name' } as const;

const namedShape = z.object({
  Id: z.string(),
  DisplayName: z.string().nullish(),
  Name: z.string().nullish(),
  Active: z.boolean().nullish(),
  Type: z.string().nullish(),
});
type NamedRow = z.infer<typeof namedShape>;

async function findByName(http: VendorHttp, entity: NamedEntity, name: string): Promise<string | null> {
  const active = (await named(http, entity, name, '')).find((row) => row.Active !== false);
  return active?.Id ?? null;
}

/** Rows of exactly this name; QuickBooks ignores case in names. Categories of items cannot stand on a line. */
async function named(http: VendorHttp, entity: NamedEntity, name: string, and: string): Promise<NamedRow[]> {
  const { rows } = await ask(http, entity, `${nameField[entity]} = ${quoted(name)}${and}`);
  return rows
    .map((row) => namedShape.safeParse(row))
    .flatMap((read) => (read.success ? [read.data] : []))
    .filter(
      (row) => (row[nameField[entity]] ?? '').toLowerCase() === name.toLowerCase() && row.Type !== 'Category',
    );
}

async function createNamed(
  http: VendorHttp,
  entity: NamedEntity,
  name: string,
  idempotencyKey: string,
  body: Record<string, unknown>,
): Promise<string> {
  try {
    const path = `/${entity.toLowerCase()}`;
    const response = await http.post(path, { query: writeQuery(idempotencyKey), body });
    const created = z.object({ [entity]: z.object({ Id: z.string() }), time }).safeParse(response.body);
    if (!created.success) throw unexpected(entity, response);
    return (created.data[entity] as { Id: string }).Id;
  } catch (problem) {
    if (problem instanceof InvalidRequest && problem.vendorCode === '6240')
      return ofDuplicateName(http, entity, name);
    throw problem;
  }
}

/** The name is in use: by a record made meanwhile (taken), by an inactive one, or by a vendor or employee. */
async function ofDuplicateName(http: VendorHttp, entity: NamedEntity, name: string): Promise<string> {
  const [found] = await named(http, entity, name, ' and Active IN (true, false)');
  if (found === undefined)
    throw refused(
      'name_taken',
      `QuickBooks uses the name "${name}" for something else, such as a vendor or an employee. Rename one of the two.`,
    );
  if (found.Active === false)
    throw refused('inactive', `"${name}" is inactive in QuickBooks. Make it active there again.`);
  return found.Id;
}

function readInvoiceAnswer(response: VendorResponse): RemoteInvoice {
  const { body } = readAnswer(z.object({ Invoice: z.unknown(), time }), response);
  return readRow(body.Invoice, () => unexpected('Invoice', response));
}

/** After a write an unreadable answer must lead to a look, so the caller says which failure it is. */
function readRow(row: unknown, failure: () => Error): RemoteInvoice {
  try {
    return fromQuickbooksInvoice(row);
  } catch (problem) {
    throw problem instanceof UnreadableField ? failure() : problem;
  }
}

/** A repeated `requestid` gets the first answer again. Retention is undocumented: look first after a pause. */
function writeQuery(idempotencyKey: string): { requestid: string; minorversion: number } {
  if (idempotencyKey.length < 1 || idempotencyKey.length > 50)
    throw refused(
      'requestid_length',
      `QuickBooks takes request ids of 1 to 50 characters, not ${idempotencyKey.length}.`,
    );
  return { requestid: idempotencyKey, minorversion: minorVersion };
}

function noteOf(row: unknown): string {
  const note = (row as { PrivateNote?: unknown } | null)?.PrivateNote;
  return typeof note === 'string' ? note : '';
}

function parseBody(rawBody: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(rawBody).toString('utf8'));
  } catch {
    return null;
  }
}

function realm(http: VendorHttp): string {
  return encodeURIComponent(http.settings.realmId ?? '');
}

function host(settings: ConnectorSettings): string {
  const environment = settings.environment || 'production';
  if (environment === 'production') return 'https://quickbooks.api.intuit.com';
  if (environment === 'sandbox') return 'https://sandbox-quickbooks.api.intuit.com';
  throw refused(
    'settings_invalid',
    `The setting environment is "${environment}"; it can be production or sandbox.`,
  );
}

function refused(vendorCode: string, message: string): InvalidRequest {
  return new InvalidRequest(message, { connector: 'quickbooks', vendorCode });
}
