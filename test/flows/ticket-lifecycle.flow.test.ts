/** Owns what a ticket's workflow does while people are silent: it reminds, escalates, and follows a contractor's ticket to the money. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addDays, localDay } from '../../domain/day.ts';
import { subjectWorkflowId } from '../../runtime/temporal-signals.ts';
import { wakeOpenSubjects } from '../../store/open-subjects.ts';
import { bundleTickets, markTicketsPaid } from '../../store/tickets.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { makeMember } from '../support/make-member.ts';
import { expectStatus, type Hand, hours, openTicketFirm, type TicketFirm } from '../support/tickets.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

async function openFirm(
  settings: Record<string, unknown> = { ticketReminderAfterSeconds: 1, ticketEscalationAfterSeconds: 2 },
): Promise<TicketFirm> {
  const firm = await openTicketFirm({
    test: hub.test,
    call: (method, path, options = {}) => hub.call(method, path, options),
    newMember: (workspaceId, role, options = {}) =>
      hub.test.database.inWorkspace(workspaceId, (tx) => makeMember(tx, role, options)),
  });
  expectStatus(await firm.admin.patch('/workspace', { settings }), 200);
  return firm;
}

const workflowOf = (firm: TicketFirm, id: string) =>
  hub.hub.temporal.workflow.getHandle(
    subjectWorkflowId({ workspaceId: firm.books.workspaceId, subjectType: 'ticket', subjectId: id }),
  );
/** Null until it has started. */
const stateOf = (firm: TicketFirm, id: string) =>
  workflowOf(firm, id)
    .query<{ step: string; status: string; for?: string; until?: string | null } | null>('state')
    .catch(() => null);
const becomes = (
  firm: TicketFirm,
  id: string,
  what: string,
  wanted: (state: Awaited<ReturnType<typeof stateOf>>) => boolean,
) => until(what, async () => wanted(await stateOf(firm, id)), 20_000);
const ends = (firm: TicketFirm, id: string) =>
  until(
    'the workflow has ended',
    () =>
      workflowOf(firm, id)
        .describe()
        .then(
          ({ status }) => status.name === 'COMPLETED',
          () => false,
        ),
    20_000,
  );
/** Kinds of what the member was told of the ticket, oldest first. */
const told = async (hand: Hand, id: string): Promise<string[]> =>
  expectStatus(await hand.get('/notifications'), 200)
    .items.filter((row: { subject: { id: string } }) => row.subject.id === id)
    .map((row: { kind: string }) => row.kind)
    .toReversed();

test('approvers who say nothing are reminded, then the admins are told, each once', async () => {
  const firm = await openFirm();
  const id = await firm.submitted([hours(2)]);
  await becomes(firm, id, 'it waits for a decision', (state) => state?.for === 'decision');
  await becomes(firm, id, 'nothing more is due', (state) => state?.step === 'wait' && state.until === null);
  expect(await told(firm.manager, id)).toEqual(['ticket.submitted', 'ticket.reminder']);
  expect(await told(firm.admin, id)).toEqual(['ticket.submitted', 'ticket.reminder', 'ticket.escalated']);
  expect(await told(firm.contractor, id)).toEqual([]);
  // Another look, as after a lost Temporal, tells nobody anything again.
  await firm.books.in(wakeOpenSubjects);
  await until('the looks are answered', async () =>
    firm.books.in(
      async (tx) =>
        (await tx.row('select from outbox where workspace_id = $1 limit 1', [tx.workspaceId])) === null,
    ),
  );
  expect(await told(firm.manager, id)).toEqual(['ticket.submitted', 'ticket.reminder']);

  expectStatus(await firm.manager.post(`/tickets/${id}/approve`, {}), 200);
  await becomes(firm, id, 'it waits for an invoice', (state) => state?.for === 'contractor_invoice');
  const { workspaceId } = firm.books;
  const by = { actor: 'test', contractorInvoiceId: id };
  await hub.test.database.inWorkspace(workspaceId, (tx) => bundleTickets(tx, [id], by));
  await becomes(firm, id, 'it waits for payment', (state) => state?.for === 'payment');
  await hub.test.database.inWorkspace(workspaceId, (tx) => markTicketsPaid(tx, [id], by));
  await ends(firm, id);
  expect(await stateOf(firm, id)).toMatchObject({ step: 'done', status: 'paid' });
});

