/** Owns which tenant rows have served their time, and deletes them in batches. */
import type { WorkspaceTx } from './database.ts';

/**
 * Vendors repeat a delivery for some days; after that neither the key that tells a repeat apart nor the body is asked for.
 * Intents are never pruned, not even done ones: each says under which key a document was written to a platform, and a
 * repeat of that write, however late, is only safe where it is found (invariant 6).
 */
const kept = [
  { table: 'webhook_deliveries', days: 30, where: 'true' },
  // Each page says itself how long it is kept.
  { table: 'raw_pages', days: 0, where: 'expires_at < now()' },
  // An upload that nothing came to hold.
  { table: 'attachments', days: 7, where: 'subject_id is null' },
  { table: 'mails', days: 90, where: `status in ('sent', 'given_up')` },
  // The mail that it was printed for is gone by then, also one that was tried again at the end. No other file ever goes: a policy says so.
  { table: 'document_files', days: 97, where: `document_type = 'statement'` },
  // A year and a little: what was told is also in the audit, and no step is retried as late as that.
  { table: 'notifications', days: 400, where: 'true' },
  { table: 'operations', days: 90, where: `finished_at < now() - interval '90 days'` },
];
const batchSize = 5_000;
const callsKeptDays = 90;

/** Deletes up to `batchSize` rows of each table; answers true while there may be more. */
export async function pruneTenantRows(tx: WorkspaceTx): Promise<boolean> {
  let more = false;
  for (const { table, days, where } of kept) {
    // The condition twice: a row that changed while this waited for it is looked at once more, by the outer one only.
    // Ids begin with their time, so their index finds the old ones without reading the others.
    const deleted = await tx.run(
      `delete from ${table} where workspace_id = $1 and ${where} and id in (
         select id from ${table} where workspace_id = $1 and id < uuidv7($2::interval) and ${where} order by id limit $3)`,
      [tx.workspaceId, `-${days} days`, batchSize],
    );
    more ||= deleted === batchSize;
  }
  await tx.run(`delete from vendor_calls where workspace_id = $1 and hour < now() - $2 * interval '1 day'`, [
    tx.workspaceId,
    callsKeptDays,
  ]);
  return more;
}
