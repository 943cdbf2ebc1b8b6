/** Owns the times at which something is due of an invoice: planned from its state at each look, kept as its due rows. */
import {
  type FollowedInvoice,
  type InvoiceDueKind,
  invoiceDueKinds,
  type KeptStep,
  letterDueKinds,
  type PlannedStep,
  planIssued,
  planSignOff,
} from '../domain/invoice-plan.ts';
import { type SendWindow, standardWindow } from '../domain/send-window.ts';
import { standardSignOffReminders } from '../domain/sign-off.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { setDue } from './due.ts';
import { enqueueLooks } from './outbox.ts';
import { readSignOff, type SignOffTerms, standardDays } from './sign-offs.ts';

const subjectType = 'client_invoice' as const;
/** Of the client `c`: its own, else the default. */
const policyOf =
  'coalesce(c.reminder_policy_id, (select x.id from reminder_policies x where x.workspace_id = $1 and x.is_default))';
/** Steps of a policy, reminders of sign-offs, a release each payment. */
const maxKept = 1_000;

function readKept(tx: WorkspaceTx, invoiceId: string): Promise<KeptStep[]> {
  return tx.rows<KeptStep>(
    `select kind, period, due_at, done_at is not null as is_done from due
     where workspace_id = $1 and subject_type = $2 and subject_id = $3 and kind = any($4::text[])
     order by done_at desc nulls first limit $5`,
    [tx.workspaceId, subjectType, invoiceId, invoiceDueKinds, maxKept],
  );
}

/** What is not wanted any more goes, what is new or moved is written; mostly that is nothing. Answers what comes first. */
async function keepPlan(
  tx: WorkspaceTx,
  invoiceId: string,
  plan: readonly PlannedStep[],
  kept: readonly KeptStep[],
): Promise<PlannedStep | null> {
  const isOf = (step: PlannedStep) => (other: PlannedStep) =>
    other.kind === step.kind && other.period === step.period;
  const dropped = kept.filter((step) => !step.isDone && !plan.some(isOf(step)));
  if (dropped.length > 0)
    await tx.run(
      `delete from due d using unnest($4::text[], $5::text[]) as r(kind, period)
       where d.workspace_id = $1 and d.subject_type = $2 and d.subject_id = $3 and d.kind = r.kind and d.period = r.period and d.done_at is null`,
      [
        tx.workspaceId,
        subjectType,
        invoiceId,
        plainArray(dropped.map(({ kind }) => kind)),
        plainArray(dropped.map(({ period }) => period)),
      ],
    );
  for (const step of plan) {
    const before = kept.find(isOf(step));
    if (before && Date.parse(before.dueAt) === Date.parse(step.dueAt)) continue;
    await setDue(tx, { subjectType, subjectId: invoiceId, ...step });
  }
  return plan[0] ?? null;
}

/** Holds the invoice until the transaction ends, or instead its client: then its other invoices wait too. */
export async function holdFollowed(
  tx: WorkspaceTx,
  invoiceId: string,
  which: 'invoice' | 'client',
): Promise<void> {
  await tx.run(
    which === 'invoice'
      ? 'select 1 from client_invoices where workspace_id = $1 and id = $2 for no key update'
      : `select 1 from clients c join client_invoices i on i.workspace_id = $1 and i.client_id = c.id and i.id = $2
         where c.workspace_id = $1 for no key update of c`,
    [tx.workspaceId, invoiceId],
  );
}

/** What it does by itself, as it was planned at its last look; the first at first. */
export function listPlanned(
  tx: WorkspaceTx,
  invoiceId: string,
): Promise<{ step: InvoiceDueKind; dueAt: Instant }[]> {
  return tx.rows(
    `select kind as step, due_at from due
     where workspace_id = $1 and subject_type = $2 and subject_id = $3 and done_at is null and kind = any($4::text[])
     order by due_at, kind limit $5`,
    [tx.workspaceId, subjectType, invoiceId, invoiceDueKinds, maxKept],
  );
}

