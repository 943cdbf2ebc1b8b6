/** Owns what a payment is probably for: proposals kept until somebody confirms them, and the certain ones applied. */
import { matchPayment, type OpenDocument } from '../domain/match-payment.ts';
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { applyOnAccount, readOnAccount } from './payments.ts';

export interface MatchProposalRow {
  id: string;
  documentType: 'client_invoice' | 'late_fee';
  documentId: string;
  number: string;
  clientId: string;
  clientName: string;
  dueDate: Day | null;
  /** In the payment's currency. */
  amount: DecimalText;
  matchedBy: string[];
  /** Another is as likely: a person chooses. */
  tied: boolean;
  status: 'proposed' | 'confirmed' | 'rejected' | 'superseded';
}

interface Candidate extends OpenDocument {
  type: 'client_invoice' | 'late_fee';
}
const maxCandidates = 5_000;
const maxProposals = 200;

/** Open documents of the payment's currency, of its client and seller where those are known; the oldest due first. */
function openDocuments(tx: WorkspaceTx, paymentId: string): Promise<Candidate[]> {
  return tx.rows<Candidate>(
    `select d.* from payments p cross join lateral (
       select 'client_invoice' as type, i.id, i.number, i.total - i.applied - i.credited - i.bad_debt as open, i.due_date,
         array_remove(array[o.number, k.buyer_reference, k.vessel_reference, k.job_reference,
           (select c.reference from client_confirmations c where c.workspace_id = $1 and c.invoice_id = i.id and c.status <> 'refused'
            order by c.id desc limit 1)], null) as "references"
       from client_invoices i left join contracts k on k.workspace_id = $1 and k.id = i.contract_id
       left join purchase_orders o on o.workspace_id = $1 and o.id = i.purchase_order_id
       where i.workspace_id = $1 and i.status in ('issued', 'sent', 'partially_paid') and i.currency = p.currency
         and (p.client_id is null or i.client_id = p.client_id) and (p.seller_id is null or i.seller_id = p.seller_id)
         and i.total > i.applied + i.credited + i.bad_debt
       union all
       select 'late_fee', f.id, f.number, f.amount - f.applied, f.due_date, '{}' from late_fees f
       where f.workspace_id = $1 and f.status = 'issued' and f.currency = p.currency
         and (p.client_id is null or f.client_id = p.client_id) and (p.seller_id is null or f.seller_id = p.seller_id)) d
     where p.workspace_id = $1 and p.id = $2 order by d.due_date, d.id limit $3`,
    [tx.workspaceId, paymentId, maxCandidates],
  );
}

/** What waits for a person waits no more; what was decided stays. */
export async function supersedeProposals(tx: WorkspaceTx, paymentId: string): Promise<void> {
  await tx.run(
    `update match_proposals set status = 'superseded' where workspace_id = $1 and payment_id = $2 and status = 'proposed'`,
    [tx.workspaceId, paymentId],
  );
}

/** Works the proposals out anew, under the payment's lock; what somebody rejected is not proposed again. */
export async function proposeMatches(
  tx: WorkspaceTx,
  payment: { id: string; reference: string | null },
): Promise<void> {
  await supersedeProposals(tx, payment.id);
  const left = await readOnAccount(tx, payment.id);
  if (left.isZero()) return;
  const rejected = await tx.rows<{ documentId: string }>(
    `select document_id from match_proposals where workspace_id = $1 and payment_id = $2 and status = 'rejected'`,
    [tx.workspaceId, payment.id],
  );
  const out = new Set(rejected.map(({ documentId }) => documentId));
  const candidates = (await openDocuments(tx, payment.id)).filter(({ id }) => !out.has(id));
  const types = new Map(candidates.map(({ id, type }) => [id, type]));
  const proposals = matchPayment({ left: left.toFixed(), reference: payment.reference }, candidates).slice(
    0,
    maxProposals,
  );
  if (proposals.length === 0) return;
  await tx.run(
    `insert into match_proposals (workspace_id, payment_id, document_type, document_id, amount, matched_by, tied)
     select $1, $2, r.type, r.document_id, r.amount, string_to_array(r.signs, ' '), r.tied
     from unnest($3::text[], $4::uuid[], $5::numeric[], $6::text[], $7::boolean[]) as r(type, document_id, amount, signs, tied)
     on conflict do nothing`,
    [
      tx.workspaceId,
      payment.id,
      plainArray(proposals.map(({ documentId }) => types.get(documentId)!)),
      plainArray(proposals.map(({ documentId }) => documentId)),
      plainArray(proposals.map(({ amount }) => amount)),
      textArray(proposals.map(({ matchedBy }) => matchedBy.join(' '))),
      plainArray(proposals.map(({ tied }) => tied)),
    ],
  );
}