test('a decision in time reminds nobody, and an employee’s ticket ends with it', async () => {
  const firm = await openFirm();
  const { id } = expectStatus(
    await firm.employee.post('/tickets', {
      projectId: firm.projectId,
      workDate: firm.workDate,
      lines: [hours(1)],
    }),
    201,
  );
  expectStatus(await firm.employee.post(`/tickets/${id}/submit`), 200);
  expectStatus(await firm.manager.post(`/tickets/${id}/approve`, {}), 200);
  await ends(firm, id);
  const due = await firm.books.in((tx) =>
    tx.rows('select kind from due where workspace_id = $1 and subject_id = $2 and done_at is null', [
      tx.workspaceId,
      id,
    ]),
  );
  expect(due).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(await told(firm.manager, id)).toEqual(['ticket.submitted']);
  expect(await told(firm.admin, id)).toEqual(['ticket.submitted']);
  expect(await told(firm.employee, id)).toEqual(['ticket.approved']);
});

test('a revised ticket is waited for anew, from its new submission on', async () => {
  const firm = await openFirm({ ticketReminderAfterSeconds: 3600, ticketEscalationAfterSeconds: 7200 });
  const id = await firm.submitted([hours(2)]);
  await becomes(firm, id, 'it waits for a decision', (state) => state?.for === 'decision');
  expectStatus(await firm.manager.post(`/tickets/${id}/reject`, { reason: 'Which yard?' }), 200);
  await ends(firm, id);
  expectStatus(await firm.contractor.patch(`/tickets/${id}`, { notes: 'North yard' }), 200);
  expectStatus(
    await firm.admin.patch('/workspace', {
      settings: { ticketReminderAfterSeconds: 1, ticketEscalationAfterSeconds: 3600 },
    }),
    200,
  );
  expectStatus(await firm.contractor.post(`/tickets/${id}/submit`), 200);
  await until(
    'the manager is reminded',
    async () => (await told(firm.manager, id)).includes('ticket.reminder'),
    20_000,
  );
  expect(await told(firm.manager, id)).toEqual(['ticket.submitted', 'ticket.submitted', 'ticket.reminder']);
});

test('while the project’s manager is away, their substitute is asked and reminded, and decides in their place', async () => {
  const firm = await openFirm();
  const boss = firm.hand(
    await hub.test.database.inWorkspace(firm.books.workspaceId, (tx) =>
      makeMember(tx, 'manager', { name: 'Berit Boss' }),
    ),
  );
  const today = localDay(new Date(), 'UTC');
  expectStatus(await firm.admin.patch(`/projects/${firm.projectId}`, { managerId: boss.id }), 200);
  expectStatus(
    await boss.post('/approval-substitutes', {
      substituteId: firm.manager.id,
      startsOn: today,
      endsBefore: addDays(today, 2),
    }),
    201,
  );
  const id = await firm.submitted([hours(1)]);
  await until('both are reminded', async () => (await told(boss, id)).includes('ticket.reminder'), 20_000);
  expect(await told(firm.manager, id)).toEqual(['ticket.submitted', 'ticket.reminder']);
  expect(await told(boss, id)).toEqual(['ticket.submitted', 'ticket.reminder']);
  expect((await told(firm.admin, id)).filter((kind) => kind !== 'ticket.escalated')).toEqual([]);
  const approved = expectStatus(await firm.manager.post(`/tickets/${id}/approve`, {}), 200);
  expect(approved).toMatchObject({ decidedByName: 'Mats Dahl', onBehalfOf: boss.id });
});

test('in a sandbox nothing is late before its clock says so', async () => {
  const firm = await openFirm({ ticketReminderAfterSeconds: 86_400, ticketEscalationAfterSeconds: 172_800 });
  const { workspaceId } = firm.books;
  const setClock = (at: string) =>
    firm.books.in((tx) =>
      tx.run(`update workspaces set kind = 'sandbox', clock_at = $2 where id = $1`, [workspaceId, at]),
    );
  const start = Date.now();
  await setClock(new Date(start).toISOString());
  const id = await firm.submitted([hours(1)]);
  await becomes(firm, id, 'it waits for its clock', (state) => state?.for === 'decision');
  expect(await told(firm.manager, id)).toEqual(['ticket.submitted']);
  await setClock(new Date(start + 86_500_000).toISOString());
  await hub.hub.temporal.schedule.getHandle('slipway-sweep').trigger();
  await until(
    'the manager is reminded',
    async () => (await told(firm.manager, id)).includes('ticket.reminder'),
    20_000,
  );
});