/** Nothing is due of it any more. */
export async function dropPlan(tx: WorkspaceTx, invoiceId: string): Promise<void> {
  await keepPlan(tx, invoiceId, [], await readKept(tx, invoiceId));
}

/** Of a draft that waits for its client. Null: nobody is asked. */
export async function planDraft(
  tx: WorkspaceTx,
  invoiceId: string,
  now: Instant,
): Promise<PlannedStep | null> {
  const signOff = await readSignOff(tx, invoiceId);
  if (signOff?.decision !== 'pending') {
    await dropPlan(tx, invoiceId);
    return null;
  }
  const row = (await tx.row<{ terms: SignOffTerms | null; window: SendWindow | null; zone: string }>(
    `select i.terms -> 'signOff' as terms, k.zone,
       case when p.id is not null then jsonb_build_object('quietHours', p.quiet_hours, 'weekdays', p.weekdays) end as window
     from client_invoices i
     join clients c on c.workspace_id = $1 and c.id = i.client_id
     join contracts k on k.workspace_id = $1 and k.id = i.contract_id
     left join reminder_policies p on p.workspace_id = $1 and p.active and p.id = ${policyOf}
     where i.workspace_id = $1 and i.id = $2`,
    [tx.workspaceId, invoiceId],
  ))!;
  const kept = await readKept(tx, invoiceId);
  const { days = standardDays, reminderDays = standardSignOffReminders } = row.terms ?? {};
  const { id, dueAt } = signOff;
  const asked = { id, dueAt, days, reminderDays, window: row.window ?? standardWindow, zone: row.zone };
  const plan = planSignOff(asked, kept, now);
  return keepPlan(tx, invoiceId, plan, kept);
}

/** With whom it is about. */
type Followed = FollowedInvoice & { clientId: string; sellerId: string };
interface FactsRow extends Omit<Followed, 'pause'> {
  paused: boolean;
  pausedUntil: Day | null;
}

/** Null: there is no such invoice with a number. */
export async function readFollowed(
  tx: WorkspaceTx,
  invoiceId: string,
  now: Instant,
): Promise<Followed | null> {
  const row = await tx.row<FactsRow>(
    `select i.client_id, i.seller_id, i.status, i.currency, i.due_date, i.internal, i.applied, z.zone,
       i.total - i.applied - i.credited - i.bad_debt - coalesce((
         select sum(r.amount) from retentions r where r.workspace_id = $1 and r.invoice_id = i.id
           and (r.release_on is null or r.release_on > ($3::timestamptz at time zone z.zone)::date)), 0) as open,
       coalesce((select sum(d.amount) from disputes d where d.workspace_id = $1 and d.invoice_id = i.id and d.status = 'open'), 0) as disputed,
       array(select x.step_days from reminder_letter_invoices x where x.workspace_id = $1 and x.invoice_id = i.id) as reminded_days,
       case when p.id is not null then jsonb_build_object('steps', p.steps, 'interestPercentage', p.interest_percentage::text, 'stopOnDispute', p.stop_on_dispute,
         'stopOnUnappliedCash', p.stop_on_unapplied_cash, 'quietHours', p.quiet_hours, 'weekdays', p.weekdays, 'thanks', p.thanks,
         'chaseAfterDays', p.chase_after_days) end as policy,
       h.paused, h.paused_until,
       case when k.pay_when_paid then (
         select a.id::text from payment_applications a where a.workspace_id = $1 and a.document_id = i.id and a.kind = 'invoice' and a.amount > 0
           and i.applied > 0 order by a.id desc limit 1) end as money_to_release
     from client_invoices i
     join clients c on c.workspace_id = $1 and c.id = i.client_id
     join sellers s on s.workspace_id = $1 and s.id = i.seller_id
     left join contracts k on k.workspace_id = $1 and k.id = i.contract_id
     cross join lateral (select coalesce(k.zone, s.zone) as zone) z
     left join reminder_policies p on p.workspace_id = $1 and p.active
       and p.id = ${policyOf}
     -- The longest counts; one without an end is longer than any.
     cross join lateral (
       select count(*) > 0 as paused, case when bool_and(x.until_on is not null) then max(x.until_on) end as paused_until from reminder_pauses x
       where x.workspace_id = $1 and x.client_id = i.client_id and coalesce(x.invoice_id, i.id) = i.id and x.ended_at is null
         and (x.until_on is null or x.until_on > ($3::timestamptz at time zone z.zone)::date)) h
     where i.workspace_id = $1 and i.id = $2 and i.number is not null`,
    [tx.workspaceId, invoiceId, now],
  );
  if (!row) return null;
  const { paused, pausedUntil, ...facts } = row;
  return { ...facts, pause: paused ? { untilOn: pausedUntil } : null };
}

