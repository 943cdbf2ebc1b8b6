/** Owns late fees and interest: documents of their own, numbered in a series of theirs; the invoice they grew from never changes. */
import { addDays } from '../domain/day.ts';
import { Refusal } from '../domain/refusal.ts';
import type { RemindedInvoice } from '../domain/reminder.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { closeFixed, raiseFindings } from './exceptions.ts';
import { lateFeeSnapshotOf } from './late-fee-snapshot.ts';
import { newId } from './new-id.ts';
import { saysShut, shutPeriods } from './periods.ts';
import { takeNumber } from './take-number.ts';
import { workspaceNow } from './workspaces.ts';

export interface LateFee {
  id: string;
  invoiceId: string;
  /** Null only for a fee that was never issued. */
  invoiceNumber: string | null;
  clientId: string;
  sellerId: string;
  kind: 'fee' | 'interest';
  status: 'draft' | 'issued' | 'settled' | 'waived' | 'discarded';
  number: string | null;
  currency: string;
  base: DecimalText | null;
  percentage: DecimalText | null;
  startsOn: Day | null;
  endsBefore: Day | null;
  amount: DecimalText;
  applied: DecimalText;
  issueDate: Day | null;
  dueDate: Day | null;
}
const columns = `f.id, f.invoice_id, i.number as invoice_number, f.client_id, f.seller_id, f.kind, f.status, f.number, f.currency, f.base, f.percentage,
  f.starts_on, f.ends_before, f.amount, f.applied, f.issue_date, f.due_date`;
const tables =
  'late_fees f join client_invoices i on i.workspace_id = f.workspace_id and i.id = f.invoice_id';

/** Newest first, after `after` (an id). */
export function listLateFees(
  tx: WorkspaceTx,
  filter: { clientId: string | null; invoiceId: string | null },
  page: { after: string | null; limit: number },
): Promise<LateFee[]> {
  return tx.rows<LateFee>(
    `select ${columns} from ${tables} where f.workspace_id = $1 and ($2::uuid is null or f.client_id = $2)
       and ($3::uuid is null or f.invoice_id = $3) and ($4::uuid is null or f.id < $4) order by f.id desc limit $5`,
    [tx.workspaceId, filter.clientId, filter.invoiceId, page.after, page.limit],
  );
}
export function readLateFee(tx: WorkspaceTx, id: string): Promise<LateFee | null> {
  return tx.row<LateFee>(`select ${columns} from ${tables} where f.workspace_id = $1 and f.id = $2`, [
    tx.workspaceId,
    id,
  ]);
}

interface FeeOf {
  id: string;
  number: string;
  sellerId: string;
  clientId: string;
  currency: string;
}
export interface IssuedFee {
  number: string;
  kind: LateFee['kind'];
  amount: DecimalText;
  currency: string;
  /** The number of its invoice. */
  of: string;
}
/**
 * Issues what a letter asks for beside the invoices, due with the client's own terms. Nothing is issued where the seller has no
 * series for late fees, or its books are closed for the day: the letter goes out without, and one exception a seller says so.
 */
