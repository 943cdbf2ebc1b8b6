import { enqueueLook } from '../../store/outbox.ts';
import { hubDoor, openContractorFirm } from '../support/contractors.ts';
import { until } from '../support/loops.ts';
import { makeSandbox } from '../support/sandbox.ts';
import type { ShownInvoice } from '../support/spine.ts';
import type { Answered } from '../support/start-api.ts';
import { expectStatus } from '../support/tickets.ts';
import { openTestWorkspace, type TestWorkspace } from '../support/workspace.ts';
import { becomesClosed, type Firm, hub, isWanted, patienceMs, record, withFirm } from './recorder.ts';

/** From the sign-off that is reminded of to the thanks: every letter, a late fee, a word to us, a contractor who is paid. */
export async function longInvoice(): Promise<void> {
  const test = { database: hub.database };
  const opened = await openTestWorkspace(hub, hub.database);
  const firm = await openContractorFirm(
    hubDoor((method, path, options = {}) => opened.call(method, path, options), hub.database),
  );
  const { books, admin } = firm;
  const days = (count: number, from = '2027-03-01T12:00:00.000Z') =>
    new Date(Date.parse(from) + count * 86_400_000).toISOString();
  const at = await makeSandbox({ hub, test }, books.workspaceId, days(0));
  const done = async (status: number, answer: Promise<Answered>) => expectStatus(await answer, status);
  const client = { email: 'ap@ferries.example', paymentTermsDays: 10 };
  await done(200, admin.patch(`/clients/${books.clientId}`, client));
  const clauses = { signOffDays: 5, signOffExpiry: 'accept' };
  const contract = { clauses, payWhenPaid: true, longStopOn: '2099-01-01' };
  await done(200, admin.patch(`/contracts/${books.contractId}`, contract));
  const series = { sellerId: books.sellerId, documentType: 'late_fee', pattern: 'LF-{NNNN}' };
  await done(201, admin.post('/series', series));
  const steps = [{ days: -3 }, { days: 7 }, { days: 14, fee: { amount: '40.00', currency: 'GBP' } }];
  await done(
    201,
    admin.post('/reminder-policies', { name: 'Letters', isDefault: true, steps, thanks: true }),
  );
  await firm.approvedInvoice([await firm.approvedTicket()]);
  const run = {
    scope: { type: 'contract', id: books.contractId },
    cutoffOn: '2098-01-01',
    reason: 'recording',
  };
  await done(202, admin.post('/billing-runs', { ...run, finishAt: 'issue' }));
  await at.idle(60_000);
  const [invoice] = (await at.get<{ items: { id: string; total: string }[] }>('/invoices')).items;
  await at.moveTo(days(60), 300_000);
  const { total } = await at.get<{ total: string }>(`/invoices/${invoice!.id}`);
  const payment = { currency: 'GBP', amount: total, valueDate: days(60).slice(0, 10) };
  await done(
    201,
    admin.post('/payments', { ...payment, applications: [{ invoiceId: invoice!.id, amount: total }] }),
  );
  await at.moveTo(days(61), 60_000);
  await becomesClosed(at.workflow('client_invoice', invoice!.id));
  await record('client-invoice.reminded-and-thanked', at.workflow('client_invoice', invoice!.id));
}

