/** Owns what becomes of a run's drafts below zero whose contract credits them: credit notes, before the rest is issued. */
import { termsAt } from '../domain/contract-terms.ts';
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import { needsCreditNote, whyTooLittle } from '../domain/too-little.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { readTimeline } from './contract-versions.ts';
import { correctionsOn, findUnsettled, readCorrected } from './corrected-items.ts';
import { creditDraft, mostCorrections } from './credit-corrections.ts';
import type { WorkspaceTx } from './database.ts';
import { discardDraft } from './draft.ts';
import { holdInvoices } from './issue.ts';
import { pressingWorkUpTo } from './latest-invoice-dates.ts';
import { hasOpenProject } from './project-triggers.ts';

/** As a run counts them. */
export type CreditedBelowZero = { creditNotes: number; held: number; carriedForward?: number };

/** Of these drafts those below zero whose contract asks for credit notes, in the order in which everybody locks them. */
export async function findBelowZero(tx: WorkspaceTx, invoiceIds: readonly string[]): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select id from client_invoices where workspace_id = $1 and id = any($2::uuid[]) and status in ('draft', 'ready') and total < 0
       and terms ->> 'belowZero' = 'credit_note' order by id`,
    [tx.workspaceId, plainArray(invoiceIds)],
  );
  return rows.map(({ id }) => id);
}

/**
 * Credits the corrections on one of them. Then it is at nothing or more, or no draft any more: what nothing of ours stands for, and
 * what is left below the minimum, carries forward as if the run had not drafted it; what else cannot be credited is held for a
 * person, with the reason. What somebody credited, issued or discarded meanwhile stays as it is. A transaction for each: it takes the
 * series of credit notes, and locks up to a thousand corrections.
 */
export async function creditBelowZero(
  tx: WorkspaceTx,
  invoiceId: string,
  actor: string,
  now: Instant,
): Promise<CreditedBelowZero> {
  const { creditNotes, refusal } = await tryToCredit(tx, invoiceId, actor, now);
  const left = await lockLeft(tx, invoiceId);
  if (!left) return { creditNotes, held: 0 };
  const isBelow = new Decimal(left.total).lt(0);
  const why = await whyLeft(tx, left);
  if (why === 'below_minimum' || (why === 'below_zero' && (await isNoneOfOurs(tx, invoiceId)))) {
    await discardDraft(tx, invoiceId, actor, carriesForward[why]);
    return { creditNotes, held: 0, carriedForward: left.itemCount };
  }
  if (!isBelow) return { creditNotes, held: 0 };
  const reason = refusal === null ? needsCreditNote : `${needsCreditNote}; ${refusal}`;
  await holdInvoices(tx, [{ id: invoiceId, reason }], actor);
  return { creditNotes, held: 1 };
}

const carriesForward = {
  below_zero: 'nothing of ours to credit: it carries forward',
  below_minimum: 'what is left comes to less than the minimum: it carries forward',
};

/** All or nothing; what was refused leaves no trace. */
async function tryToCredit(
  tx: WorkspaceTx,
  invoiceId: string,
  actor: string,
  now: Instant,
): Promise<{ creditNotes: number; refusal: string | null }> {
  const doer = { id: actor, name: 'a billing run', memberId: null, personId: null, role: null };
  const wanted = {
    issuer: { doer, ownReason: null },
    reason: 'corrections came to more than what was billed with them',
    now,
  };
  await tx.run('savepoint credited');
  try {
    const { creditNotes } = await creditDraft(tx, invoiceId, wanted);
    return { creditNotes: creditNotes.length, refusal: null };
  } catch (problem) {
    if (!(problem instanceof Refusal)) throw problem;
    await tx.run('rollback to savepoint credited');
    return { creditNotes: 0, refusal: problem.message };
  }
}

interface LeftDraft {
  net: DecimalText;
  total: DecimalText;
  itemCount: number;
  serviceFrom: Day;
  contractId: string;
  sellerId: string;
  cutoffOn: Day;
  isChosen: boolean;
  projectIds: string[];
}

/** What is still a draft, held to the commit; null: somebody was here meanwhile, or nothing is left on it. */
function lockLeft(tx: WorkspaceTx, invoiceId: string): Promise<LeftDraft | null> {
  return tx.row<LeftDraft>(
    `select i.net, i.total, i.item_count, i.service_from, i.contract_id, i.seller_id, r.cutoff_on, r.item_ids is not null as is_chosen,
       case when r.scope_type = 'project' then array[r.scope_id::text] else array(
         select p.id::text from projects p where p.workspace_id = $1 and p.contract_id = i.contract_id) end as project_ids
     from client_invoices i join runs r on r.workspace_id = $1 and r.id = i.run_id
     where i.workspace_id = $1 and i.id = $2 and i.status in ('draft', 'ready') and i.number is null for no key update of i`,
    [tx.workspaceId, invoiceId],
  );
}

/** Why the run would not have drafted what is left, by the rules of drafting (draft.ts). */
async function whyLeft(tx: WorkspaceTx, left: LeftDraft): Promise<ReturnType<typeof whyTooLittle>> {
  if (left.isChosen || !(await hasOpenProject(tx, left.projectIds))) return null;
  const { contractId, serviceFrom, net, total, cutoffOn } = left;
  const terms = termsAt(await readTimeline(tx, contractId), serviceFrom);
  const pressingUpTo = await pressingWorkUpTo(tx, left.sellerId);
  const draft = {
    totals: { net, total },
    terms: { ...terms, belowZero: 'carry_forward' as const },
    serviceFrom,
  };
  return whyTooLittle(draft, { cutoffOn, pressingUpTo });
}

/** Nothing that a person could settle or credit: none of it takes back what stands on an invoice. */
async function isNoneOfOurs(tx: WorkspaceTx, invoiceId: string): Promise<boolean> {
  const itemIds = await correctionsOn(tx, invoiceId, mostCorrections + 1);
  if (itemIds.length > mostCorrections || (await findUnsettled(tx, itemIds)).size > 0) return false;
  return (await readCorrected(tx, itemIds)).length === 0;
}
