/** Owns answers of platforms as they were read: compressed, kept for a while, and looked at by few. */
import { gunzip, gzip } from 'node:zlib';
import type { Instant } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';

export interface NewRawPage {
  connectionId: string;
  path: string;
  status: number;
  /** Of the whole answer. */
  bytes: number;
  truncated: boolean;
  /** Redacted; cut where `truncated`. */
  text: string;
}
export interface RawPage extends Omit<NewRawPage, 'connectionId'> {
  id: string;
  readAt: Instant;
}

/** Of one connection in 24 hours: beyond them nothing more is kept. */
export const mostPagesADay = 2_000;

// In a thread of zlib's own: a page may be a megabyte.
const compress = (text: string) =>
  new Promise<Buffer>((resolve, reject) => {
    gzip(text, (error, body) => (error ? reject(error) : resolve(body)));
  });
const expand = (body: Buffer) =>
  new Promise<Buffer>((resolve, reject) => {
    gunzip(body, (error, text) => (error ? reject(error) : resolve(text)));
  });

/** Compressed before the transaction is open. */
export async function packRawPages(pages: readonly NewRawPage[]): Promise<(NewRawPage & { body: Buffer })[]> {
  return Promise.all(pages.map(async (page) => ({ ...page, body: await compress(page.text) })));
}

/** Keeps pages of a workspace's connections, as many as a day allows; answers how many were left out. */
export async function insertRawPages(
  tx: WorkspaceTx,
  pages: readonly (NewRawPage & { body: Buffer })[],
  days: number,
): Promise<number> {
  const kept = await tx.run(
    `insert into raw_pages (workspace_id, id, connection_id, path, status, bytes, truncated, body, expires_at)
     select $1, p.id, p.connection_id, p.path, p.status, p.bytes, p.truncated, decode(p.body, 'base64'), now() + $9 * interval '1 day'
     from unnest($2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::int[], $7::boolean[], $8::text[])
       as p(id, connection_id, path, status, bytes, truncated, body)
     where $10 > (select count(*) from raw_pages r where r.workspace_id = $1 and r.connection_id = p.connection_id
       and r.id > uuidv7(interval '-1 day'))`,
    [
      tx.workspaceId,
      plainArray(pages.map(() => newId())),
      plainArray(pages.map((page) => page.connectionId)),
      textArray(pages.map((page) => page.path)),
      plainArray(pages.map((page) => page.status)),
      plainArray(pages.map((page) => page.bytes)),
      plainArray(pages.map((page) => page.truncated)),
      plainArray(pages.map((page) => page.body.toString('base64'))),
      days,
      mostPagesADay,
    ],
  );
  return pages.length - kept;
}

/** Newest first, before the id that the last page ended with; up to limit + 1. */
export async function listRawPages(
  tx: WorkspaceTx,
  connectionId: string,
  { before, limit }: { before: string | null; limit: number },
): Promise<RawPage[]> {
  const rows = await tx.rows<Omit<RawPage, 'text'> & { body: Buffer }>(
    `select id, path, status, bytes, truncated, body, read_at from raw_pages
     where workspace_id = $1 and connection_id = $2 and ($3::uuid is null or id < $3) order by id desc limit $4`,
    [tx.workspaceId, connectionId, before, limit + 1],
  );
  return Promise.all(
    rows.map(async ({ body, ...page }) => ({ ...page, text: (await expand(body)).toString('utf8') })),
  );
}
