/** Owns reminding clients: once a step and invoice, one letter a client and day, with its fees; and what was sent or stopped. */
import { printLanguageOf } from '../domain/print-format.ts';
import { nextReminder, type RemindableInvoice, type Reminder, type StopReason } from '../domain/reminder.ts';
import { reminderMail } from '../domain/reminder-mail.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { doneLetters } from './invoice-plan.ts';
import { issueLateFees } from './late-fees.ts';
import { queueMail } from './mails.ts';
import { newId } from './new-id.ts';
import { listReminderPolicies, type ReminderPolicyRow } from './reminder-policies.ts';

export interface OpenInvoice extends RemindableInvoice {
  number: string;
  sellerId: string;
  clientId: string;
  policyId: string;
  stale: boolean;
}
const maxInvoices = 20_000;

/** Of one client of one seller, or all. */
export interface Reminded {
  clientId: string | null;
  sellerId: string | null;
}

/**
 * Invoices of clients with an active policy whose first step has come, and about which nobody has said to be quiet; held, so
 * that two letters never name one step. Read again once they are held: somebody else's letter may have gone out meanwhile.
 */
async function openInvoices(tx: WorkspaceTx, day: Day, of: Reminded): Promise<OpenInvoice[]> {
  await readOpen(tx, day, of);
  return readOpen(tx, day, of);
}

function readOpen(tx: WorkspaceTx, day: Day, { clientId, sellerId }: Reminded): Promise<OpenInvoice[]> {
  return tx.rows<OpenInvoice>(
    `select i.id, i.number, i.seller_id, i.client_id, i.currency, i.due_date, p.id as policy_id,
       i.total - i.applied - i.credited - i.bad_debt - coalesce(h.amount, 0) as open,
       coalesce((select sum(d.amount) from disputes d where d.workspace_id = $1 and d.invoice_id = i.id and d.status = 'open'), 0) as disputed,
       array(select x.step_days from reminder_letter_invoices x where x.workspace_id = $1 and x.invoice_id = i.id) as reminded_days,
       (select max(f.ends_before) from late_fees f where f.workspace_id = $1 and f.invoice_id = i.id and f.kind = 'interest'
         and f.status not in ('discarded', 'waived')) as interest_until,
       exists (select from sync_records s left join checkpoints k on k.workspace_id = $1 and k.connection_id = s.connection_id and k.stream = 'payments'
         where s.workspace_id = $1 and s.subject_type = 'client_invoice' and s.subject_id = i.id and s.status = 'synced'
           and (k.updated_at is null or coalesce(k.sandbox_at, k.updated_at) < ${sqlNow} - p.stale_after_hours * interval '1 hour')) as stale
     from client_invoices i
     join clients c on c.workspace_id = $1 and c.id = i.client_id and not c.internal
     join reminder_policies p on p.workspace_id = $1 and p.active
       and p.id = coalesce(c.reminder_policy_id, (select x.id from reminder_policies x where x.workspace_id = $1 and x.is_default))
     left join lateral (
       select sum(r.amount) as amount from retentions r
       where r.workspace_id = $1 and r.invoice_id = i.id and (r.release_on is null or r.release_on > $2)) h on true
     where i.workspace_id = $1 and i.status in ('issued', 'sent', 'partially_paid') and not i.internal
       and ($3::uuid is null or i.client_id = $3) and ($5::uuid is null or i.seller_id = $5)
       and not exists (select from reminder_pauses x where x.workspace_id = $1 and x.client_id = i.client_id and coalesce(x.invoice_id, i.id) = i.id
         and x.ended_at is null and (x.until_on is null or x.until_on > $2))
       and i.due_date + (p.steps #>> '{0,days}')::int <= $2::date and i.total > i.applied + i.credited + i.bad_debt + coalesce(h.amount, 0)
     order by i.id limit $4 for no key update of i`,
    [tx.workspaceId, day, clientId, maxInvoices, sellerId],
  );
}

