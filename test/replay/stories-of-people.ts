import type { TicketStep } from '../../activities/ticket.ts';
import { sweepOverdue } from '../../runtime/sweeper.ts';
import { subjectWorkflowId } from '../../runtime/temporal-signals.ts';
import { bundleTickets, markTicketsPaid } from '../../store/tickets.ts';
import { hubDoor, openContractorFirm } from '../support/contractors.ts';
import { until } from '../support/loops.ts';
import { openTicketDesk } from '../support/ticket-desk.ts';
import { expectStatus } from '../support/tickets.ts';
import { openTestWorkspace } from '../support/workspace.ts';
import { becomesClosed, hub, patienceMs, record } from './recorder.ts';

/** Nobody decides until reminder and escalation have gone out; then approved, and paid in two parts. */
export async function contractorDay(): Promise<void> {
  const at = await openTestWorkspace(hub, hub.database);
  const firm = await openContractorFirm(
    hubDoor((method, path, options = {}) => at.call(method, path, options), hub.database),
  );
  const { workspaceId } = firm.books;
  const settings = { contractorInvoiceReminderAfterSeconds: 1, contractorInvoiceEscalationAfterSeconds: 2 };
  expectStatus(await firm.admin.patch('/workspace', { settings }), 200);
  const { id } = await firm.submittedInvoice([await firm.approvedTicket()]);
  await until(
    'the admins were told',
    async () => (await firm.told(firm.admin)).includes('contractor_invoice.escalated'),
    20_000,
  );
  expectStatus(await firm.admin.post(`/contractor-invoices/${id}/approve`, {}), 200);
  const handle = hub.temporal.workflow.getHandle(
    subjectWorkflowId({ workspaceId, subjectType: 'contractor_invoice', subjectId: id }),
  );
  const waitsFor = (what: string) =>
    until(`it waits for ${what}`, async () => {
      const state = await handle.query<{ for?: string } | null>('state');
      return state?.for === what;
    });
  await waitsFor('payment');
  expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '34.00' }]), 201);
  await waitsFor('rest_of_payment');
  expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '50.00' }]), 201);
  await becomesClosed(handle);
  await record('contractor-invoice.paid', handle);
}

/** Nobody decides until reminder and escalation have gone out, then it is followed to the money; another is rejected at once. */
export async function ticketDay(): Promise<void> {
  const at = await openTestWorkspace(hub, hub.database);
  await at.patch('/workspace', {
    settings: { ticketReminderAfterSeconds: 1, ticketEscalationAfterSeconds: 2 },
  });
  const desk = await openTicketDesk(at, hub.database);
  const hours = [{ kind: 'labor', seconds: 7_200 }];
  const id = await desk.handIn(desk.dayAgo(2), hours);
  const handle = at.workflow('ticket', id);
  const stands = (what: string, wanted: (state: TicketStep) => boolean) =>
    until(what, async () => {
      const state = await handle.query<TicketStep | null>('state').catch(() => null);
      return state !== null && wanted(state);
    });
  await stands('reminded and escalated', (state) => state.step === 'wait' && state.until === null);
  await desk.send(desk.manager, 'POST', `/tickets/${id}/approve`, {});
  await stands('approved', (state) => state.step === 'wait' && state.for === 'contractor_invoice');
  const invoice = { actor: 'recording', contractorInvoiceId: id };
  await at.in((tx) => bundleTickets(tx, [id], invoice));
  await stands('bundled', (state) => state.step === 'wait' && state.for === 'payment');
  await at.in((tx) => markTicketsPaid(tx, [id], invoice));
  await becomesClosed(handle);
  await record('ticket.paid', handle);

  const other = await desk.handIn(desk.dayAgo(3), hours);
  await desk.send(desk.manager, 'POST', `/tickets/${other}/reject`, { reason: 'Which yard?' });
  await becomesClosed(at.workflow('ticket', other));
  await record('ticket.rejected', at.workflow('ticket', other));
}

export async function sweeps(): Promise<void> {
  const schedule = hub.temporal.schedule.getHandle('slipway-sweep');
  await schedule.trigger();
  let workflowId: string | undefined;
  await until('a sweep ran', async () => {
    const [latest] = (await schedule.describe()).info.recentActions;
    if (latest?.action.type === 'startWorkflow') ({ workflowId } = latest.action.workflow);
    return workflowId !== undefined;
  });
  const handle = hub.temporal.workflow.getHandle(workflowId!);
  await becomesClosed(handle);
  await record('sweep.nothing-overdue', handle);
}

/** A quarter that ends on a moved clock, books that nobody closes, and the end of the grace. */
export async function report(): Promise<void> {
  const at = await openTestWorkspace(hub, hub.database);
  const clockTo = async (day: string) => {
    await at.in((tx) =>
      tx.run('update workspaces set clock_at = $2 where id = $1', [at.workspaceId, `${day}T12:00:00Z`]),
    );
    await sweepOverdue(hub.database, { graceMs: 0 });
    await at.idle(patienceMs);
  };
  await clockTo('2026-02-10');
  await at.post('/clients', {
    name: 'Northern Ferries',
    email: 'office@ferries.example',
    currency: 'EUR',
    quarterlyReports: true,
  });
  await at.idle(patienceMs);
  const { items } = await at.get<{ items: { id: string }[] }>('/client-reports');
  for (const day of ['2026-04-03', '2026-04-20']) await clockTo(day);
  const handle = at.workflow('client_report', items[0]!.id);
  await becomesClosed(handle);
  await record('client-report.made-after-grace', handle);
}
