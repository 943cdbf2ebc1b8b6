/** Owns the Xero connector: time of Xero Projects, and a target of invoices, credit notes and bills. Traps: README.md. */
import { z } from 'zod';
import { defineConnector, type WebhookEvent, type WebhookRequest } from '../kit/define.ts';
import { AuthorizationLost } from '../kit/errors.ts';
import { toInstantOfUtc } from '../kit/instant.ts';
import { readAs, refused } from '../kit/vendor-words.ts';
import { parsedBody, signedIn, unknownDelivery } from '../kit/webhook.ts';
import { classify, throttleMs, vendor } from './answers.ts';
import { invoiceTarget } from './target.ts';
import { lookUps, readEntries, readEntry, readOrganisation, readsTime, window, zoneOf } from './time.ts';

const graceMs = 30 * 60_000;
const minuteMs = 60_000;

/** The key is the text that the portal shows: it looks like base64 and is not decoded. */
const verify = signedIn('x-xero-signature', 'base64');

export const xero = defineConnector({
  ...vendor,
  auth: {
    type: 'bearer',
    // Not known yet while the organisation is being chosen.
    extraHeaders: ({ tenantId }) => (tenantId ? { 'Xero-Tenant-Id': tenantId } : {}),
    oauth: {
      grants: ['authorization_code', 'client_credentials'],
      authorizeUrl: () => 'https://login.xero.com/identity/connect/authorize',
      tokenUrl: () => 'https://identity.xero.com/connect/token',
      revokeUrl: () => 'https://identity.xero.com/connect/revocation',
      // Granular ones: apps made since 2026-03-02 get no others.
      scopes: [
        'offline_access',
        'projects.read',
        'accounting.invoices',
        'accounting.payments',
        'accounting.contacts',
        'accounting.settings',
      ],
      clientAuth: 'basic',
      rotates: true,
      graceMs,
    },
  },
  baseUrl: () => 'https://api.xero.com/api.xro/2.0',
  hosts: {
    projects: () => 'https://api.xero.com/projects.xro/2.0',
    identity: () => 'https://api.xero.com',
  },
  rateLimit: { requests: 60, perSeconds: 60 },
  quotaOf(headers) {
    const left = headers['x-minlimit-remaining'];
    return left !== undefined && /^\d+$/.test(left) ? { left: Number(left), resetMs: minuteMs } : null;
  },
  timeoutMs: 60_000,
  throttleMs,
  requestIdHeader: 'xero-correlation-id',
  settings: { tenantId: 'Id of the organisation in Xero; chosen after the sign-in' },
  optionalSettings: {
    time: '"projects" (default) reads the time of Xero Projects; "none" where Xero is only to be invoiced into',
    closedProjects: '"read" (default) reads the time of closed projects too; "skip" saves a call for each',
    zone: 'IANA zone by which Xero’s times become days; the organisation’s own by default',
    accountCode:
      'Code of the revenue account of lines, and of items that are made here; else that of the item',
    expenseAccountCode: 'Code of the account of contractors’ bills',
    bankAccountCode: 'Code of the account that bills and refunds are paid from',
    taxType: 'Xero’s tax type for taxed lines without one of their own, e.g. OUTPUT2',
    trackingCategory: 'Name of the tracking category that takes project codes or cost centres',
    hubUrl: 'Address at which people open this hub; documents link back to it. Bills need it',
  },
  classify,
  async test(http) {
    const { Name, IsDemoCompany } = await readOrganisation(http);
    const warnings = IsDemoCompany ? ['This is a demo company: Xero resets it from time to time.'] : [];
    if (!readsTime(http)) return { account: Name, warnings };
    await zoneOf(http);
    try {
      await http.get('/Projects', { host: 'projects', query: { pageSize: 1 } });
    } catch (problem) {
      if (!(problem instanceof AuthorizationLost)) throw problem;
      throw refused(
        vendor,
        'projects_missing',
        'This organisation has no Xero Projects, or the user who connected has no role in it. Give them one, or set time to "none".',
      );
    }
    return {
      account: Name,
      warnings: [
        ...warnings,
        'Xero cannot be told which time is billed here. Do not invoice the same projects in Xero Projects too.',
      ],
    };
  },
  async accounts(http) {
    const tenants = readAs(
      vendor,
      z.array(tenant),
      (await http.get('/Connections', { host: 'identity' })).body,
    );
    return tenants
      .filter(({ tenantType }) => tenantType === 'ORGANISATION')
      .map(({ tenantId, tenantName }) => ({
        externalId: tenantId,
        name: tenantName ?? tenantId,
        settings: { tenantId },
      }));
  },
  timeSource: {
    // No feed of changes, no time of a change, no word of deletions: the window is all there is.
    rescan: { days: 60, everyMinutes: 60 },
    tellsDeletions: false,
    tellsApproval: false,
    window,
    readEntry,
    readEntries,
  },
  lookUps,
  invoiceTarget,
  webhooks: {
    verify,
    // Bodies have no id; their random `entropy` makes each another.
    deliveryId: () => null,
    events: (request) => readDelivery(request).events.map(toEvent),
    // "Intent to receive": some are signed wrongly on purpose, and want a 401.
    handshake(request, secret) {
      const delivery = deliveryShape.safeParse(parsedBody(request.rawBody));
      if (!delivery.success || delivery.data.events.length > 0) return null;
      return { answer: { status: verify(request, secret) ? 200 : 401 } };
    },
    acknowledges: 200,
    setUp:
      'In Xero’s developer portal, under Webhooks of your app, choose Invoices and Credit notes and enter the address (HTTPS on port 443). Save the webhook key here as webhookSecret first, then press "Send intent to receive".',
  },
});

const tenant = z.object({ tenantId: z.string(), tenantName: z.string().nullish(), tenantType: z.string() });

const deliveryShape = z.object({
  events: z.array(
    z.object({
      resourceId: z.string(),
      eventDateUtc: z.string(),
      eventType: z.string(),
      eventCategory: z.string(),
      tenantId: z.string(),
    }),
  ),
  firstEventSequence: z.number(),
  lastEventSequence: z.number(),
});
type Delivery = z.infer<typeof deliveryShape>;

function readDelivery(request: WebhookRequest): Delivery {
  const read = deliveryShape.safeParse(parsedBody(request.rawBody));
  if (read.success) return read.data;
  throw unknownDelivery(vendor);
}

/** Bills are announced as invoices too: what it is shows when it is read. */
function toEvent(event: Delivery['events'][number]): WebhookEvent {
  return {
    account: event.tenantId,
    entity: event.eventCategory.toLowerCase(),
    externalId: event.resourceId,
    change: event.eventType === 'CREATE' ? 'created' : 'updated',
    occurredAt: toInstantOfUtc(event.eventDateUtc),
  };
}
