/** Owns the QuickBooks Online connector: an invoice target with payments read back and webhooks. Traps: README.md. */
import { z } from 'zod';
import { type ConnectorSettings, defineConnector } from '../kit/define.ts';
import type { VendorHttp } from '../kit/http.ts';
import { oneOf } from '../kit/vendor-words.ts';
import { parsedBody, signedIn } from '../kit/webhook.ts';
import { invoicesSince } from './changed-invoices.ts';
import {
  createDocument,
  emailInvoice,
  findDocument,
  paymentLinks,
  readDocument,
  updateInvoice,
  voidInvoice,
  wantedInvoice,
} from './documents.ts';
import { classify, throttleMs } from './faults.ts';
import { fromWebhook } from './from-quickbooks.ts';
import { billPayments, creditApplications } from './money-moved.ts';
import { classes, customers, items, vendors } from './names.ts';
import { paymentsSince } from './payments.ts';
import { readAnswer, refused, time, vendor, versioned } from './query.ts';
import { timeTarget } from './time-activities.ts';
import { toQuickbooksBill } from './to-quickbooks-bill.ts';
import { numberMaxLength, toQuickbooksCreditMemo, toQuickbooksInvoice } from './to-quickbooks-invoice.ts';

export const quickbooks = defineConnector({
  ...vendor,
  auth: {
    type: 'bearer',
    oauth: {
      grants: ['authorization_code'],
      authorizeUrl: () => 'https://appcenter.intuit.com/connect/oauth2',
      tokenUrl: () => 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
      revokeUrl: () => 'https://developer.api.intuit.com/v2/oauth2/tokens/revoke',
      revokeBody: 'json',
      scopes: ['com.intuit.quickbooks.accounting'],
      clientAuth: 'basic',
      rotates: true,
      // The token before dies a day after a newer one was issued.
      graceMs: 86_400_000,
      settingsFromCallback: ({ realmId }) => (realmId === undefined ? {} : { realmId }),
    },
  },
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
    expenseAccountId: 'Id of the expense account of bill lines without an account of their own',
    bankAccountId: 'Id of the bank account that bills are paid from',
  },
  classify,
  async test(http) {
    const preferences = readAnswer(preferencesShape, await http.get('/preferences', versioned)).body;
    if (preferences.Preferences.SalesFormsPrefs?.CustomTxnNumbers === false)
      throw refused(
        'custom_numbers_off',
        'QuickBooks numbers invoices itself. Switch on "Custom transaction numbers" under Account and settings, Sales, so that our numbers are kept.',
      );
    return { account: await companyName(http), warnings: [] };
  },
  invoiceTarget: {
    numberMaxLength,
    customers,
    items,
    invoices: {
      find: (http, invoice) => findDocument(http, 'Invoice', wantedInvoice(invoice)),
      create: async (http, invoice, key) =>
        createDocument(http, 'Invoice', toQuickbooksInvoice(invoice, http.settings), key),
    },
    readInvoice: async (http, externalId) =>
      (await readDocument(http, 'Invoice', externalId))?.remote ?? null,
    paymentsSince,
    invoicesSince,
    takes: ['their_number', 'our_tax', 'their_tax', 'account_codes'],
    updateInvoice,
    voidInvoice,
    emailInvoice,
    paymentLinks,
    creditNotes: {
      find: (http, note) => findDocument(http, 'CreditMemo', wantedInvoice(note)),
      create: async (http, note, key) =>
        createDocument(http, 'CreditMemo', toQuickbooksCreditMemo(note, http.settings), key),
    },
    creditApplications,
    vendors,
    bills: {
      find: (http, bill) =>
        findDocument(http, 'Bill', { ...bill, numberThere: false, party: bill.vendor.externalId }),
      create: async (http, bill, key) =>
        createDocument(http, 'Bill', toQuickbooksBill(bill, http.settings), key),
    },
    billPayments,
    dimension: classes,
    declines: {
      refunds:
        'A refund receipt in QuickBooks takes the revenue back as well, and that is done by the credit note. Book the money by hand against receivables.',
      writeOffs:
        'QuickBooks knows no write-off: it is a credit memo with an item of the bad-debt account, which only the firm can choose.',
    },
  },
  timeTarget,
  webhooks: {
    setUp:
      'In the developer portal of Intuit open the app, Webhooks: enter this address, tick Invoice, Payment, Credit memo, Customer and Time activity, and save the verifier token here as webhookSecret. One address serves all companies of the app.',
    verify: signedIn('intuit-signature', 'base64'),
    // Events of one body have an id each, bodies have none; only with a single event are the two the same.
    deliveryId({ rawBody }) {
      const events = parsedBody(rawBody);
      const only: unknown = Array.isArray(events) && events.length === 1 ? events[0] : null;
      const id = (only as { id?: unknown } | null)?.id;
      return typeof id === 'string' && id !== '' ? id.slice(0, 200) : null;
    },
    events: ({ rawBody }) => fromWebhook(parsedBody(rawBody)),
  },
});

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

function realm(http: VendorHttp): string {
  return encodeURIComponent(http.settings.realmId ?? '');
}

function host(settings: ConnectorSettings): string {
  return oneOf(vendor, settings, 'environment', ['production', 'sandbox']) === 'production'
    ? 'https://quickbooks.api.intuit.com'
    : 'https://sandbox-quickbooks.api.intuit.com';
}