/** The client is asked first: they accept; they say nothing, and the contract takes that for a yes; or for a no. */
export async function signOffs(): Promise<void> {
  for (const [path, clauses] of [
    ['signed-off', { signOffDays: 5 }],
    ['accepted-by-silence', { signOffDays: 5, signOffExpiry: 'accept' }],
    ['held-by-silence', { signOffDays: 5, signOffExpiry: 'hold' }],
  ] as const) {
    if (!isWanted(`client-invoice.${path}`)) continue;
    await withFirm({}, async (firm) => {
      const { at } = firm;
      await at.patch(`/contracts/${firm.contracts.NPF}`, { clauses });
      await firm.bill();
      const asked = await firm.invoiceBecomes('in sign-off', (one) => one.status === 'in_sign_off');
      const handle = at.workflow('client_invoice', asked.id);
      await until(
        'it waits',
        async () => (await handle.describe().catch(() => null))?.status.name === 'RUNNING',
      );
      await at.idle(patienceMs);
      if (path === 'signed-off') {
        const { contentHash } = await at.get<{ contentHash: string }>(`/invoices/${asked.id}/sign-off`);
        await at.post(`/invoices/${asked.id}/accept`, { contentHash });
      } else await timePasses(at, asked.id);
      const wanted = path === 'held-by-silence' ? 'held' : 'issued';
      await firm.invoiceBecomes(wanted, (one) => one.status === wanted);
      await at.idle(patienceMs);
      await record(`client-invoice.${path}`, handle);
    });
  }
}
/** Its window ends now: days are not waited for. */
const timePasses = (at: TestWorkspace, invoiceId: string) =>
  at.in(async (tx) => {
    await tx.run(`update sign_offs set due_at = now() where workspace_id = $1 and invoice_id = $2`, [
      at.workspaceId,
      invoiceId,
    ]);
    await enqueueLook(tx, {
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      lane: 'interactive',
      reason: 'recording',
    });
  });

/** Disputed while it waits for money, and the dispute rejected; void before anybody outside has it; its draft discarded. */
export async function ends(): Promise<void> {
  await withFirm({}, async (firm) => {
    await firm.bill();
    const invoice = await firm.invoiceBecomes('synced', (one) => one.sync?.status === 'synced');
    await firm.at.idle(patienceMs);
    const dispute = await firm.at.post<{ id: string }>(`/invoices/${invoice.id}/disputes`, {
      reason: 'Ann was not on board that day',
    });
    await firm.at.idle(patienceMs);
    await firm.at.post(`/disputes/${dispute.id}/decide`, { decision: 'rejected', reason: 'She was' });
    await firm.at.idle(patienceMs);
    await pay(firm, invoice);
    await becomesClosed(firm.at.workflow('client_invoice', invoice.id));
    await record('client-invoice.disputed-then-paid', firm.at.workflow('client_invoice', invoice.id));
  });
  await withFirm({}, async (firm) => {
    // Nobody outside has it: no platform takes the contract's invoices, and they go by post.
    await firm.at.patch(`/contracts/${firm.contracts.NPF}`, {
      targetConnectionId: null,
      deliveryChannel: 'post',
    });
    await firm.bill();
    const invoice = await firm.invoiceBecomes('issued', (one) => one.status === 'issued');
    await firm.at.idle(patienceMs);
    await firm.at.post(`/invoices/${invoice.id}/void`, { reason: 'recording' });
    await becomesClosed(firm.at.workflow('client_invoice', invoice.id));
    await record('client-invoice.voided', firm.at.workflow('client_invoice', invoice.id));
  });
}
const pay = (firm: Firm, invoice: ShownInvoice) =>
  firm.at.post('/payments', {
    clientId: invoice.clientId,
    currency: 'USD',
    amount: invoice.total,
    valueDate: '2026-04-10',
    reference: null,
    applications: [{ invoiceId: invoice.id, amount: invoice.total }],
  });

/** An invoice that waits for its client has a workflow before it has a number: its search learns of it. */
export async function numberedLater(): Promise<void> {
  await withFirm({}, async (firm) => {
    const contractId = firm.contracts.NPF!;
    await firm.at.patch(`/contracts/${contractId}`, { clauses: { signOffDays: 5 } });
    await firm.bill();
    const asked = await firm.invoiceBecomes('in sign-off', ({ status }) => status === 'in_sign_off');
    await firm.at.idle();
    const { contentHash } = await firm.at.get<{ contentHash: string }>(`/invoices/${asked.id}/sign-off`);
    await firm.at.post(`/invoices/${asked.id}/accept`, { contentHash });
    await firm.invoiceBecomes('synced', (one) => one.sync?.status === 'synced');
    await firm.at.idle();
    await record('client-invoice.named-while-waiting', firm.at.workflow('client_invoice', asked.id));
  });
}
