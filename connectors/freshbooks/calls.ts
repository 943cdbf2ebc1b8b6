/** Owns FreshBooks' two halves (accounting by account id, time and projects by business id): lists, answers and refusals. */
import { z } from 'zod';
import type { Classify } from '../kit/define.ts';
import { InvalidRequest } from '../kit/errors.ts';
import { signInLost } from '../kit/failures.ts';
import type { VendorHttp, VendorRequest, VendorResponse } from '../kit/http.ts';
import { numberedPages } from '../kit/pages.ts';
import { readAs } from '../kit/vendor-words.ts';

export const vendor = { id: 'freshbooks', name: 'FreshBooks' };
/** Above it FreshBooks caps without a word (README 2). */
const perPage = 100;

const of = (http: VendorHttp, setting: string) => encodeURIComponent(http.settings[setting] ?? '');
/** Of the books: clients, invoices, payments. */
export const ofAccount = (http: VendorHttp, path: string) =>
  `/accounting/account/${of(http, 'accountId')}${path}`;
export const ofEvents = (http: VendorHttp, path: string) => `/events/account/${of(http, 'accountId')}${path}`;
/** Of the business: time, projects, services, people. Another id, not interchangeable (README 4). */
export const ofBusiness = (http: VendorHttp, part: 'timetracking' | 'projects' | 'comments', path: string) =>
  `/${part}/business/${of(http, 'businessId')}${path}`;
export const ofTeam = (http: VendorHttp) => `/auth/api/v1/businesses/${of(http, 'businessId')}/team_members`;

/** `response.result` of an accounting or events answer. */
export function resultOf<Shape>(shape: z.ZodType<Shape>, response: VendorResponse): Shape {
  return readAs(vendor, z.object({ response: z.object({ result: shape }) }), response.body).response.result;
}

/** Rows of an accounting list: `response.result {<name>, page, pages}`. */
export function accountRows(
  http: VendorHttp,
  path: string,
  name: string,
  query: VendorRequest['query'] = {},
): AsyncGenerator<readonly unknown[]> {
  const shape = z.looseObject({ [name]: z.array(z.unknown()), page: z.number(), pages: z.number() });
  return numberedPages(vendor, {
    async read(page) {
      const response = await http.get(ofAccount(http, path), {
        query: { ...query, page, per_page: perPage },
      });
      const result = resultOf(shape, response);
      return { rows: result[name] as unknown[], more: page < (result.pages as number) };
    },
  });
}

/** Rows of the other lists: `{<name>, meta {page, pages}}`, or `meta {page, per_page, total}` for people. */
export function businessRows(
  http: VendorHttp,
  path: string,
  name: string,
  {
    query,
    onAnswer,
    mayRepeat = false,
  }: {
    query?: VendorRequest['query'];
    onAnswer?: (answer: VendorResponse) => void;
    /** Where rows went meanwhile they all come again: for callers that keep each by its id. */
    mayRepeat?: boolean;
  } = {},
): AsyncGenerator<readonly unknown[]> {
  const meta = z.object({ pages: z.number().optional(), per_page: z.number().optional(), total: z.number() });
  const shape = z.looseObject({ [name]: z.array(z.unknown()), meta });
  return numberedPages(vendor, {
    async read(page) {
      const answer = await http.get(path, { query: { ...query, page, per_page: perPage } });
      const body = readAs(vendor, shape, answer.body);
      onAnswer?.(answer);
      const { pages, per_page: size = perPage, total } = body.meta as z.infer<typeof meta>;
      return {
        rows: body[name] as unknown[],
        more: page < (pages ?? Math.ceil(total / Math.max(size, 1))),
        ...(mayRepeat ? { total } : {}),
      };
    },
  });
}

/** The old form of accounting: a list of errors, sometimes under 200. */
const listed = z.object({
  response: z.object({
    errors: z
      .array(
        z.object({ errno: z.number().nullish(), message: z.string().nullish(), field: z.string().nullish() }),
      )
      .min(1),
  }),
});
/** The new one: the old number is the `reason` of a detail. */
const detailed = z.object({
  message: z.string(),
  details: z.array(z.looseObject({ reason: z.string().nullish() })).min(1),
});

/** No such record, in accounting's words. */
export const notFound = '1012';
const notAuthorized = '1003';

export const classify: Classify = (status, body) => {
  const said = wordsOf(body);
  // Statuses that mean one thing need no words; a 404 is asked for by whoever expects one.
  if (said === null || (status >= 400 && status !== 400 && status !== 422 && status !== 404)) return null;
  const facts = { vendorCode: said.code };
  if (said.code === notAuthorized) return signInLost(vendor, facts);
  return new InvalidRequest(`FreshBooks refused this (${said.code}: ${said.text}).`, facts);
};

function wordsOf(body: unknown): { code: string; text: string } | null {
  const old = listed.safeParse(body).data?.response.errors;
  if (old)
    return {
      code: String(old[0]!.errno ?? 'no code'),
      text: old
        .map(({ field, message }) => [field, message].filter(Boolean).join(': '))
        .join(' – ')
        .slice(0, 400),
    };
  const recent = detailed.safeParse(body).data;
  return recent ? { code: recent.details[0]!.reason ?? 'no code', text: recent.message.slice(0, 400) } : null;
}