export async function issueLateFees(
  tx: WorkspaceTx,
  letterId: string,
  invoices: readonly FeeOf[],
  reminded: readonly RemindedInvoice[],
  day: Day,
  actor: string,
): Promise<IssuedFee[]> {
  const asked = reminded.some(({ fee, interest }) => fee !== null || interest !== null);
  const first = invoices[0];
  if (!asked || !first) return [];
  const setUp = await tx.row<{ seriesId: string; termsDays: number; code: string }>(
    `select r.id as series_id, c.payment_terms_days as terms_days, c.code from series r join clients c on c.workspace_id = $1 and c.id = $3
     where r.workspace_id = $1 and r.seller_id = $2 and r.document_type = 'late_fee' order by r.id limit 1`,
    [tx.workspaceId, first.sellerId, first.clientId],
  );
  const posting = [{ sellerId: first.sellerId, day }];
  const [shut] = await shutPeriods(tx, 'billing', posting, actor, await workspaceNow(tx));
  if (!setUp || shut) {
    const left = setUp && shut ? closedBooks(saysShut(shut)) : noSeries;
    await raiseLeftOut(tx, letterId, first, left);
    return [];
  }
  await closeFixed(tx, 'late_fee.left_out', [`seller:${first.sellerId}`], 'late fees are issued again');
  const byId = new Map(invoices.map((invoice) => [invoice.id, invoice]));
  const issued: IssuedFee[] = [];
  for (const { id: invoiceId, stepDays, fee, interest } of reminded) {
    const invoice = byId.get(invoiceId)!;
    const documents = [
      ...(fee ? [{ kind: 'fee' as const, amount: fee.amount, interest: null }] : []),
      ...(interest ? [{ kind: 'interest' as const, amount: interest.amount, interest }] : []),
    ];
    for (const { kind, amount, interest: on } of documents) {
      const taken = await takeNumber(tx, setUp.seriesId, day, { clientCode: setUp.code });
      const { number, issueDate } = taken;
      const dueDate = addDays(issueDate, setUp.termsDays);
      const snapshot = await lateFeeSnapshotOf(
        tx,
        invoiceId,
        { number, issueDate, dueDate, issuedBy: actor, amount },
        { invoice: invoice.number, kind, amount, currency: invoice.currency, interest: on },
      );
      const id = newId();
      await tx.run(
        `insert into late_fees (workspace_id, id, invoice_id, letter_id, seller_id, client_id, kind, status, step_days, series_id, number, sequence, currency,
           base, percentage, starts_on, ends_before, amount, issue_date, due_date, posting_date, snapshot)
         values ($1, $2, $3, $4, $5, $6, $7, 'issued', $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $18, $20)`,
        [
          tx.workspaceId,
          id,
          invoiceId,
          letterId,
          invoice.sellerId,
          invoice.clientId,
          kind,
          stepDays,
          setUp.seriesId,
          number,
          taken.sequence,
          invoice.currency,
          on?.base ?? null,
          on?.percentage ?? null,
          on?.startsOn ?? null,
          on?.endsBefore ?? null,
          amount,
          issueDate,
          dueDate,
          JSON.stringify(snapshot),
        ],
      );
      await record(tx, id, 'issued', actor, { number, invoice: invoice.number, amount });
      issued.push({ number, kind, amount, currency: invoice.currency, of: invoice.number });
    }
  }
  return issued;
}

/** Why a letter went out without its fees, and what to do. */
interface LeftOut {
  reason: 'no_series' | 'books_closed';
  figure: string;
  whatToDo: string;
}
const noSeries: LeftOut = {
  reason: 'no_series',
  figure: 'the seller has no number series for late fees',
  whatToDo:
    'Make one (POST /series with documentType late_fee): the next letters have their fees. What this one left out is not asked for again.',
};
const closedBooks = (sentence: string): LeftOut => ({
  reason: 'books_closed',
  figure: sentence,
  whatToDo:
    'Open a period for the day, or open the soft-closed one again: the next letters have their fees. What this one left out is not asked for again.',
});

/** One a seller, however many letters: it names the latest. Released, the next letter raises it again. */
async function raiseLeftOut(
  tx: WorkspaceTx,
  letterId: string,
  invoice: FeeOf,
  { reason, figure, whatToDo }: LeftOut,
): Promise<void> {
  await raiseFindings(tx, [
    {
      rule: 'late_fee.left_out',
      severity: 'W',
      subjectKey: `seller:${invoice.sellerId}`,
      fingerprint: `${reason}:${letterId}`,
      subjectType: 'seller',
      subjectId: invoice.sellerId,
      detail: { reason, figure, whatToDo, letterId, invoice: invoice.number },
      entries: [],
    },
  ]);
}

function record(
  tx: WorkspaceTx,
  id: string,
  what: string,
  actor: string,
  payload: Record<string, unknown>,
): Promise<void> {
  return recordEvents(tx, [
    {
      type: `late_fee.${what}`,
      subjectType: 'late_fee',
      subjectId: id,
      actor,
      permission: 'invoices.read',
      payload,
    },
  ]);
}

/** Lets a fee go that nothing was paid on. Null: there is none. */
export async function waiveLateFee(
  tx: WorkspaceTx,
  id: string,
  { reason, actor }: { reason: string; actor: string },
): Promise<LateFee | null> {
  await tx.run('select 1 from late_fees where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    id,
  ]);
  const fee = await readLateFee(tx, id);
  if (!fee) return null;
  if (fee.status !== 'issued' || Number(fee.applied) !== 0)
    throw new Refusal({
      code: 'late_fee.not_waivable',
      message: `Late fee ${fee.number} is ${fee.status}${Number(fee.applied) === 0 ? '' : ' and paid in part'}.`,
      whatToDo: 'Reverse its payments first.',
    });
  await tx.run(
    `update late_fees set status = 'waived', waived_at = ${sqlNow}, waive_reason = $3,
       waived_on = (${sqlNow} at time zone (select s.zone from sellers s where s.workspace_id = $1 and s.id = seller_id))::date
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, id, reason],
  );
  await record(tx, id, 'waived', actor, { number: fee.number, amount: fee.amount, reason });
  return readLateFee(tx, id);
}
