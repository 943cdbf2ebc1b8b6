/** Owns what a contractor owes back: from a ticket that corrects a paid one, netted from the next payments and never twice. */
import { localDay } from '../domain/day.ts';
import { Decimal, fixed, minorPlaces } from '../domain/money.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { priceTickets } from './contractor-invoices.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { newId } from './new-id.ts';
import { requireOpenPeriods } from './periods.ts';
import { bundleTickets, markTicketsPaid, markTicketsUnpaid } from './tickets.ts';
import { workspaceNow } from './workspaces.ts';

export interface ContractorCredit {
  id: string;
  personId: string;
  ticketId: string;
  ticketNumber: string;
  correctsTicketId: string;
  correctsTicketNumber: string;
  currency: string;
  amount: DecimalText;
  /** Of it taken from payments. */
  netted: DecimalText;
  postingDate: Day;
  createdAt: Instant;
}
const columns = `c.id, c.person_id, c.ticket_id, t.number as ticket_number, c.corrects_ticket_id, o.number as corrects_ticket_number, c.currency,
  c.amount, c.netted, c.posting_date, c.created_at`;
const tables = `contractor_credits c
  join tickets t on t.workspace_id = c.workspace_id and t.id = c.ticket_id
  join tickets o on o.workspace_id = c.workspace_id and o.id = c.corrects_ticket_id`;

/** Newest first, after `after` (an id). */
export function listContractorCredits(
  tx: WorkspaceTx,
  filter: { personId: string | null; open: boolean },
  page: { after: string | null; limit: number },
): Promise<ContractorCredit[]> {
  return tx.rows<ContractorCredit>(
    `select ${columns} from ${tables} where c.workspace_id = $1 and ($2::uuid is null or c.person_id = $2)
       and (not $3 or c.netted < c.amount) and ($4::uuid is null or c.id < $4) order by c.id desc limit $5`,
    [tx.workspaceId, filter.personId, filter.open, page.after, page.limit],
  );
}

/**
 * Of tickets that were just paid: what was approved against them before, and is on no invoice, is owed back from here on.
 * Answers how many credits that made.
 */
export async function creditCorrectionsOf(
  tx: WorkspaceTx,
  paidTicketIds: readonly string[],
  actor: string,
): Promise<number> {
  // Held, so that none of them goes on an invoice meanwhile.
  const waiting = await tx.rows<{ id: string }>(
    `select id from tickets where workspace_id = $1 and corrects_ticket_id = any($2::uuid[]) and status = 'approved'
     order by id for no key update`,
    [tx.workspaceId, plainArray(paidTicketIds)],
  );
  return creditCorrections(
    tx,
    waiting.map(({ id }) => id),
    actor,
  );
}

/**
 * Makes a credit of each of these approved tickets that corrects a paid one downwards; others are left as they are, to be
 * bundled. Called when one is approved, is taken off an invoice, or what it corrects is paid: whichever comes last. The next
 * payment nets it. Answers how many.
 */
export async function creditCorrections(
  tx: WorkspaceTx,
  ticketIds: readonly string[],
  actor: string,
): Promise<number> {
  if (ticketIds.length === 0) return 0;
  // Whoever pays what they correct holds it: the one of us who is second sees what the first did.
  await tx.run(
    `select 1 from tickets where workspace_id = $1
       and id in (select corrects_ticket_id from tickets where workspace_id = $1 and id = any($2::uuid[]))
     order by id for no key update`,
    [tx.workspaceId, plainArray(ticketIds)],
  );
  const corrections = await tx.rows<{
    id: string;
    number: string;
    personId: string;
    correctsTicketId: string;
    invoiceId: string;
    sellerId: string;
    zone: string;
    currency: string;
  }>(
    `select t.id, t.number, t.person_id, t.corrects_ticket_id, i.id as invoice_id, i.seller_id, s.zone, i.currency
     from tickets t
     join tickets o on o.workspace_id = $1 and o.id = t.corrects_ticket_id and o.status = 'paid'
     join contractor_invoice_tickets x on x.workspace_id = $1 and x.ticket_id = o.id
     join contractor_invoices i on i.workspace_id = $1 and i.id = x.contractor_invoice_id
     join sellers s on s.workspace_id = $1 and s.id = i.seller_id
     where t.workspace_id = $1 and t.id = any($2::uuid[]) and t.status = 'approved' order by t.id`,
    [tx.workspaceId, plainArray(ticketIds)],
  );
  let made = 0;
  for (const correction of corrections) {
    const { totals, problems } = await priceTickets(tx, [correction.id], correction.currency, '0');
    // Without a rate nobody knows how much it is; it stays approved, and its invoice will say so.
    if (problems.length > 0 || new Decimal(totals.net).gte(0)) continue;
    await insertCredit(tx, correction, new Decimal(totals.net).abs(), actor);
    made += 1;
  }
  return made;
}

