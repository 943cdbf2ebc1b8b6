/** Owns QuickBooks' query call and the check of its answers' envelopes. */
import { z } from 'zod';
import { Unavailable } from '../kit/errors.ts';
import type { VendorHttp, VendorResponse } from '../kit/http.ts';
import { toInstant } from '../kit/instant.ts';

/** Most rows of one query or CDC answer; always stated, for the default is 100. */
export const mostRows = 1000;
export const minorVersion = 75;

/** Rows of one page of `select * from <entity> where <condition>`; `position` counts from 1. */
export async function ask(
  http: VendorHttp,
  entity: 'Customer' | 'Item' | 'Invoice' | 'Payment',
  condition: string,
  position = 1,
): Promise<{ rows: unknown[]; answeredAt: string }> {
  const query = `select * from ${entity} where ${condition} STARTPOSITION ${position} MAXRESULTS ${mostRows}`;
  const response = await http.get('/query', { query: { query, minorversion: minorVersion } });
  const { body, answeredAt } = readAnswer(queryShape, response);
  // No rows: the entity's key is absent. An envelope without QueryResponse was no answer and has thrown above.
  const rows = body.QueryResponse[entity] ?? [];
  if (!Array.isArray(rows)) throw unexpected(`QueryResponse_${entity}`, response);
  return { rows, answeredAt };
}

const queryShape = z.object({ QueryResponse: z.record(z.string(), z.unknown()), time: z.string().nullish() });

/** The body in the form asked for, and when QuickBooks says that it answered. Throws Unavailable on another form. */
export function readAnswer<Shape extends { time?: string | null | undefined }>(
  shape: z.ZodType<Shape>,
  response: VendorResponse,
): { body: Shape; answeredAt: string } {
  const read = shape.safeParse(response.body);
  if (!read.success) throw unexpected(read.error.issues[0]?.path.map(String).join('_') || 'answer', response);
  const answeredAt = toInstant(read.data.time ?? '') ?? headerTime(response);
  return { body: read.data, answeredAt };
}

/** Our own clock last: a vendor that names no time at all still answered now. */
function headerTime(response: VendorResponse): string {
  const at = Date.parse(response.headers.date ?? '');
  return new Date(Number.isNaN(at) ? Date.now() : at).toISOString();
}

export function unexpected(what: string, response: VendorResponse): Unavailable {
  return new Unavailable('QuickBooks sent an answer in a form we do not know. It is tried again by itself.', {
    connector: 'quickbooks',
    status: response.status,
    vendorCode: `unexpected_${what}`,
    requestId: response.headers.intuit_tid,
  });
}
