/** Owns Zoho Books' calls: the data centre they go to, the organisation on each, pages, and what a non-zero code means. */
import { z } from 'zod';
import type { Classify, ConnectorSettings } from '../kit/define.ts';
import { AuthorizationLost, InvalidRequest, Throttled } from '../kit/errors.ts';
import { idText } from '../kit/fields.ts';
import type { VendorHttp, VendorRequest } from '../kit/http.ts';
import { numberedPages } from '../kit/pages.ts';
import { retryAfterMs } from '../kit/retry-after.ts';
import { oneOf, readAs } from '../kit/vendor-words.ts';

export const vendor = { id: 'zoho-books', name: 'Zoho Books' } as const;
/** Of the minute's 100 calls. */
export const throttleMs = 60_000;
const concurrentWaitMs = 5_000;
const pageSize = 200;

/** Sign-in and API of each data centre; those of China are unconfirmed. */
const dataCentres = {
  us: ['accounts.zoho.com', 'www.zohoapis.com'],
  eu: ['accounts.zoho.eu', 'www.zohoapis.eu'],
  in: ['accounts.zoho.in', 'www.zohoapis.in'],
  au: ['accounts.zoho.com.au', 'www.zohoapis.com.au'],
  jp: ['accounts.zoho.jp', 'www.zohoapis.jp'],
  sa: ['accounts.zoho.sa', 'www.zohoapis.sa'],
  ca: ['accounts.zohocloud.ca', 'www.zohoapis.ca'],
  cn: ['accounts.zoho.com.cn', 'www.zohoapis.com.cn'],
} as const;
type DataCentre = keyof typeof dataCentres;
const names = Object.keys(dataCentres) as [DataCentre, ...DataCentre[]];

const dataCentreOf = (settings: ConnectorSettings) =>
  dataCentres[oneOf(vendor, settings, 'dataCentre', names)];
export const accountsHost = (settings: ConnectorSettings) => `https://${dataCentreOf(settings)[0]}`;
export const apiHost = (settings: ConnectorSettings) => `https://${dataCentreOf(settings)[1]}`;

/** The redirect brings `location`, a token answer `api_domain`: a token of one data centre is nothing on another. */
export function settingsOf(told: { location?: unknown; api_domain?: unknown }): ConnectorSettings {
  const found = names.find(
    (name) => name === told.location || told.api_domain === `https://${dataCentres[name][1]}`,
  );
  return found === undefined ? {} : { dataCentre: found };
}

const envelope = { code: z.literal(0), message: z.string().nullish() };

/** One answer under the organisation, which every call names. Null is an allowed 404. */
export async function ask<Fields extends z.ZodRawShape>(
  http: VendorHttp,
  method: 'get' | 'post' | 'put',
  path: string,
  fields: Fields,
  request: VendorRequest = {},
) {
  const query = { organization_id: http.settings.organizationId, ...request.query };
  const response = await http[method](path, { ...request, query });
  return response === null ? null : readAs(vendor, z.object({ ...envelope, ...fields }), response.body);
}

/** Makes a record; answers its id. */
export async function make(
  http: VendorHttp,
  path: string,
  name: 'contact' | 'item',
  body: Record<string, unknown>,
): Promise<string> {
  const fields = { [name]: z.object({ [`${name}_id`]: idText }) };
  return (await ask(http, 'post', path, fields, { body }))![name]![`${name}_id`]!;
}

const context = z.object({ has_more_page: z.boolean() });
/** Typed as a list in the specification, and an object in answers. */
const pageContext = z.union([context, z.tuple([context]).transform(([only]) => only)]);

/** Rows of one list. A parameter that Zoho does not know is passed over and everything comes: callers check what they asked for. */
export function listPages(http: VendorHttp, path: string, name: string, query: VendorRequest['query'] = {}) {
  return numberedPages(http.connector, {
    async read(page) {
      const fields = { [name]: z.array(z.unknown()), page_context: pageContext };
      const answer = await ask(http, 'get', path, fields, { query: { ...query, page, per_page: pageSize } });
      const { [name]: rows, page_context: paged } = answer as Record<string, unknown>;
      return { rows: rows as unknown[], more: (paged as z.infer<typeof context>).has_more_page };
    },
  });
}

const refusal = z.object({ code: z.number(), message: z.string().nullish() });

/** `code` 0 is success, under whatever status; 44, 45 and 1070 are the limits of a minute, a day, and of calls at once. */
export const classify: Classify = (status, body, headers) => {
  const read = refusal.safeParse(body);
  const { code, message } = read.success ? read.data : { code: 0, message: '' };
  const facts = { vendorCode: String(code) };
  if (status === 429 || [44, 45, 1070].includes(code))
    return new Throttled(
      code === 45
        ? 'Zoho Books: the calls of this day are used up; everything that this organisation has connected shares them. It goes on by itself.'
        : 'Zoho Books asks us to slow down. It is tried again by itself.',
      code === 1070 ? concurrentWaitMs : waitOf(code, headers),
      facts,
    );
  if (status === 401)
    return new AuthorizationLost(
      'Zoho Books no longer accepts the saved sign-in, or it belongs to another data centre. Connect Zoho Books again.',
      facts,
    );
  // Other statuses speak for themselves.
  if (code === 0 || (status !== 200 && status !== 201 && status !== 400)) return null;
  return new InvalidRequest(`Zoho Books refused this (${code}): ${message ?? ''}`, {
    vendorCode: /already (exists|been taken|created)/i.test(message ?? '') ? 'number_taken' : String(code),
  });
};

/** A day's limit says in `X-Rate-Limit-Reset` how many seconds are left of it. */
function waitOf(code: number, headers: Readonly<Record<string, string>>): number {
  const reset = headers['x-rate-limit-reset'] ?? '';
  const dayMs = code === 45 && /^\d{1,5}$/.test(reset) ? Number(reset) * 1_000 : 0;
  return Math.max(retryAfterMs(headers['retry-after'], throttleMs), dayMs);
}
