/** Owns that no order in which several people work on the same tickets leads outside the transition table (invariant 5). */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Refusal } from '../../domain/refusal.ts';
import { isApproved, nextTicketStatus, type TicketAction, type TicketStatus } from '../../domain/ticket.ts';
import type { TicketLine } from '../../domain/ticket-lines.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { type Decider, decideTicket } from '../../store/ticket-decisions.ts';
import {
  type Author,
  createTicket,
  discardTicket,
  editTicket,
  submitTicket,
  takeTicket,
  withdrawTicket,
} from '../../store/ticket-editing.ts';
import {
  bundleTickets,
  markTicketsPaid,
  markTicketsUnpaid,
  rejectBundledTickets,
  unbundleTickets,
} from '../../store/tickets.ts';
import { expectBalanced } from '../support/books.ts';
import { startApi, type TestApi } from '../support/start-api.ts';
import { openTicketFirm, type TicketFirm } from '../support/tickets.ts';

let api: TestApi;
let firm: TicketFirm;
let writer: Author;
let deciders: Decider[];
let day = 0;
beforeAll(async () => {
  api = await startApi();
  firm = await openTicketFirm(api);
  writer = { id: `member:${firm.contractor.id}`, personId: firm.contractor.personId };
  deciders = (['manager', 'admin'] as const).map((role) => ({
    id: `member:${firm[role].id}`,
    memberId: firm[role].id,
    personId: null,
    role,
    name: role,
  }));
});
afterAll(async () => {
  await unbundleAll();
  await expectBalanced(api.test.database, firm.books);
  await api.stop();
});

const labor = (seconds: number): Omit<TicketLine, 'id'> & { id: null } => ({
  id: null,
  kind: 'labor',
  taskId: null,
  position: null,
  overtime: false,
  seconds,
  amount: null,
  currency: null,
  category: null,
  receiptId: null,
  metres: null,
  transportSeconds: null,
  note: '',
});

interface Step {
  action: TicketAction;
  ticket: number;
  /** Which of the people, and how many minutes an edit says. */
  who: number;
  minutes: number;
}
const move = { actor: 'member:payables', contractorInvoiceId: newId() };

/** There is no contractor invoice behind these bundles, and the books say so. */
async function unbundleAll(): Promise<void> {
  await firm.books.in(async (tx) => {
    const idsIn = async (status: TicketStatus) =>
      (
        await tx.rows<{ id: string }>('select id from tickets where workspace_id = $1 and status = $2', [
          tx.workspaceId,
          status,
        ])
      ).map((row) => row.id);
    await markTicketsUnpaid(tx, await idsIn('paid'), move);
    await unbundleTickets(tx, await idsIn('bundled'), move);
  });
}

async function act(tx: WorkspaceTx, id: string, { action, who, minutes }: Step): Promise<void> {
  const decider = deciders[who % deciders.length]!;
  switch (action) {
    case 'edit':
      await editTicket(tx, await takeTicket(tx, id, null), { lines: [labor(minutes * 60)] }, writer);
      return;
    case 'submit':
      await submitTicket(tx, await takeTicket(tx, id, null), writer.id);
      return;
    case 'withdraw':
      await withdrawTicket(tx, await takeTicket(tx, id, null), writer.id);
      return;
    case 'discard':
      await discardTicket(tx, await takeTicket(tx, id, null), writer.id);
      return;
    case 'approve':
      return decideTicket(tx, id, { to: 'approve', ownReason: null }, decider);
    case 'reject':
      return decideTicket(tx, id, { to: 'reject', reason: 'because' }, decider);
    case 'bundle':
      await bundleTickets(tx, [id], move);
      return;
    case 'unbundle':
      await unbundleTickets(tx, [id], move);
      return;
    case 'reject_bundled':
      await rejectBundledTickets(tx, [id], { ...move, reason: 'not this one' });
      return;
    case 'pay':
      await markTicketsPaid(tx, [id], move);
      return;
    case 'unpay':
      await markTicketsUnpaid(tx, [id], move);
  }
}

interface Stored {
  id: string;
  status: TicketStatus;
  contentHash: string;
  approvedHash: string | null;
  revision: number;
  revisions: number;
  lineSeconds: number;
  /** Living entries: what they say, and whether the approval that they carry is of their content. */
  entries: { quantity: number; approval: string; approvedIsContent: boolean | null }[];
}
const read = (ids: string[]) =>
  firm.books.in((tx) =>
    tx.rows<Stored>(
      `select t.id, t.status, encode(t.content_hash, 'hex') as content_hash, encode(t.approved_hash, 'hex') as approved_hash, t.revision,
         (select count(*) from ticket_revisions r where r.workspace_id = $1 and r.ticket_id = t.id) as revisions,
         (select coalesce(sum(l.seconds), 0) from ticket_lines l where l.workspace_id = $1 and l.ticket_id = t.id)::int as line_seconds,
         (select coalesce(jsonb_agg(jsonb_build_object('quantity', v.quantity, 'approval', v.approval, 'approvedIsContent', v.approved_hash = v.content_hash)), '[]')
          from ticket_entries x join work_entries e on e.workspace_id = $1 and e.id = x.entry_id and e.deleted_at is null
          join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
          where x.workspace_id = $1 and x.ticket_id = t.id) as entries
       from tickets t where t.workspace_id = $1 and t.id = any($2::uuid[]) order by t.id`,
      [tx.workspaceId, ids],
    ),
  );

