/** Owns how the stand-in of Harvest lists things: filters, pages by number and by cursor, and its refusals. */
import { z } from 'zod';
import type { VendorCall } from '../kit/sandbox.ts';

/** "Overview: Pagination": per_page is 1 to 2000, default 2000, above → 422. */
export const VENDOR_PAGE_SIZE_MAX = 2_000;

/** A refusal in one of Harvest's documented statuses. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, message: string, body: unknown = { code: status, message }) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

export const CREDENTIAL_PARAMETERS = ['access_token', 'account_id'];
export const PAGING_PARAMETERS = ['page', 'cursor', 'per_page', 'ref'];

export type Filter<Row> = (value: string, name: string) => (row: Row) => boolean;
export type Filters<Row> = Record<string, Filter<Row>>;

export function byId<Row>(idOf: (row: Row) => number): Filter<Row> {
  return (value, name) => {
    if (!/^\d+$/.test(value)) throw new Refusal(422, `${name}: "${value}" is not an id.`);
    return (row) => String(idOf(row)) === value;
  };
}

export function byFlag<Row>(flagOf: (row: Row) => boolean): Filter<Row> {
  return (value, name) => {
    if (value !== 'true' && value !== 'false')
      throw new Refusal(422, `${name}: "${value}" is neither true nor false.`);
    return (row) => String(flagOf(row)) === value;
  };
}

export function byDay<Row>(holds: (row: Row, day: string) => boolean): Filter<Row> {
  return (value, name) => {
    if (!isDay(value)) throw new Refusal(422, `${name}: "${value}" is not a day (YYYY-MM-DD).`);
    return (row) => holds(row, value);
  };
}

/** ISO 8601 with a zone: an instant without one has no meaning across zones. A raw `+` arrives as a space and fails. */
export const updatedSince: Filter<{ updated_at: string }> = (value, name) => {
  const isInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/.test(value);
  const sinceMs = Date.parse(value);
  if (!isInstant || Number.isNaN(sinceMs))
    throw new Refusal(422, `${name}: "${value}" is not an ISO 8601 date-time with a zone.`);
  return (row) => Date.parse(row.updated_at) >= sinceMs;
};

export function refuseUnknownParameters(call: VendorCall, names: readonly string[]): void {
  const allowed = [...names, ...CREDENTIAL_PARAMETERS];
  for (const name of new Set(call.query.keys())) {
    if (!allowed.includes(name))
      throw new Refusal(
        422,
        `${name}: unknown parameter of ${call.path}; it takes ${names.join(', ') || 'none'}.`,
      );
    if (call.query.getAll(name).length > 1) throw new Refusal(422, `${name}: given more than once.`);
  }
}

export function readListQuery<Row>(call: VendorCall, rows: Row[], filters: Filters<Row>) {
  refuseUnknownParameters(call, [...Object.keys(filters), ...PAGING_PARAMETERS]);
  const perPage = readCount(call, 'per_page') ?? VENDOR_PAGE_SIZE_MAX;
  if (perPage > VENDOR_PAGE_SIZE_MAX)
    throw new Refusal(422, `per_page: ${perPage} is above ${VENDOR_PAGE_SIZE_MAX}.`);
  const page = readCount(call, 'page');
  const cursor = call.query.get('cursor');
  if (page !== null && cursor !== null) throw new Refusal(422, 'page and cursor exclude each other.');
  const tests = Object.entries(filters).flatMap(([name, filter]) => {
    const value = call.query.get(name);
    return value === null ? [] : [filter(value, name)];
  });
  return { selected: rows.filter((row) => tests.every((test) => test(row))), perPage, page, cursor };
}

function readCount(call: VendorCall, name: string): number | null {
  const value = call.query.get(name);
  if (value === null) return null;
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new Refusal(422, `${name}: "${value}" is not a number from 1.`);
  return Number(value);
}

/** An absolute link to another page of the same list: same filters and page size, other position. */
export function toLink(
  baseUrl: string,
  call: VendorCall,
  perPage: number,
  changes: Record<string, string>,
): string {
  const link = new URL(call.path, baseUrl);
  for (const [name, value] of call.query) {
    if (![...PAGING_PARAMETERS, ...CREDENTIAL_PARAMETERS].includes(name)) link.searchParams.set(name, value);
  }
  link.searchParams.set('per_page', String(perPage));
  for (const [name, value] of Object.entries(changes)) link.searchParams.set(name, value);
  return link.href;
}

const cursorShape = z.strictObject({ id: z.number(), day: z.string(), turn: z.number() });

export function toCursor(id: number, day: string, turn: number): string {
  return Buffer.from(JSON.stringify({ id, day, turn })).toString('base64url');
}

export function fromCursor(cursor: string): { id: number; day: string } {
  try {
    return cursorShape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch {
    throw new Refusal(422, `cursor: "${cursor}" was not issued by this API.`);
  }
}

export const createdAt = (row: { created_at: string }) => row.created_at;

/** By the day or instant that `dayOf` gives, then by id: the order of every list, which a caller cannot choose. */
export function newestFirst<Row extends { id: number }>(
  rows: Iterable<Row>,
  dayOf: (row: Row) => string,
): Row[] {
  return [...rows].sort((a, b) => compareText(dayOf(b), dayOf(a)) || b.id - a.id);
}

export function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const instant = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(text);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Harvest writes instants to the second, in UTC. */
export function toInstant(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