/** Currencies in which each client has money on account, by seller; of no seller counts for all. */
async function readUnapplied(
  tx: WorkspaceTx,
  clientIds: readonly string[],
): Promise<{ clientId: string; sellerId: string | null; currency: string }[]> {
  return tx.rows(
    `select p.client_id, p.seller_id, p.currency from payments p
     join payment_applications a on a.workspace_id = $1 and a.payment_id = p.id and a.kind = 'on_account'
     where p.workspace_id = $1 and p.client_id = any($3::uuid[]) and p.direction = 'incoming' and p.status = 'cleared'
     group by 1, 2, 3 having sum(a.amount) > 0 limit $2`,
    [tx.workspaceId, maxInvoices, plainArray([...new Set(clientIds)])],
  );
}

/**
 * Sends what is due by the policies on the day, of one client or of all. Safe to repeat: a step of an invoice is reminded of
 * once, and a client gets one letter a day. Answers how many letters went out.
 */
export async function remindClients(
  tx: WorkspaceTx,
  day: Day,
  { actor, clientId = null, sellerId = null }: { actor: string } & Partial<Reminded>,
): Promise<number> {
  const policies = await listReminderPolicies(tx, { limit: 200, after: null });
  if (!policies.some(({ active }) => active)) return 0;
  const byId = new Map(policies.map((policy) => [policy.id, policy]));
  const invoices = await openInvoices(tx, day, { clientId, sellerId });
  const unapplied = await readUnapplied(
    tx,
    invoices.map((invoice) => invoice.clientId),
  );
  let sent = 0;
  for (const ofClient of Map.groupBy(invoices, (one) => `${one.sellerId} ${one.clientId}`).values()) {
    const first = ofClient[0]!;
    const policy = byId.get(first.policyId)!;
    const reminder = nextReminder(policy, ofClient, {
      today: day,
      readBackStale: ofClient.some(({ stale }) => stale),
      unappliedCurrencies: unapplied
        .filter(
          (one) => one.clientId === first.clientId && (one.sellerId ?? first.sellerId) === first.sellerId,
        )
        .map(({ currency }) => currency),
    });
    if (await carryOut(tx, { reminder, ofClient, policy, day, actor })) sent += 1;
  }
  return sent;
}

interface Carried {
  reminder: Reminder;
  ofClient: readonly OpenInvoice[];
  policy: ReminderPolicyRow;
  day: Day;
  actor: string;
}

/** True where a letter went out. */
async function carryOut(tx: WorkspaceTx, carried: Carried): Promise<boolean> {
  const { reminder, ofClient, day } = carried;
  if (reminder.kind === 'nothing') return false;
  const { clientId, sellerId } = ofClient[0]!;
  const before = await tx.row(
    'select 1 from reminder_letters where workspace_id = $1 and seller_id = $2 and client_id = $3 and letter_on = $4',
    [tx.workspaceId, sellerId, clientId, day],
  );
  if (before) return false;
  if (reminder.kind === 'stopped') return stop(tx, carried, reminder.reason);
  const address = await readAddress(tx, clientId);
  if (!address.mails) return stop(tx, carried, 'mail_off');
  if (address.to === null) return stop(tx, carried, 'no_address');
  await send(tx, carried, reminder, { ...address, to: address.to });
  return true;
}

export interface ClientAddress {
  name: string;
  to: string | null;
  /** Off: the client wants none. */
  mails: boolean;
  language: string;
}
export async function readAddress(tx: WorkspaceTx, clientId: string): Promise<ClientAddress> {
  const row = await tx.row<ClientAddress>(
    `select name, coalesce(accounts_payable_email, email) as to, mail_notifications as mails, language from clients where workspace_id = $1 and id = $2`,
    [tx.workspaceId, clientId],
  );
  return row!;
}