/** What an entry of a ticket in that status must say; a status that is not here has none, or none that is approved. */
const approvalOf: Partial<Record<TicketStatus, string>> = {
  submitted: 'submitted',
  approved: 'approved',
  bundled: 'approved',
  paid: 'approved',
};

function expectSound(ticket: Stored): void {
  expect(ticket.revision, 'each submission is a revision').toBe(ticket.revisions);
  expect(ticket.approvedHash, ticket.status).toBe(isApproved(ticket.status) ? ticket.contentHash : null);
  for (const entry of ticket.entries) {
    if (isApproved(ticket.status)) expect(entry.approvedIsContent, ticket.status).toBe(true);
    else {
      expect(entry.approval, ticket.status).not.toBe('approved');
      expect(entry.approvedIsContent, ticket.status).toBeNull();
    }
  }
  const wanted = approvalOf[ticket.status];
  if (wanted === undefined) return;
  expect(ticket.entries.map((entry) => entry.approval)).toEqual([wanted]);
  expect(ticket.entries[0]!.quantity, 'what is decided on is what is written').toBe(ticket.lineSeconds);
}

const step = fc.record<Step>({
  action: fc.constantFrom<TicketAction>(
    'edit',
    'submit',
    'submit',
    'withdraw',
    'approve',
    'approve',
    'reject',
    'discard',
    'bundle',
    'unbundle',
    'reject_bundled',
    'pay',
    'unpay',
  ),
  ticket: fc.nat(1),
  who: fc.nat(1),
  minutes: fc.integer({ min: 1, max: 60 }),
});

/** Two drafts on a day of their own, so that runs do not fill up one another's person-days. */
async function twoDrafts(): Promise<string[]> {
  day += 1;
  const workDate = new Date(Date.now() - day * 86_400_000).toISOString().slice(0, 10);
  const written = {
    personId: firm.contractor.personId!,
    projectId: firm.projectId,
    workDate,
    notes: '',
    correctsTicketId: null,
  };
  const one = () => firm.books.in((tx) => createTicket(tx, { ...written, lines: [labor(1800)] }, writer));
  return [(await one()).id, (await one()).id];
}

/** True when it was done; a refusal is an answer too, anything else is a failure. */
const tried = (id: string, one: Step): Promise<boolean> =>
  firm.books
    .in((tx) => act(tx, id, one))
    .then(
      () => true,
      (problem: unknown) => {
        if (problem instanceof Refusal) return false;
        throw problem;
      },
    );

test('one after the other: exactly what the table allows is done, and every state is sound', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const ids = await twoDrafts();
      const status = new Map<string, TicketStatus>(ids.map((id) => [id, 'draft']));
      for (const one of steps) {
        const id = ids[one.ticket]!;
        const next = nextTicketStatus(one.action, status.get(id)!);
        expect(await tried(id, one), `${one.action} of ${status.get(id)}`).toBe(next !== null);
        if (next !== null) status.set(id, next);
        for (const ticket of await read(ids)) {
          expect(ticket.status).toBe(status.get(ticket.id));
          expectSound(ticket);
        }
      }
    }),
    { numRuns: 30 },
  );
}, 120_000);

test('all at the same moment: whoever comes first, every state is sound and reachable by what was done', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 2, maxLength: 6 }), { minLength: 2, maxLength: 3 }),
      async (rounds) => {
        const ids = await twoDrafts();
        let before = await read(ids);
        for (const steps of rounds) {
          const done = await Promise.all(steps.map((one) => tried(ids[one.ticket]!, one)));
          const after = await read(ids);
          for (const [index, ticket] of after.entries()) {
            expectSound(ticket);
            const acted = steps
              .filter((one, at) => done[at] && ids[one.ticket] === ticket.id)
              .map((one) => one.action);
            expect(
              reachable(before[index]!.status, acted),
              `${before[index]!.status} by ${acted.join(', ')}`,
            ).toContain(ticket.status);
          }
          before = after;
        }
      },
    ),
    { numRuns: 30 },
  );
}, 120_000);

/** Where the table leads when all of these were done, in any order. */
function reachable(from: TicketStatus, actions: TicketAction[]): TicketStatus[] {
  if (actions.length === 0) return [from];
  return actions.flatMap((action, index) => {
    const next = nextTicketStatus(action, from);
    return next === null ? [] : reachable(next, actions.toSpliced(index, 1));
  });
}
