/** Owns QuickBooks' query call, the parameters of its writes, and the check of its answers' envelopes. */
import { z } from 'zod';
import type { RemoteRef } from '../kit/define.ts';
import type { InvalidRequest } from '../kit/errors.ts';
import type { VendorHttp, VendorResponse } from '../kit/http.ts';
import { answeredAt, toInstant } from '../kit/instant.ts';
import { readAs, refused as refusedBy } from '../kit/vendor-words.ts';

export const vendor = { id: 'quickbooks', name: 'QuickBooks' } as const;

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
  const { body, answeredAt: at } = readAnswer(queryShape, response);
  // No rows: the entity's key is absent. An envelope without QueryResponse was no answer and has thrown above.
  return { rows: readAs(vendor, z.array(z.unknown()), body.QueryResponse[entity] ?? []), answeredAt: at };
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
  const body = readAs(vendor, shape, response.body);
  return { body, answeredAt: toInstant(body.time ?? '') ?? answeredAt(response) };
}

/** A repeated `requestid` gets the first answer again. Retention is undocumented: look first after a pause. */
function writeQuery(idempotencyKey: string): { requestid: string; minorversion: number } {
  if (idempotencyKey.length < 1 || idempotencyKey.length > 50)
    throw refused(
      'requestid_length',
      `QuickBooks takes request ids of 1 to 50 characters, not ${idempotencyKey.length}.`,
    );
  return { requestid: idempotencyKey, minorversion: minorVersion };
}

/** Makes a record, or changes the one whose id `body` carries; answers it as `shape` reads it. */
export async function write<Row>(
  http: VendorHttp,
  entity: QueriedEntity,
  shape: z.ZodType<Row>,
  body: Record<string, unknown>,
  idempotencyKey: string,
  more: Record<string, string> = {},
): Promise<Row> {
  const query = { ...writeQuery(idempotencyKey), ...more };
  const response = await http.post(`/${entity.toLowerCase()}`, { query, body });
  return readAs(vendor, z.object({ [entity]: shape }), response.body)[entity]!;
}

/** What a record is known by, and its lock. */
export const refShape = z
  .object({ Id: z.string(), SyncToken: z.string().nullish() })
  .transform(({ Id, SyncToken }): RemoteRef => ({ externalId: Id, versionToken: SyncToken ?? null }));

export const refused = (vendorCode: string, message: string): InvalidRequest =>
  refusedBy(vendor, vendorCode, message);

/** A value inside quotes of the query language. */
export function quoted(value: string): string {
  return `'${value.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
}
