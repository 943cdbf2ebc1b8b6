/** Owns what Xero's answers mean: lists and pages, dates, and the failures that hide in them. */
import { z } from 'zod';
import type { Instant } from '../../domain/work-entry.ts';
import type { Classify } from '../kit/define.ts';
import { AuthorizationLost, InvalidRequest, Throttled } from '../kit/errors.ts';
import { longWaitMs } from '../kit/failures.ts';
import type { VendorHttp, VendorRequest } from '../kit/http.ts';
import { fitting } from '../kit/look-ups.ts';
import { numberedPages } from '../kit/pages.ts';
import { readAs } from '../kit/vendor-words.ts';

export const vendor = { id: 'xero', name: 'Xero' } as const;
/** Of the minute's window. */
export const throttleMs = 60_000;
const concurrentWaitMs = 2_000;
/** 100 is the default of Accounting; more is not documented to be kept to. 500 is the most of Projects. */
export const accountingPageSize = 100;
const projectsPageSize = 500;

/** .NET's `/Date(1552326816230+0000)/`: milliseconds in UTC, whatever the offset says. */
export function instantOfXero(value: unknown): Instant | null {
  const match = typeof value === 'string' ? /^\/Date\((-?\d{1,15})([+-]\d{4})?\)\/$/.exec(value) : null;
  return match ? new Date(Number(match[1])).toISOString() : null;
}

const pagination = z.object({ page: z.number(), pageCount: z.number() });

/** Rows of one Accounting list. Without `page` in the query Xero leaves line items out and sends everything. */
export async function accountingList(
  http: VendorHttp,
  name: string,
  request: VendorRequest = {},
): Promise<{ rows: unknown[]; more: boolean }> {
  const shape = z.object({ [name]: z.array(z.unknown()), pagination: pagination.nullish() });
  const body = readAs(vendor, shape, (await http.get(`/${name}`, request)).body);
  const paged = body.pagination as z.infer<typeof pagination> | null | undefined;
  // `itemCount` is "items returned" in words and a total in examples: never used.
  return { rows: body[name] as unknown[], more: paged ? paged.page < paged.pageCount : false };
}

export function accountingPages(http: VendorHttp, name: string, query: VendorRequest['query'] = {}) {
  return numberedPages(http.connector, {
    read: (page) => accountingList(http, name, { query: { ...query, page, pageSize: accountingPageSize } }),
  });
}

/** Rows of one list of the Projects API, whose order is not documented. */
export function projectsPages(http: VendorHttp, path: string, query: VendorRequest['query'] = {}) {
  return numberedPages(http.connector, {
    async read(page) {
      const response = await http.get(path, {
        host: 'projects',
        query: { ...query, page, pageSize: projectsPageSize },
      });
      const { items, pagination: paged } = readAs(vendor, projectsList, response.body);
      return { rows: items, more: paged.page < paged.pageCount };
    },
  });
}
const projectsList = z.object({ items: z.array(z.unknown()), pagination });

/** A write of one element; its failure may come with HTTP 200, which `classify` sees. */
export async function write(
  http: VendorHttp,
  method: 'put' | 'post',
  path: string,
  name: string,
  element: Record<string, unknown>,
  idempotencyKey: string,
): Promise<unknown> {
  const response = await http[method](path, {
    query: {
      ...(method === 'put' ? { summarizeErrors: false } : {}),
      // Four decimals of a price; two otherwise.
      ...(name === 'Invoices' || name === 'CreditNotes' ? { unitdp: 4 } : {}),
    },
    headers: { 'Idempotency-Key': idempotencyKey.slice(0, mostKeyCharacters) },
    body: { [name]: [element] },
  });
  return readAs(vendor, z.object({ [name]: z.array(z.unknown()).min(1) }), response.body)[name]![0];
}
const mostKeyCharacters = 128;

/** Xero's own word for the limit that was reached. */
const waits: Readonly<Record<string, string>> = {
  day: 'Xero’s calls of this day are used up; they are shared by all that this organisation has connected. It goes on by itself.',
};

export const classify: Classify = (status, body, headers) => {
  if (status === 429) {
    const problem = headers['x-rate-limit-problem']?.toLowerCase() ?? '';
    const wait = headers['retry-after'];
    return new Throttled(
      waits[problem] ?? 'Xero asks us to slow down. It is tried again by itself.',
      problem === 'concurrent' && wait === undefined ? concurrentWaitMs : longWaitMs(wait, throttleMs),
      { vendorCode: problem || 'throttled' },
    );
  }
  if (status === 403)
    return new AuthorizationLost(
      'Xero refuses access: the organisation was disconnected, or the user who connected lacks the product or the role (time needs Xero Projects and a role in it).',
      { vendorCode: 'forbidden' },
    );
  if (status !== 200 && status !== 400) return null;
  const said = wordsOf(body);
  return said === null
    ? null
    : new InvalidRequest(`Xero refused this: ${said}`, { vendorCode: codeOf(said) });
};

const message = z.object({ Message: z.string() });
const element = z.object({
  HasErrors: z.boolean().nullish(),
  HasValidationErrors: z.boolean().nullish(),
  StatusAttributeString: z.string().nullish(),
  ValidationErrors: z.array(message).nullish(),
});
type Element = z.infer<typeof element>;

/** What failed, in Xero's words; null where nothing did. */
function wordsOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const fields = body as Record<string, unknown>;
  const failed = elementsOf(fields).filter(hasFailed);
  const words = failed.flatMap((each) => (each.ValidationErrors ?? []).map(({ Message }) => Message));
  if (words.length > 0) return [...new Set(words)].join(' ').slice(0, 500);
  if (failed.length > 0) return 'without saying why.';
  if (fields.Type === 'ValidationException' || 'modelState' in fields)
    return `${textOf(fields.Message ?? fields.message)} ${JSON.stringify(fields.modelState ?? '')}`.slice(
      0,
      500,
    );
  return null;
}

/** `Elements` of a 400; under 200 the one element that was written. Lists of others are readings. */
function elementsOf(fields: Record<string, unknown>): Element[] {
  const lists = Object.entries(fields).flatMap(([name, value]) =>
    Array.isArray(value) && (name === 'Elements' || value.length === 1) ? [value as unknown[]] : [],
  );
  return fitting(element, lists.flat());
}

function hasFailed(each: Element): boolean {
  if (each.HasErrors || each.HasValidationErrors || each.StatusAttributeString === 'ERROR') return true;
  return each.StatusAttributeString !== 'OK' && (each.ValidationErrors?.length ?? 0) > 0;
}

export const nameTaken = 'name_taken';

/** A stable word of ours for what a person can act on. */
function codeOf(words: string): string {
  if (/must be unique/i.test(words) && /(invoice|credit note) #?/i.test(words)) return 'number_taken';
  if (/already assigned to another contact|already exists/i.test(words)) return nameTaken;
  return 'validation';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : 'without saying why';
}
