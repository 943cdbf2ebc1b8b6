/** Owns the whole story on a hub: from a contractor's ticket to the contractor's money, and who is told what on the way. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { subjectWorkflowId } from '../../runtime/temporal-signals.ts';
import { verifyWorkspace } from '../../store/verify.ts';
import { expectBalanced } from '../support/books.ts';
import { type ContractorFirm, hubDoor, openContractorFirm } from '../support/contractors.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { pdf } from '../support/sample-files.ts';
import { expectStatus, type Hand, hours } from '../support/tickets.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

const openFirm = (): Promise<ContractorFirm> =>
  openContractorFirm(
    hubDoor((method, path, options = {}) => hub.call(method, path, options), hub.test.database),
  );

const workflowOf = (firm: ContractorFirm, id: string) =>
  hub.hub.temporal.workflow.getHandle(
    subjectWorkflowId({
      workspaceId: firm.books.workspaceId,
      subjectType: 'contractor_invoice',
      subjectId: id,
    }),
  );
/** Null until it has started. */
const stateOf = (firm: ContractorFirm, id: string) =>
  workflowOf(firm, id)
    .query<{ step: string; for?: string; until?: string | null } | null>('state')
    .catch(() => null);
const waitsFor = (firm: ContractorFirm, id: string, what: string) =>
  until(`it waits for ${what}`, async () => (await stateOf(firm, id))?.for === what, 30_000);
const ends = (firm: ContractorFirm, id: string) =>
  until(
    'the workflow has ended',
    () =>
      workflowOf(firm, id)
        .describe()
        .then(
          ({ status }) => status.name === 'COMPLETED',
          () => false,
        ),
    30_000,
  );

/** A receipt that the member uploads for a ticket's line. */
async function uploadReceipt(hand: Hand): Promise<string> {
  const response = await fetch(`${hub.hub.url}/api/v1/attachments?name=Parking.pdf&subjectType=ticket_line`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${hand.key}`, 'Content-Type': 'application/octet-stream' },
    body: new Uint8Array(pdf('parking')),
  });
  if (response.status !== 201) throw new Error(`upload: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}

test('a contractor’s ticket is rejected, revised, approved, bundled with four others, submitted, approved, paid in two parts; and at each step the right people, and only they, are told', {
  timeout: 120_000,
}, async () => {
  const firm = await openFirm();
  const { contractor, manager, admin, clerk, employee } = firm;
  const everybody = { contractor, manager, admin, clerk, employee };
  const heard: Record<string, number> = {};
  /** Who was told what since the last time this was asked. */
  const news = async () => {
    const found: Record<string, string[]> = {};
    for (const [name, hand] of Object.entries(everybody)) {
      const told = await firm.told(hand);
      const fresh = told.slice(heard[name] ?? 0);
      heard[name] = told.length;
      if (fresh.length > 0) found[name] = fresh;
    }
    return found;
  };
  await news();

  const receiptId = await uploadReceipt(contractor);
  const lines = [
    hours(3.25),
    hours(1.5, { overtime: true }),
    { kind: 'expense', amount: '34.50', currency: 'GBP', category: 'Parking', receiptId },
    { kind: 'mileage', metres: 42_000 },
  ];
  const ticket = await firm.draft(lines);
  expect(await news()).toEqual({});
  expectStatus(await contractor.post(`/tickets/${ticket}/submit`), 200);
  const approversOfTickets = {
    manager: ['ticket.submitted'],
    admin: ['ticket.submitted'],
    clerk: ['ticket.submitted'],
  };
  expect(await news()).toEqual(approversOfTickets);
  expectStatus(
    await manager.post(`/tickets/${ticket}/reject`, { reason: 'Which job was the overtime for?' }),
    200,
  );
  expect(await news()).toEqual({ contractor: ['ticket.rejected'] });
  expectStatus(await contractor.patch(`/tickets/${ticket}`, { notes: 'Overtime: stern tube seal' }), 200);
  expectStatus(await contractor.post(`/tickets/${ticket}/submit`), 200);
  expect(await news()).toEqual(approversOfTickets);
  expectStatus(await manager.post(`/tickets/${ticket}/approve`, {}), 200);
  expect(await news()).toEqual({ contractor: ['ticket.approved'] });

  const others: string[] = [];
  for (const count of [1, 2, 3, 4]) others.push(await firm.approvedTicket([hours(count)]));
  await news();
  const draft = await firm.bundle([ticket, ...others]);
  // 136.50 + 94.50 + 34.50 + 18.90 of the ticket, and 10 h at 42.00 of the others.
  expect(draft).toMatchObject({ total: '704.40', ticketCount: 5 });
  expect(
    draft.tickets
      .map((row: { amount: string }) => row.amount)
      .sort((a: string, b: string) => Number(a) - Number(b)),
  ).toEqual(['42.00', '84.00', '126.00', '168.00', '284.40']);
  expect(await news()).toEqual({});
  const { id } = draft;
  expectStatus(await contractor.post(`/contractor-invoices/${id}/submit`), 200);
  expect(await news()).toEqual({
    manager: ['contractor_invoice.submitted'],
    admin: ['contractor_invoice.submitted'],
    clerk: ['contractor_invoice.submitted'],
  });
  await waitsFor(firm, id, 'decision');
  // The manager approved all of its tickets.
  expect((await manager.post(`/contractor-invoices/${id}/approve`, {})).json.code).toBe(
    'duty.approved_all_tickets',
  );
  expectStatus(await admin.post(`/contractor-invoices/${id}/approve`, {}), 200);
  expect(await news()).toEqual({ contractor: ['contractor_invoice.approved'] });
  await waitsFor(firm, id, 'payment');

  expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '300.00' }]), 201);
  expect(await news()).toEqual({ contractor: ['contractor_invoice.partially_paid'] });
  expect(await firm.invoice(id)).toMatchObject({ status: 'partially_paid', applied: '300.00' });
  await waitsFor(firm, id, 'rest_of_payment');
  expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '404.40' }]), 201);
  expect(await news()).toEqual({ contractor: ['contractor_invoice.paid'] });
  expect(await firm.invoice(id)).toMatchObject({ status: 'paid', applied: '704.40' });
  for (const one of [ticket, ...others]) expect((await firm.ticket(one)).status).toBe('paid');
  await ends(firm, id);

  await expectBalanced(hub.test.database, firm.books);
  const { ok, checks } = await verifyWorkspace(hub.test.database, firm.books.workspaceId);
  expect(ok, JSON.stringify(checks.filter((check) => !check.ok))).toBe(true);
  const types = await firm.books.in((tx) =>
    tx.rows<{ type: string; actor: string }>(
      `select type, actor from events where workspace_id = $1 and subject_id = $2 order by seq`,
      [tx.workspaceId, id],
    ),
  );
  expect(types.map(({ type, actor }) => [type, actor])).toEqual([
    ['contractor_invoice.created', `member:${contractor.id}`],
    ['contractor_invoice.submitted', `member:${contractor.id}`],
    ['contractor_invoice.approved', `member:${admin.id}`],
    ['contractor_invoice.partially_paid', `member:${clerk.id}`],
    ['contractor_invoice.paid', `member:${clerk.id}`],
  ]);
});