function writeLetter(
  tx: WorkspaceTx,
  { ofClient, policy, day }: Carried,
  letter: {
    id: string;
    level: number;
    status: 'sent' | 'stopped';
    stopReason: string | null;
    address: string | null;
  },
): Promise<number> {
  const { clientId, sellerId } = ofClient[0]!;
  return tx.run(
    `insert into reminder_letters (workspace_id, id, client_id, seller_id, policy_id, level, status, stop_reason, letter_on, address, sent_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, case when $7 = 'sent' then now() end)`,
    [
      tx.workspaceId,
      letter.id,
      clientId,
      sellerId,
      policy.id,
      letter.level,
      letter.status,
      letter.stopReason,
      day,
      letter.address,
    ],
  );
}

/** Kept once as long as the reason stays the same; the step is not done, and comes up again. */
async function stop(tx: WorkspaceTx, carried: Carried, reason: StopReason): Promise<false> {
  const { clientId, sellerId } = carried.ofClient[0]!;
  const last = await tx.row<{ stopReason: string | null }>(
    `select stop_reason from reminder_letters where workspace_id = $1 and seller_id = $2 and client_id = $3 order by letter_on desc, id desc limit 1`,
    [tx.workspaceId, sellerId, clientId],
  );
  if (last?.stopReason === reason) return false;
  const id = newId();
  await writeLetter(tx, carried, { id, level: 1, status: 'stopped', stopReason: reason, address: null });
  await recordLetter(tx, carried, id, 'reminder.stopped', { reason });
  return false;
}

async function send(
  tx: WorkspaceTx,
  carried: Carried,
  reminder: Extract<Reminder, { kind: 'letter' }>,
  address: ClientAddress & { to: string },
): Promise<void> {
  const id = newId();
  const numbers = new Map(carried.ofClient.map((invoice) => [invoice.id, invoice]));
  const { invoices, level } = reminder;
  await writeLetter(tx, carried, { id, level, status: 'sent', stopReason: null, address: address.to });
  await tx.run(
    `insert into reminder_letter_invoices (workspace_id, letter_id, invoice_id, step_days, open_amount, disputed_amount)
     select $1, $2, r.* from unnest($3::uuid[], $4::int[], $5::numeric[], $6::numeric[]) as r`,
    [
      tx.workspaceId,
      id,
      plainArray(invoices.map((one) => one.id)),
      plainArray(invoices.map(({ stepDays }) => stepDays)),
      plainArray(invoices.map((one) => numbers.get(one.id)!.open)),
      plainArray(invoices.map((one) => numbers.get(one.id)!.disputed)),
    ],
  );
  await doneLetters(tx, invoices);
  const fees = await issueLateFees(tx, id, carried.ofClient, invoices, carried.day, carried.actor);
  const mail = reminderMail(printLanguageOf(address.language), {
    client: address.name,
    today: carried.day,
    invoices: invoices.map(({ id: invoiceId, amount }) => ({ ...numbers.get(invoiceId)!, amount })),
    fees,
  });
  const key = `reminder:${id}`;
  await queueMail(tx, { to: address.to, template: 'reminder.sent', params: mail, key, link: null });
  await tx.run(
    `insert into document_deliveries (workspace_id, document_type, document_id, channel, address, external_id)
     values ($1, 'reminder_letter', $2, 'email', $3, $4)`,
    [tx.workspaceId, id, address.to, key],
  );
  await recordLetter(tx, carried, id, 'reminder.sent', {
    level,
    invoices: mail.invoices.split('\n'),
    lateFees: fees.map(({ number }) => number),
  });
}

function recordLetter(
  tx: WorkspaceTx,
  { ofClient, actor }: Carried,
  id: string,
  type: string,
  payload: Record<string, unknown>,
): Promise<void> {
  return recordEvents(tx, [
    {
      type,
      subjectType: 'reminder_letter',
      subjectId: id,
      actor,
      permission: 'invoices.read',
      payload: { clientId: ofClient[0]!.clientId, ...payload },
    },
  ]);
}
