/** Owns QuickBooks' query call, the parameters of its writes, and the check of its answers' envelopes. */
import { z } from 'zod';
import { InvalidRequest, Unavailable } from '../kit/errors.ts';
import type { VendorHttp, VendorResponse } from '../kit/http.ts';
import { toInstant } from '../kit/instant.ts';

/** Most rows of one query or CDC answer; always stated, for the default is 100. */
export const mostRows = 1000;
export const minorVersion = 75;

export type QueriedEntity =
  | 'Customer'
  | 'Vendor'
  | 'Employee'
  | 'Item'
  | 'Class'
  | 'Invoice'
  | 'CreditMemo'
  | 'Payment'
  | 'Bill'
  | 'BillPayment'
  | 'TimeActivity';

/** Rows of one page of `select * from <entity> where <condition>`; `position` counts from 1. */
export async function ask(
  http: VendorHttp,
  entity: QueriedEntity,
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

const mostPages = 20;
/** All rows of a condition that fits a day or a name. Throws InvalidRequest beyond 20,000 rows. */
export async function askAll(http: VendorHttp, entity: QueriedEntity, condition: string): Promise<unknown[]> {
  const all: unknown[] = [];
  for (let page = 0; page < mostPages; page += 1) {
    const { rows } = await ask(http, entity, `${condition} ORDERBY Id ASC`, all.length + 1);
    all.push(...rows);
    if (rows.length < mostRows) return all;
  }
  throw refused('too_many', `QuickBooks has more than ${mostPages * mostRows} records of ${entity} there.`);
}

export const versioned = { query: { minorversion: minorVersion } };
export const time = z.string().nullish();
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

/** A repeated `requestid` gets the first answer again. Retention is undocumented: look first after a pause. */
export function writeQuery(idempotencyKey: string): { requestid: string; minorversion: number } {
  if (idempotencyKey.length < 1 || idempotencyKey.length > 50)
    throw refused(
      'requestid_length',
      `QuickBooks takes request ids of 1 to 50 characters, not ${idempotencyKey.length}.`,
    );
  return { requestid: idempotencyKey, minorversion: minorVersion };
}

export function refused(vendorCode: string, message: string): InvalidRequest {
  return new InvalidRequest(message, { connector: 'quickbooks', vendorCode });
}
