/** Owns how the Xero sandbox reads queries and filters, pages, dates, and refuses. */
import type { z } from 'zod';
import type { VendorAnswer, VendorCall } from '../kit/sandbox.ts';

/** Everything that the vendor refuses, with its words. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, message: string, body: unknown = { Message: message }) {
    super(message);
    this.status = status;
    this.body = body;
  }
  toAnswer(): VendorAnswer {
    return { status: this.status, body: this.body };
  }
}

/** A rule of the books that an element breaks: 400, or 200 with `HasErrors` under `summarizeErrors=false`. */
export class Invalid extends Error {}

export const dotNetDate = (ms: number) => `/Date(${ms}+0000)/`;
export const dotNetDay = (day: string) => dotNetDate(Date.parse(`${day}T00:00:00Z`));

/** The query as a record; a parameter that the route does not know is refused. */
export function queryOf(call: VendorCall, known: readonly string[]): Record<string, string> {
  const query = Object.fromEntries(call.query);
  for (const name of Object.keys(query))
    if (!known.includes(name))
      throw new Refusal(400, `Unknown parameter ${name}; ${known.join(', ')} are known.`);
  return query;
}

/** A page number or size within its bounds. */
export function numberOf(text: string | undefined, otherwise: number, most: number, name: string): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d*$/.test(text) || Number(text) > most)
    throw new Refusal(400, `${name} must be a number between 1 and ${most}.`);
  return Number(text);
}

export interface Page<Row> {
  rows: Row[];
  pagination: { page: number; pageSize: number; pageCount: number; itemCount: number };
}

/** `isEndless`: the page that was asked for is the first one again, and another follows. */
export function pageOf<Row>(
  rows: readonly Row[],
  page: number,
  pageSize: number,
  isEndless: boolean,
): Page<Row> {
  const at = isEndless ? 0 : (page - 1) * pageSize;
  const pageCount = isEndless ? page + 1 : Math.ceil(rows.length / pageSize);
  return {
    rows: rows.slice(at, at + pageSize),
    pagination: { page, pageSize, pageCount, itemCount: rows.length },
  };
}

/** `Code=="A" OR Name=="B"`, `Type=="ACCREC" AND Status=="PAID"`: all of what Xero's filters take that is needed. */
export function matches(where: string | undefined, row: object): boolean {
  if (where === undefined) return true;
  const test = (term: string): boolean => {
    const [, field, value] = /^\s*([A-Za-z]+)\s*==\s*"([^"\\]*)"\s*$/.exec(term) ?? [];
    if (field === undefined) throw new Refusal(400, `Invalid where clause: ${term}`, queryParse(term));
    return (row as Record<string, unknown>)[field] === value;
  };
  return where.split(/\s+OR\s+/).some((each) => each.split(/\s+AND\s+/).every(test));
}

const queryParse = (term: string) => ({
  ErrorNumber: 16,
  Type: 'QueryParseException',
  Message: `Cannot parse ${term}`,
});

/** The body `{<name>: [one element]}` of a write. */
export function elementOf(call: VendorCall, name: string): unknown {
  if (!/^application\/json\b/.test(call.headers['content-type'] ?? ''))
    throw new Refusal(415, 'The body must be sent as application/json.');
  const elements = (jsonOf(call) as Record<string, unknown> | null)?.[name];
  if (!Array.isArray(elements) || elements.length !== 1)
    throw new Refusal(400, `The body must hold one element in ${name}.`);
  return elements[0];
}

export function jsonOf(call: VendorCall): unknown {
  try {
    return JSON.parse(call.text) as unknown;
  } catch {
    throw new Refusal(400, 'The body is not JSON.');
  }
}

export function shaped<Shape>(shape: z.ZodType<Shape>, value: unknown): Shape {
  const read = shape.safeParse(value);
  if (read.success) return read.data;
  const issue = read.error.issues[0]!;
  throw new Invalid(`${issue.path.map(String).join('.') || 'The element'}: ${issue.message}`);
}
