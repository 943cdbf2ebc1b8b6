/** Owns how the Zoho Books sandbox pages, names things, reads bodies, and refuses. */
import type { z } from 'zod';
import type { VendorAnswer, VendorCall } from '../kit/sandbox.ts';

const mostPerPage = 200;

/** `{code, message}` with a code above 0. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
  toAnswer(): VendorAnswer {
    return { status: this.status, body: { code: this.code, message: this.message } };
  }
}

export const success = (status: number, fields: Record<string, unknown>): VendorAnswer => ({
  status,
  body: { code: 0, message: 'success', ...fields },
});

/** One page, without a word of how many there are; `isEndless`: the first one again, and another follows. */
export function listed(
  call: VendorCall,
  name: string,
  rows: readonly unknown[],
  most: number | undefined,
  isEndless = false,
): VendorAnswer {
  const read = (parameter: string, otherwise: number, largest: number) => {
    const text = call.query.get(parameter);
    if (text === null) return otherwise;
    if (!/^[1-9]\d*$/.test(text) || Number(text) > largest)
      throw new Refusal(400, 2, `Invalid value passed for ${parameter}.`);
    return Number(text);
  };
  const page = read('page', 1, 1_000_000);
  const perPage = Math.min(read('per_page', mostPerPage, mostPerPage), most ?? mostPerPage);
  const at = isEndless ? 0 : (page - 1) * perPage;
  const hasMore = isEndless || at + perPage < rows.length;
  return success(200, {
    [name]: rows.slice(at, at + perPage),
    page_context: { page, per_page: perPage, has_more_page: hasMore, sort_order: 'D' },
  });
}

let last = 4_600_000_000_000_044_000n;
/** 19 digits: more than a double holds. */
export function newId(): string {
  last += 7n;
  return String(last);
}

/** An id as some answers carry it: a bare number that a double would round. */
export const bare = (id: string): unknown => JSON.rawJSON(id);

/** `2026-03-20T13:00:00+0100`: no colon in the offset. */
export function zohoTime(at: Date): string {
  return `${at.toISOString().slice(0, 19)}+0000`;
}

export function bodyOf<Shape>(call: VendorCall, shape: z.ZodType<Shape>): Shape {
  let body: unknown;
  try {
    body = JSON.parse(call.text);
  } catch {
    throw new Refusal(400, 4, 'Invalid value passed for JSONString');
  }
  const read = shape.safeParse(body);
  if (read.success) return read.data;
  const issue = read.error.issues[0]!;
  throw new Refusal(400, 15, `${issue.path.map(String).join('.') || 'The body'}: ${issue.message}`);
}
