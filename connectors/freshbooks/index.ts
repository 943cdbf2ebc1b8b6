/** Owns the FreshBooks connector: time in both directions, invoices with payments read back, webhooks. Traps: README.md. */
import { z } from 'zod';
import { defineConnector, type VendorAccount } from '../kit/define.ts';
import { idText } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { readAs, refused, zoneSetting } from '../kit/vendor-words.ts';
import { classify, vendor } from './calls.ts';
import {
  customers,
  emailInvoice,
  invoices,
  items,
  numberMaxLength,
  paymentLinks,
  readInvoice,
  updateInvoice,
  voidInvoice,
} from './invoices.ts';
import { lookUps } from './names.ts';
import { paymentsSince } from './payments.ts';
import { billedMarks, timeSource, timeTarget } from './time.ts';
import { webhooks } from './webhooks.ts';

const noCredits =
  'FreshBooks keeps credits as money on the account of a client, without tax. Book it by hand.';
const noBills = "FreshBooks' bills are a beta whose lines need an expense category. Book it by hand.";

export const freshbooks = defineConnector({
  ...vendor,
  auth: {
    type: 'bearer',
    extraHeaders: () => ({ 'Api-Version': 'alpha' }),
    oauth: {
      grants: ['authorization_code'],
      authorizeUrl: () => 'https://auth.freshbooks.com/oauth/authorize/',
      tokenUrl: () => 'https://api.freshbooks.com/auth/oauth/token',
      revokeUrl: () => 'https://api.freshbooks.com/auth/oauth/revoke',
      scopes: [
        'user:profile:read',
        'user:teams:read',
        'user:time_entries:read',
        'user:time_entries:write',
        'user:projects:read',
        'user:billable_items:read',
        'user:billable_items:write',
        'user:clients:read',
        'user:clients:write',
        'user:taxes:read',
        'user:invoices:read',
        'user:invoices:write',
        'user:payments:read',
      ],
      clientAuth: 'body',
      tokenBody: 'json',
      refreshWithRedirect: true,
      rotates: true,
      defaultLifeMs: 12 * 3_600_000,
    },
  },
  baseUrl: () => 'https://api.freshbooks.com',
  // No figures are published. By the second, so that a reader in the middle of its pages never waits for long.
  rateLimit: { requests: 2, perSeconds: 1 },
  timeoutMs: 30_000,
  throttleMs: 30_000,
  requestIdHeader: 'x-request-id',
  settings: {
    accountId: 'Account id of the business, letters and digits, e.g. ZyQ04o: its books go by it',
    businessId: 'Business id, a number: its time and projects go by it',
  },
  optionalSettings: {
    timeZone: 'Zone of the business, for time that does not say its own, e.g. America/Toronto',
    template:
      'Style of invoices: "firm" (default) as FreshBooks has it from the last one, "none", or "simple", "modern", "classic"',
  },
  classify,
  async test(http) {
    const { accountId, businessId } = http.settings;
    zoneSetting(vendor, http.settings, 'timeZone');
    const found = (await memberships(http)).find(
      ({ business }) => business.account_id === accountId || business.id === businessId,
    );
    // Either id alone finds nothing or somebody else's records, without an error.
    if (found?.business.id !== businessId || found?.business.account_id !== accountId)
      throw refused(
        vendor,
        'settings_invalid',
        'The account id and the business id are not those of one business that this sign-in reaches. Choose the business again.',
      );
    const isOwner = /owner|admin|partner/i.test(found?.role ?? '');
    return {
      account: found?.business.name ?? '',
      warnings: isOwner
        ? []
        : [
            'The connected person is neither owner nor administrator in FreshBooks: only the time this person may see arrives, and FreshBooks does not say that the rest is missing.',
          ],
    };
  },
  async accounts(http): Promise<VendorAccount[]> {
    return (await memberships(http)).flatMap(({ business: { id, account_id: accountId, name } }) =>
      accountId ? [{ externalId: id, name, settings: { accountId, businessId: id } }] : [],
    );
  },
  timeSource,
  timeTarget,
  billedMarks,
  lookUps,
  invoiceTarget: {
    numberMaxLength,
    takes: ['their_number', 'drafts'],
    customers,
    items,
    invoices,
    readInvoice,
    paymentsSince,
    updateInvoice,
    voidInvoice,
    emailInvoice,
    paymentLinks,
    declines: {
      creditNotes: noCredits,
      creditApplications: noCredits,
      refunds: 'FreshBooks refunds at its payment gateway only. Book the money by hand.',
      writeOffs:
        'FreshBooks knows no write-off: it is a payment of type "Other" there, which would count as money.',
      vendors: noBills,
      bills: noBills,
      billPayments: noBills,
    },
  },
  webhooks,
});

const meShape = z.object({
  response: z.object({
    business_memberships: z.array(
      z.object({
        role: z.string().nullish(),
        business: z.object({ id: idText, account_id: z.string().nullish(), name: z.string() }),
      }),
    ),
  }),
});

async function memberships(http: VendorHttp) {
  const { body } = await http.get('/auth/api/v1/users/me');
  return readAs(vendor, meShape, body).response.business_memberships;
}
