/** Owns the Zoho Books connector: time sheets, and invoices that are made of their entries. Traps: README.md. */
import { z } from 'zod';
import { defineConnector, type WebhookEvent, type WebhookRequest } from '../kit/define.ts';
import { idText } from '../kit/fields.ts';
import { refused } from '../kit/vendor-words.ts';
import { hmacMatches, parsedBody, tokenMatches } from '../kit/webhook.ts';
import { accountsHost, apiHost, classify, settingsOf, throttleMs, vendor } from './answers.ts';
import { invoiceTarget } from './target.ts';
import { listOrganisations, lookUps, readEntry, readOrganisation, window, zoneOf } from './time.ts';

export const zohoBooks = defineConnector({
  ...vendor,
  auth: {
    type: 'header',
    header: 'Authorization',
    // Not `Bearer`.
    prefix: 'Zoho-oauthtoken ',
    oauth: {
      grants: ['authorization_code'],
      authorizeUrl: (settings) => `${accountsHost(settings)}/oauth/v2/auth`,
      tokenUrl: (settings) => `${accountsHost(settings)}/oauth/v2/token`,
      revokeUrl: (settings) => `${accountsHost(settings)}/oauth/v2/token/revoke`,
      revokeBody: 'query',
      scopes: [
        'ZohoBooks.projects.READ',
        'ZohoBooks.contacts.READ',
        'ZohoBooks.contacts.CREATE',
        'ZohoBooks.invoices.CREATE',
        'ZohoBooks.invoices.READ',
        'ZohoBooks.invoices.UPDATE',
        'ZohoBooks.settings.READ',
        'ZohoBooks.settings.CREATE',
      ],
      scopeSeparator: ',',
      // Without these two there is no refresh token.
      authorizeParams: { access_type: 'offline', prompt: 'consent' },
      clientAuth: 'body',
      rotates: false,
      settingsFromCallback: ({ location }) => settingsOf({ location }),
      settingsFromToken: settingsOf,
    },
  },
  baseUrl: (settings) => `${apiHost(settings)}/books/v3`,
  rateLimit: { requests: 100, perSeconds: 60 },
  quotaOf(headers) {
    const [left, seconds] = [headers['x-rate-limit-remaining'], headers['x-rate-limit-reset']];
    if (!/^\d+$/.test(left ?? '') || !/^\d+$/.test(seconds ?? '')) return null;
    return { left: Number(left), resetMs: Number(seconds) * 1_000 };
  },
  timeoutMs: 60_000,
  throttleMs,
  requestIdHeader: 'x-request-id',
  settings: { organizationId: 'Id of the organisation in Zoho Books; chosen after the sign-in' },
  optionalSettings: {
    dataCentre: 'Where the account is kept: us (default), eu, in, au, jp, sa, ca or cn; the sign-in tells it',
    zone: 'IANA zone of the organisation, where Zoho names it by an abbreviation; for clock times only',
    incomeAccountId: 'Id of the income account of items that are made here',
    taxId: 'Zoho’s tax id for taxed lines without one of their own',
    paymentGateway:
      'Payment gateway by which clients pay invoices online, e.g. stripe or paypal; it must be set up in Zoho Books',
    keyField:
      'API name of a custom field of invoices that allows no duplicates, e.g. cf_slipway_id: Zoho itself then refuses a second one',
  },
  classify,
  async test(http) {
    const organisation = await readOrganisation(http);
    const warnings = [
      'Zoho Books shows no approvals to other programs: the ownership card decides what counts as approved.',
      ...(http.settings.keyField
        ? []
        : ['Without the setting keyField only the number guards against a second invoice.']),
      ...(zoneOf(http, organisation) === null
        ? ['The zone of this organisation is not known by its name; set zone to read clock times.']
        : []),
    ];
    return { account: organisation.name, warnings };
  },
  async accounts(http) {
    return (await listOrganisations(http)).map(({ organization_id: id, name }) => ({
      externalId: id,
      name,
      settings: { organizationId: id },
    }));
  },
  timeSource: {
    // No feed of changes, no time of a change, no word of deletions: the window is all there is.
    rescan: { days: 60, everyMinutes: 60 },
    tellsDeletions: false,
    tellsApproval: false,
    window,
    readEntry,
  },
  lookUps,
  invoiceTarget,
  webhooks: {
    verify: (request, secret) =>
      isSigned(request, secret) || tokenMatches(request.headers['x-slipway-token'], secret),
    // None is documented; the body's own hash is used.
    deliveryId: () => null,
    events: toEvents,
    setUp:
      'In Zoho Books, under Settings, Automation, Workflow Rules, add rules for invoices and for customer payments with a webhook that POSTs their JSON to the address. Switch on "secure this webhook" with the secret that is saved here as webhookSecret, or send that secret as the header X-Slipway-Token.',
  },
});

/**
 * As written for the sister product Zoho Billing: parameters sorted by name, name and value without separators, then the
 * raw body; in hex (unconfirmed, as is that Books does the same).
 */
function isSigned({ query, rawBody, headers }: WebhookRequest, secret: string): boolean {
  const parameters = Object.entries(query).sort(([one], [other]) => (one < other ? -1 : 1));
  const signed = Buffer.concat([Buffer.from(parameters.flat().join('')), rawBody]);
  const signature = headers['x-zoho-webhook-signature'];
  return hmacMatches({ rawBody: signed, signature, secret, algorithm: 'sha256', encoding: 'hex' });
}

const invoice = z.object({ invoice_id: idText, last_modified_time: z.string().nullish() });
const payment = z.object({ payment_id: idText });
const organisation = z.object({ organization_id: idText.nullish() });
/** The record alone, or under its name: what is sent is the choice of whoever set the webhook up. */
const bodies = [
  z.object({ invoice }).transform((body) => ['invoice', body.invoice.invoice_id] as const),
  z
    .object({ customer_payment: payment })
    .transform((body) => ['payment', body.customer_payment.payment_id] as const),
  z.object({ payment }).transform((body) => ['payment', body.payment.payment_id] as const),
  invoice.transform((body) => ['invoice', body.invoice_id] as const),
  payment.transform((body) => ['payment', body.payment_id] as const),
];

function toEvents({ rawBody }: WebhookRequest): WebhookEvent[] {
  const body = parsedBody(rawBody);
  const account = organisation.safeParse(body).data?.organization_id ?? null;
  for (const shape of bodies) {
    const read = shape.safeParse(body);
    if (!read.success) continue;
    const [entity, externalId] = read.data;
    return [{ account, entity, externalId, change: 'updated', occurredAt: null }];
  }
  throw refused(
    vendor,
    'webhook_unknown',
    'Zoho Books announced a change in a form that names neither an invoice nor a payment. Let the webhook send all fields as JSON.',
  );
}
