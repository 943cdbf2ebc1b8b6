/** Owns what becomes of a run's drafts below zero whose contract credits them: credit notes, before the rest is issued. */
import { Refusal } from '../domain/refusal.ts';
import { needsCreditNote } from '../domain/too-little.ts';
import type { Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { creditDraft } from './credit-corrections.ts';
import type { WorkspaceTx } from './database.ts';
import { holdInvoices } from './issue.ts';

/**
 * Of a run's drafts, those below zero whose contract asks for it: their corrections are credited before the rest is issued. What
 * cannot be credited is held for a person, with the reason. Repeated, it finds them done.
 */
export async function creditBelowZero(
  tx: WorkspaceTx,
  invoiceIds: readonly string[],
  actor: string,
  now: Instant,
): Promise<{ creditNotes: number; held: number }> {
  const drafts = await tx.rows<{ id: string }>(
    `select id from client_invoices where workspace_id = $1 and id = any($2::uuid[]) and status in ('draft', 'ready') and total < 0
       and terms ->> 'belowZero' = 'credit_note' order by id`,
    [tx.workspaceId, plainArray(invoiceIds)],
  );
  const doer = { id: actor, name: 'a billing run', memberId: null, personId: null, role: null };
  const wanted = {
    issuer: { doer, ownReason: null },
    reason: 'corrections came to more than what was billed with them',
    now,
  };
  const counts = { creditNotes: 0, held: 0 };
  for (const { id } of drafts) {
    await tx.run('savepoint credited');
    try {
      counts.creditNotes += (await creditDraft(tx, id, wanted)).creditNotes.length;
    } catch (problem) {
      if (!(problem instanceof Refusal)) throw problem;
      await tx.run('rollback to savepoint credited');
      await holdInvoices(tx, [{ id, reason: `${needsCreditNote}; ${problem.message}` }], actor);
      counts.held += 1;
    }
  }
  return counts;
}