/** The likeliest first, then what was decided before. */
export function listMatches(tx: WorkspaceTx, paymentId: string): Promise<MatchProposalRow[]> {
  return tx.rows<MatchProposalRow>(
    `select m.id, m.document_type, m.document_id, d.number, d.client_id, c.name as client_name, d.due_date, m.amount, m.matched_by, m.tied, m.status
     from match_proposals m
     cross join lateral (
       select number, client_id, due_date from client_invoices i where i.workspace_id = $1 and i.id = m.document_id and i.number is not null
       union all select number, client_id, due_date from late_fees f where f.workspace_id = $1 and f.id = m.document_id and f.number is not null) d
     join clients c on c.workspace_id = $1 and c.id = d.client_id
     where m.workspace_id = $1 and m.payment_id = $2 and m.status <> 'superseded'
     order by m.status <> 'proposed', m.tied, m.id limit $3`,
    [tx.workspaceId, paymentId, maxProposals],
  );
}

async function decide(
  tx: WorkspaceTx,
  ids: readonly string[],
  status: 'confirmed' | 'rejected',
  actor: string,
): Promise<void> {
  await tx.run(
    `update match_proposals set status = $3, decided_by = $4, decided_at = now() where workspace_id = $1 and id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(ids), status, actor],
  );
}

const toApplication = ({
  documentType,
  documentId,
  amount,
}: Pick<MatchProposalRow, 'documentType' | 'documentId' | 'amount'>) =>
  documentType === 'client_invoice' ? { invoiceId: documentId, amount } : { lateFeeId: documentId, amount };

/**
 * Applies what is certain: proposals that no other ties with, and that go by more than the amount alone. Answers how many;
 * the others wait for a person.
 */
export async function applyCertain(tx: WorkspaceTx, paymentId: string, actor: string): Promise<number> {
  const certain = (await listMatches(tx, paymentId)).filter(
    ({ status, tied, matchedBy }) =>
      status === 'proposed' && !tied && matchedBy.some((sign) => sign !== 'amount'),
  );
  if (certain.length === 0) return 0;
  await applyOnAccount(tx, paymentId, certain.map(toApplication), { actor });
  await decide(
    tx,
    certain.map(({ id }) => id),
    'confirmed',
    actor,
  );
  return certain.length;
}

/** A person's word on a proposal: it is applied, or never proposed again. Null: no such proposal of the payment. */
export async function decideMatch(
  tx: WorkspaceTx,
  paymentId: string,
  proposalId: string,
  decision: 'confirmed' | 'rejected',
  actor: string,
): Promise<true | null> {
  const proposal = await tx.row<Pick<MatchProposalRow, 'documentType' | 'documentId' | 'amount' | 'status'>>(
    `select document_type, document_id, amount, status from match_proposals where workspace_id = $1 and payment_id = $2 and id = $3`,
    [tx.workspaceId, paymentId, proposalId],
  );
  if (!proposal) return null;
  if (proposal.status !== 'proposed')
    throw new Refusal({
      code: 'match_proposal.decided',
      message: `This proposal is ${proposal.status}.`,
      whatToDo: 'Read the proposals again.',
    });
  if (decision === 'confirmed') {
    // The rest may have been used meanwhile: what is left is applied, and a proposal of nothing is refused there.
    const left = await readOnAccount(tx, paymentId);
    const amount = Decimal.min(left, proposal.amount).toFixed();
    await applyOnAccount(tx, paymentId, [toApplication({ ...proposal, amount })], { actor });
  }
  await decide(tx, [proposalId], decision, actor);
  return true;
}
