/** Owns that no interleaving of what several people do to a contractor's money leaves a state outside the tables. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type ContractorInvoiceStatus,
  contractorInvoiceMoves,
  contractorInvoiceStatuses,
  payableStatuses,
} from '../domain/contractor-invoice.ts';
import type { Doer } from '../domain/duties.ts';
import { Refusal } from '../domain/refusal.ts';
import { type TicketStatus, ticketMoves } from '../domain/ticket.ts';
import {
  approveContractorInvoice,
  rejectContractorInvoice,
  rejectInvoicedTicket,
} from '../store/contractor-invoice-decisions.ts';
import {
  cancelContractorInvoice,
  createContractorInvoice,
  editContractorInvoice,
  submitContractorInvoice,
  withdrawContractorInvoice,
} from '../store/contractor-invoice-drafts.ts';
import { type ContractorInvoice, lockContractorInvoice } from '../store/contractor-invoices.ts';
import { recordContractorPayment, reverseContractorPayment } from '../store/contractor-payments.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { decideTickets } from '../store/ticket-decisions.ts';
import {
  discardTicket,
  editTicket,
  submitTicket,
  takeTicket,
  withdrawTicket,
} from '../store/ticket-editing.ts';
import { expectBalanced } from './support/books.ts';
import { type ContractorFirm, openContractorFirm } from './support/contractors.ts';
import { startApi, type TestApi } from './support/start-api.ts';
import { hours } from './support/tickets.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const ticketCount = 3;
/** By place, so that shrinking makes a case smaller; whatever is not there at the moment is refused. */
const place = fc.nat({ max: ticketCount - 1 });
const action = fc.oneof(
  ...(
    [
      'edit_ticket',
      'submit_ticket',
      'withdraw_ticket',
      'discard_ticket',
      'approve_ticket',
      'reject_ticket',
    ] as const
  ).map((kind) => fc.record({ kind: fc.constant(kind), at: place })),
  fc.record({ kind: fc.constant('bundle' as const), tickets: fc.subarray([0, 1, 2], { minLength: 1 }) }),
  fc.record({ kind: fc.constant('rebundle' as const), at: place, tickets: fc.subarray([0, 1, 2]) }),
  ...(['submit', 'withdraw', 'approve', 'approve', 'reject', 'cancel', 'reverse'] as const).map((kind) =>
    fc.record({ kind: fc.constant(kind), at: place }),
  ),
  fc.record({ kind: fc.constant('reject_bundled' as const), at: place, ticket: place }),
  ...(['pay', 'pay'] as const).map((kind) =>
    fc.record({ kind: fc.constant(kind), at: place, pounds: fc.constantFrom(20, 42, 84, 500) }),
  ),
);
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;

/** Actions of a round happen at the same moment, by several people; then the next round. */
const story = fc.record({
  /** How far it had come before. */
  begun: fc.constantFrom('tickets' as const, 'draft' as const, 'submitted' as const, 'approved' as const),
  rounds: fc.array(fc.array(action, { minLength: 1, maxLength: 4 }), { minLength: 3, maxLength: 9 }),
});

const doerOf = (member: { id: string; personId: string | null }, role: Doer['role']): Doer => ({
  id: `member:${member.id}`,
  name: String(role),
  memberId: member.id,
  personId: member.personId,
  role,
});

interface World {
  firm: ContractorFirm;
  tickets: string[];
  doers: Record<'contractor' | 'manager' | 'admin' | 'clerk', Doer>;
}

/** The n-th invoice or payment that there is now, over all of them. */
async function nth(tx: WorkspaceTx, table: string, condition: string, at: number): Promise<string | null> {
  const rows = await tx.rows<{ id: string }>(
    `select id from ${table} where workspace_id = $1 and ${condition} order by id desc limit ${ticketCount}`,
    [tx.workspaceId],
  );
  return rows[at % Math.max(1, rows.length)]?.id ?? null;
}

