/** Owns taxing a draft anew: by the rates, treatments and terms that hold now. */
import { termsAt } from '../domain/contract-terms.ts';
import { localDay } from '../domain/day.ts';
import { taxOn, taxPointOf } from '../domain/tax.ts';
import type { Day } from '../domain/work-entry.ts';
import { readTimeline } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { lockDraft } from './edit-draft.ts';
import { recordEvents } from './events.ts';
import { relineDraft } from './reline-draft.ts';
import { readTaxes } from './tax-rates.ts';
import { workspaceNow } from './workspaces.ts';

/** Lines are made anew from their items; words, order and discounts stay. */
export async function recalculateDraft(tx: WorkspaceTx, invoiceId: string, actor: string): Promise<void> {
  const draft = await lockDraft(tx, invoiceId);
  const timeline = await readTimeline(tx, draft.contractId);
  const { book, pointRule, zone } = await readTaxes(tx, draft);
  const lines = await tx.rows<{ id: string; serviceTo: Day }>(
    'select id, service_to from invoice_lines where workspace_id = $1 and invoice_id = $2 order by line_no',
    [tx.workspaceId, invoiceId],
  );
  const serviceTo = lines.reduce((day, line) => (line.serviceTo > day ? line.serviceTo : day), '0001-01-01');
  const issueDate = localDay(await workspaceNow(tx), zone);
  const taxPoint = taxPointOf(pointRule, { serviceTo, issueDate });
  const { tax } = termsAt(timeline, serviceTo);
  await relineDraft(
    tx,
    draft,
    lines.map((line) => line.id),
    { taxOf: (productId) => taxOn(book, tax, productId, taxPoint) },
  );
  await tx.run('update client_invoices set terms = terms || $3::jsonb where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    invoiceId,
    JSON.stringify({ tax, taxPoint }),
  ]);
  await recordEvents(tx, [
    {
      type: 'invoice.recalculated',
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      actor,
      permission: 'invoices.read',
      payload: { taxPoint },
    },
  ]);
}