test('who does not decide is reminded once, then the admins hear of it once; a decision ends both', {
  timeout: 60_000,
}, async () => {
  const firm = await openFirm();
  const settings = { contractorInvoiceReminderAfterSeconds: 1, contractorInvoiceEscalationAfterSeconds: 2 };
  expectStatus(await firm.admin.patch('/workspace', { settings }), 200);
  const { id } = await firm.submittedInvoice([await firm.approvedTicket()]);
  await until(
    'nothing more is due',
    async () => {
      const state = await stateOf(firm, id);
      return state?.step === 'wait' && state.until === null;
    },
    30_000,
  );
  const ofInvoice = async (hand: Hand) =>
    (await firm.told(hand)).filter((kind) => kind.startsWith('contractor_invoice'));
  expect(await ofInvoice(firm.manager)).toEqual([
    'contractor_invoice.submitted',
    'contractor_invoice.reminder',
  ]);
  expect(await ofInvoice(firm.admin)).toEqual([
    'contractor_invoice.submitted',
    'contractor_invoice.reminder',
    'contractor_invoice.escalated',
  ]);
  expect(await ofInvoice(firm.contractor)).toEqual([]);
  expectStatus(await firm.admin.post(`/contractor-invoices/${id}/reject`, { reason: 'Which yard?' }), 200);
  await ends(firm, id);
  // Submitted again, it is waited for anew, by the same workflow's next run.
  expectStatus(
    await firm.admin.patch('/workspace', { settings: { contractorInvoiceReminderAfterSeconds: 3_600 } }),
    200,
  );
  expectStatus(await firm.contractor.post(`/contractor-invoices/${id}/submit`), 200);
  await waitsFor(firm, id, 'decision');
  expectStatus(await firm.admin.post(`/contractor-invoices/${id}/approve`, {}), 200);
  await waitsFor(firm, id, 'payment');
  expect(await ofInvoice(firm.contractor)).toEqual([
    'contractor_invoice.rejected',
    'contractor_invoice.approved',
  ]);
});