/** False where there was nothing yet that it could be done to. */
async function act({ firm, tickets, doers }: World, wanted: Action): Promise<boolean> {
  const { contractor, manager, admin, clerk } = doers;
  const outcome = await firm.books.in(async (tx): Promise<unknown> => {
    const ticketAt = (at: number) => takeTicket(tx, tickets[at]!, firm.contractor.personId);
    const invoiceAt = async (at: number): Promise<ContractorInvoice | null> => {
      const id = await nth(tx, 'contractor_invoices', "status <> 'cancelled'", at);
      return id === null ? null : lockContractorInvoice(tx, id);
    };
    const onInvoice = async (at: number, work: (invoice: ContractorInvoice) => Promise<unknown>) => {
      const invoice = await invoiceAt(at);
      return invoice === null ? null : work(invoice);
    };
    switch (wanted.kind) {
      case 'edit_ticket':
        return editTicket(tx, await ticketAt(wanted.at), { notes: `at ${Date.now()}` }, contractor);
      case 'submit_ticket':
        return submitTicket(tx, await ticketAt(wanted.at), contractor.id);
      case 'withdraw_ticket':
        return withdrawTicket(tx, await ticketAt(wanted.at), contractor.id);
      case 'discard_ticket':
        return discardTicket(tx, await ticketAt(wanted.at), contractor.id);
      case 'approve_ticket':
        return decideTickets(tx, [tickets[wanted.at]!], { to: 'approve', ownReason: null }, manager);
      case 'reject_ticket':
        return decideTickets(tx, [tickets[wanted.at]!], { to: 'reject', reason: 'no' }, admin);
      case 'bundle':
        return createContractorInvoice(
          tx,
          {
            personId: firm.contractor.personId!,
            sellerId: null,
            kind: 'payment_request',
            ticketIds: wanted.tickets.map((at) => tickets[at]!),
            note: null,
            theirNumber: null,
            theirDate: null,
            attachmentId: null,
            tax: '0',
          },
          contractor,
        );
      case 'rebundle':
        return onInvoice(wanted.at, (invoice) =>
          editContractorInvoice(
            tx,
            invoice,
            { ticketIds: wanted.tickets.map((at) => tickets[at]!) },
            contractor,
          ),
        );
      case 'submit':
        return onInvoice(wanted.at, (invoice) => submitContractorInvoice(tx, invoice, contractor));
      case 'withdraw':
        return onInvoice(wanted.at, (invoice) => withdrawContractorInvoice(tx, invoice, contractor));
      case 'approve':
        return onInvoice(wanted.at, (invoice) =>
          approveContractorInvoice(tx, invoice, { ownReason: null, total: invoice.total }, admin),
        );
      case 'reject':
        return onInvoice(wanted.at, (invoice) => rejectContractorInvoice(tx, invoice, 'no', admin));
      case 'reject_bundled':
        return onInvoice(wanted.at, (invoice) =>
          rejectInvoicedTicket(tx, invoice, tickets[wanted.ticket]!, 'no', admin),
        );
      case 'cancel':
        return onInvoice(wanted.at, (invoice) => cancelContractorInvoice(tx, invoice, 'no', admin));
      case 'pay': {
        const id = await nth(
          tx,
          'contractor_invoices',
          "status in ('approved', 'partially_paid')",
          wanted.at,
        );
        if (id === null) return null;
        const amount = `${wanted.pounds}.00`;
        return recordContractorPayment(
          tx,
          {
            personId: firm.contractor.personId!,
            method: 'wire',
            valueDate: firm.today,
            currency: 'GBP',
            amount,
            reference: null,
            note: null,
            applications: [{ contractorInvoiceId: id, amount, withholdings: [] }],
            rest: 'refuse',
            netCredits: true,
            ownReason: null,
          },
          clerk,
        );
      }
      case 'reverse': {
        const id = await nth(tx, 'payments', "status = 'cleared'", wanted.at);
        return id === null ? null : reverseContractorPayment(tx, id, 'returned', clerk).then(() => true);
      }
    }
  });
  return outcome !== null;
}

const invoiceSteps = new Set([
  ...Object.values(contractorInvoiceMoves).flatMap((moves) =>
    Object.entries(moves).map(([from, to]) => `${from} → ${to}`),
  ),
  // Money moves an approved invoice in both directions.
  ...payableStatuses.flatMap((from) => payableStatuses.map((to) => `${from} → ${to}`)),
]);
const ticketSteps = new Set(
  Object.values(ticketMoves).flatMap((moves) => Object.entries(moves).map(([from, to]) => `${from} → ${to}`)),
);
/** Every pair that steps of the table lead to in a row: a round may do several. */
function reachable(steps: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set(steps);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const one of [...found])
      for (const next of steps) {
        const [from, over] = one.split(' → ');
        const [start, to] = next.split(' → ');
        if (over === start) found.add(`${from} → ${to}`);
      }
  }
  return found;
}
const invoiceWays = reachable(invoiceSteps);
const ticketWays = reachable(ticketSteps);