async function insertCredit(
  tx: WorkspaceTx,
  correction: {
    id: string;
    number: string;
    personId: string;
    correctsTicketId: string;
    invoiceId: string;
    sellerId: string;
    zone: string;
    currency: string;
  },
  amount: Decimal,
  actor: string,
): Promise<void> {
  const now = await workspaceNow(tx);
  const postingDate = localDay(now, correction.zone);
  await requireOpenPeriods(tx, 'payables', [{ sellerId: correction.sellerId, day: postingDate }], actor, now);
  await bundleTickets(tx, [correction.id], { actor, contractorInvoiceId: correction.invoiceId });
  const id = newId();
  await tx.run(
    `insert into contractor_credits (workspace_id, id, person_id, ticket_id, corrects_ticket_id, currency, amount, netted, posting_date)
     values ($1, $2, $3, $4, $5, $6, $7, round(0, scale($7::numeric)), $8)`,
    [
      tx.workspaceId,
      id,
      correction.personId,
      correction.id,
      correction.correctsTicketId,
      correction.currency,
      fixed(amount, minorPlaces(correction.currency)),
      postingDate,
    ],
  );
  await recordEvents(tx, [
    {
      type: 'contractor_credit.created',
      subjectType: 'contractor_credit',
      subjectId: id,
      actor,
      permission: 'contractor_payments.read',
      payload: {
        ticket: correction.number,
        amount: amount.toFixed(),
        currency: correction.currency,
        contractorInvoiceId: correction.invoiceId,
      },
    },
  ]);
}

/** A credit as a payment nets it. */
export interface OpenCredit {
  id: string;
  ticketId: string;
  amount: DecimalText;
  netted: DecimalText;
}
/** A person's credits of a currency that are not used up, the oldest first, held until the transaction ends. */
export function lockOpenCredits(tx: WorkspaceTx, personId: string, currency: string): Promise<OpenCredit[]> {
  return tx.rows<OpenCredit>(
    `select id, ticket_id, amount, netted from contractor_credits
     where workspace_id = $1 and person_id = $2 and currency = $3 and netted < amount order by id for no key update`,
    [tx.workspaceId, personId, currency],
  );
}

/** One step of a credit: taken by a payment for an invoice, or given back when that is reversed (negative). */
export interface CreditEntry {
  creditId: string;
  contractorInvoiceId: string;
  paymentId: string;
  amount: Decimal;
}

/** Moves what is netted; the CHECK of the credit is its bound. The ticket of a credit that is used up is paid. */
export async function moveCredits(
  tx: WorkspaceTx,
  entries: readonly CreditEntry[],
  actor: string,
): Promise<void> {
  for (const { creditId, contractorInvoiceId, paymentId, amount } of entries) {
    await tx.run(
      `insert into contractor_credit_entries (workspace_id, credit_id, contractor_invoice_id, payment_id, amount) values ($1, $2, $3, $4, $5)`,
      [tx.workspaceId, creditId, contractorInvoiceId, paymentId, amount.toFixed()],
    );
    const before = await tx.row<OpenCredit>(
      'select id, ticket_id, amount, netted from contractor_credits where workspace_id = $1 and id = $2 for no key update',
      [tx.workspaceId, creditId],
    );
    if (!before) throw new Error(`credit ${creditId} does not exist`);
    const netted = new Decimal(before.netted).plus(amount);
    await tx.run(
      'update contractor_credits set netted = round($3, scale(amount)) where workspace_id = $1 and id = $2',
      [tx.workspaceId, creditId, netted.toFixed()],
    );
    const wasUsedUp = new Decimal(before.netted).eq(before.amount);
    const isUsedUp = netted.eq(before.amount);
    const move = { actor, contractorInvoiceId };
    if (isUsedUp && !wasUsedUp) await markTicketsPaid(tx, [before.ticketId], move);
    if (wasUsedUp && !isUsedUp) await markTicketsUnpaid(tx, [before.ticketId], move);
  }
}

/** What of a payment netted credits, with what is left of each, for its reversal. */
export function nettedBy(
  tx: WorkspaceTx,
  paymentId: string,
): Promise<{ creditId: string; contractorInvoiceId: string; amount: DecimalText }[]> {
  return tx.rows(
    `select credit_id, contractor_invoice_id, sum(amount) as amount from contractor_credit_entries
     where workspace_id = $1 and payment_id = $2 group by 1, 2 having sum(amount) <> 0 order by 1, 2`,
    [tx.workspaceId, paymentId],
  );
}
