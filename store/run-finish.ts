/** Owns where a run that no person asked for ends: at drafts, or at issued invoices, as the client's auto-invoicing says. */
import type { WorkspaceTx } from './database.ts';
import type { FinishAt, Run, Trigger } from './runs.ts';

/**
 * On, and the client active: it issues and the invoices go to the accounting platform, those above the client's limit held for
 * a person (`domain/auto-invoicing.ts`). Off: it ends at its drafts. By hand it ends where its person says; here, at drafts.
 */
export async function finishOf(
  tx: WorkspaceTx,
  contract: { clientId: string },
  trigger: Trigger,
): Promise<FinishAt> {
  if (trigger === 'by_hand') return 'draft';
  const client = await tx.row<{ issues: boolean }>(
    `select auto_invoicing and status = 'active' as issues from clients where workspace_id = $1 and id = $2`,
    [tx.workspaceId, contract.clientId],
  );
  return client?.issues ? 'issue' : 'draft';
}

/** Approvals come one by one: what they leave at drafts gathers on one, not on a draft for each. */
export const addsToOpenDraft = ({ trigger, finishAt }: Pick<Run, 'trigger' | 'finishAt'>): boolean =>
  trigger === 'entry' && finishAt === 'draft';