/** Of an issued invoice, settled or not: what comes first. Null: nothing will be due by itself. */
export async function planInvoice(
  tx: WorkspaceTx,
  invoiceId: string,
  now: Instant,
): Promise<PlannedStep | null> {
  const invoice = await readFollowed(tx, invoiceId, now);
  if (!invoice) return null;
  const kept = await readKept(tx, invoiceId);
  return keepPlan(tx, invoiceId, planIssued(invoice, kept, now), kept);
}

/** Puts a letter off that could not go out: whoever looks meanwhile finds it later. */
export async function putOff(tx: WorkspaceTx, invoiceId: string, step: PlannedStep): Promise<void> {
  await setDue(tx, { subjectType, subjectId: invoiceId, ...step });
}

/** The letters that these invoices were due for are written, whoever wrote them; each looks what comes next. */
export async function doneLetters(
  tx: WorkspaceTx,
  letters: readonly { id: string; stepDays: number }[],
): Promise<void> {
  await tx.run(
    `update due d set done_at = now() from unnest($3::uuid[], $4::int[]) as r(id, days)
     where d.workspace_id = $1 and d.subject_type = $2 and d.subject_id = r.id and d.period = r.days::text and d.kind = any($5::text[]) and d.done_at is null`,
    [
      tx.workspaceId,
      subjectType,
      plainArray(letters.map(({ id }) => id)),
      plainArray(letters.map(({ stepDays }) => stepDays)),
      letterDueKinds,
    ],
  );
  await enqueueLooks(
    tx,
    letters.map(({ id }) => ({ subjectType, subjectId: id, lane: 'bulk', reason: 'reminded' })),
  );
}

/**
 * What holds for letters has changed, of an invoice, a client, or all that go by a policy: what was put off is forgotten, and
 * open invoices look anew.
 */
export async function replanLetters(
  tx: WorkspaceTx,
  of: { invoiceId: string } | { clientId: string } | { policyId: string; isDefault: boolean },
): Promise<void> {
  const chosen =
    'invoiceId' in of
      ? { where: 'i.id = $2', params: [of.invoiceId] }
      : 'clientId' in of
        ? { where: 'i.client_id = $2', params: [of.clientId] }
        : {
            where: `i.client_id in (select c.id from clients c where c.workspace_id = $1
              and (c.reminder_policy_id = $2 or $3 and c.reminder_policy_id is null))`,
            params: [of.policyId, of.isDefault],
          };
  const open = `select i.id from client_invoices i where i.workspace_id = $1 and i.status in ('issued', 'sent', 'partially_paid') and ${chosen.where}`;
  const kinds = `$${chosen.params.length + 2}`;
  await tx.run(
    `delete from due d where d.workspace_id = $1 and d.subject_type = 'client_invoice' and d.done_at is null and d.kind = any(${kinds}::text[])
       and d.subject_id in (${open})`,
    [tx.workspaceId, ...chosen.params, letterDueKinds],
  );
  await tx.run(
    `insert into outbox (workspace_id, subject_type, subject_id, lane, reason)
     select $1, 'client_invoice', o.id, ${'invoiceId' in of ? "'interactive'" : "'bulk'"}, 'other reminders' from (${open}) o`,
    [tx.workspaceId, ...chosen.params],
  );
  tx.touch('outbox');
}
