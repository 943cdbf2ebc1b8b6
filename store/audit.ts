/** Owns reading the events as an audit: filtered, with names, personal fields opened, page by page. */
import type { AuditEvent } from '../domain/audit-event.ts';
import { genesisHash } from '../domain/event-chain.ts';
import type { Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { Database, WorkspaceTx } from './database.ts';
import { chainedColumns, type EventRow, toEvent } from './events.ts';
import { openFields } from './personal-fields.ts';

export interface AuditFilter {
  /** `member:<id>`, `key:<id>`, `system` … */
  actor?: string | undefined;
  type?: string | undefined;
  subjectType?: string | undefined;
  subjectId?: string | undefined;
  /** At this instant or later. */
  from?: Instant | undefined;
  /** Before this instant. */
  to?: Instant | undefined;
  /** Only events that one of these shows; all when left out. */
  permissions?: readonly string[];
}

const filtered = `e.workspace_id = $1 and e.seq is not null
  and ($2::text is null or e.actor = $2) and ($3::text is null or e.type = $3)
  and ($4::text is null or e.subject_type = $4) and ($5::uuid is null or e.subject_id = $5)
  and ($6::timestamptz is null or e.at >= $6) and ($7::timestamptz is null or e.at < $7)
  and ($8::text[] is null or e.permission = any($8))`;
const filterParams = (tx: WorkspaceTx, filter: AuditFilter) => [
  tx.workspaceId,
  filter.actor ?? null,
  filter.type ?? null,
  filter.subjectType ?? null,
  filter.subjectId ?? null,
  filter.from ?? null,
  filter.to ?? null,
  filter.permissions ?? null,
];

interface AuditRow extends EventRow {
  previousHash: string | null;
}
const columns = `${chainedColumns}, (select encode(p.hash, 'hex') from events p
  where p.workspace_id = e.workspace_id and p.seq = e.seq - 1) as previous_hash`;

/** Newest first, up to limit + 1, those numbered before `before` (null: the newest). */
export async function listAudit(
  tx: WorkspaceTx,
  filter: AuditFilter,
  page: { before: number | null; limit: number },
): Promise<AuditEvent[]> {
  const rows = await tx.rows<AuditRow>(
    `select ${columns} from events e where ${filtered} and ($9::bigint is null or e.seq < $9) order by e.seq desc limit $10`,
    [...filterParams(tx, filter), page.before, page.limit + 1],
  );
  return toAuditEvents(tx, rows);
}

const exportPage = 500;

/**
 * All that fit up to `untilSeq`, oldest first, in pages of 500, each read in a transaction of its own when the one before
 * has been taken: a slow reader holds a page, and no transaction.
 */
export async function* readAudit(
  database: Database,
  workspaceId: string,
  filter: AuditFilter,
  untilSeq: number,
): AsyncGenerator<AuditEvent[]> {
  for (let after = 0; after < untilSeq; ) {
    const events = await database.inWorkspace(workspaceId, async (tx) => {
      const rows = await tx.rows<AuditRow>(
        `select ${columns} from events e where ${filtered} and e.seq > $9 and e.seq <= $10 order by e.seq limit $11`,
        [...filterParams(tx, filter), after, untilSeq, exportPage],
      );
      return toAuditEvents(tx, rows);
    });
    if (events.length > 0) yield events;
    if (events.length < exportPage) return;
    after = events.at(-1)!.seq;
  }
}

async function toAuditEvents(tx: WorkspaceTx, rows: readonly AuditRow[]): Promise<AuditEvent[]> {
  const opened = await openFields(tx, rows);
  const names = await actorNames(
    tx,
    rows.map((row) => row.actor),
  );
  const genesis = Buffer.from(genesisHash(tx.workspaceId)).toString('hex');
  return rows.map(({ previousHash, ...row }, index) => ({
    ...toEvent(row),
    previousHash: previousHash ?? genesis,
    opened: opened[index]!,
    actorName: names.get(row.actor) ?? null,
  }));
}

const actorPattern = /^(member|key):([0-9a-f-]{36})$/;

/** The present names of members and keys among these actors. */
async function actorNames(tx: WorkspaceTx, actors: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(actors)].flatMap((actor) => actorPattern.exec(actor)?.[2] ?? []);
  if (ids.length === 0) return new Map();
  const rows = await tx.rows<{ actor: string; name: string }>(
    `select 'member:' || id as actor, name from members where workspace_id = $1 and id = any($2::uuid[])
     union all select 'key:' || id, name from api_keys where workspace_id = $1 and id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(ids)],
  );
  return new Map(rows.map((row) => [row.actor, row.name]));
}