interface Standing {
  invoices: Map<string, ContractorInvoiceStatus>;
  tickets: Map<string, TicketStatus>;
}
const standing = (firm: ContractorFirm): Promise<Standing> =>
  firm.books.in(async (tx) => {
    const read = async <S>(table: string) =>
      new Map(
        (
          await tx.rows<{ id: string; status: S }>(
            `select id, status from ${table} where workspace_id = $1`,
            [tx.workspaceId],
          )
        ).map((row) => [row.id, row.status]),
      );
    return {
      invoices: await read<ContractorInvoiceStatus>('contractor_invoices'),
      tickets: await read<TicketStatus>('tickets'),
    };
  });

function expectWithinTables(before: Standing, after: Standing): void {
  for (const [id, status] of after.invoices) {
    expect(contractorInvoiceStatuses).toContain(status);
    const from = before.invoices.get(id) ?? 'draft';
    if (from !== status) expect([...invoiceWays]).toContain(`${from} → ${status}`);
  }
  for (const [id, status] of after.tickets) {
    const from = before.tickets.get(id)!;
    if (from !== status) expect([...ticketWays]).toContain(`${from} → ${status}`);
  }
}

/** No ticket on two invoices, nothing applied beyond what is due, and every status as its ticket's or its money's is. */
async function expectSound(firm: ContractorFirm): Promise<void> {
  const wrong = await firm.books.in((tx) =>
    tx.rows<{ what: string }>(
      `select 'ticket ' || ticket_id || ' twice' as what from contractor_invoice_tickets where workspace_id = $1 group by ticket_id having count(*) > 1
       union all select 'applied beyond due on ' || id from contractor_invoices where workspace_id = $1 and (applied > total or applied < 0)
       union all select 'status of ' || id || ' is ' || status || ' at ' || applied || ' of ' || total from contractor_invoices
         where workspace_id = $1 and status in ('approved', 'partially_paid', 'paid')
           and status <> case when applied = total then 'paid' when applied > 0 then 'partially_paid' else 'approved' end
       union all select 'gap in numbers' from contractor_invoices where workspace_id = $1 and sequence is not null having max(sequence) > count(*)`,
      [firm.books.workspaceId],
    ),
  );
  expect(wrong).toEqual([]);
  await expectBalanced(api.test.database, firm.books);
}

test('any interleaving of submit, approve, reject, edit, bundle, pay and reverse stays within the tables', {
  timeout: 300_000,
}, async () => {
  const counts: Record<string, { done: number; refused: number }> = {};
  await fc.assert(
    fc.asyncProperty(story, async ({ begun, rounds }) => {
      const firm = await openContractorFirm(api);
      const tickets: string[] = [];
      for (let index = 0; index < ticketCount; index += 1)
        tickets.push(await firm.submitted([hours(index + 1)]));
      const doers = {
        contractor: doerOf(firm.contractor, 'contractor'),
        manager: doerOf(firm.manager, 'manager'),
        admin: doerOf(firm.admin, 'admin'),
        clerk: doerOf(firm.clerk, 'admin'),
      };
      const world = { firm, tickets, doers };
      for (const at of [0, 1, 2]) await act(world, { kind: 'approve_ticket', at });
      const beginning: Action[] = [
        { kind: 'bundle', tickets: [0, 1] },
        { kind: 'submit', at: 0 },
        { kind: 'approve', at: 0 },
      ];
      const steps = { tickets: 0, draft: 1, submitted: 2, approved: 3 }[begun];
      for (const step of beginning.slice(0, steps)) await act(world, step);
      let before = await standing(firm);
      for (const round of rounds) {
        await Promise.all(
          round.map(async (one) => {
            counts[one.kind] ??= { done: 0, refused: 0 };
            const count = counts[one.kind]!;
            try {
              if (await act(world, one)) count.done += 1;
            } catch (problem) {
              // Two at once: one is refused with a reason, never by a broken bound of the database.
              if (!(problem instanceof Refusal)) throw problem;
              count.refused += 1;
            }
          }),
        );
        const after = await standing(firm);
        expectWithinTables(before, after);
        before = after;
      }
      await expectSound(firm);
    }),
    { numRuns: 40, endOnFailure: true },
  );
  console.log(JSON.stringify(counts));
  for (const kind of ['bundle', 'submit', 'approve', 'pay', 'cancel'])
    expect(counts[kind]!.done, kind).toBeGreaterThan(0);
});
