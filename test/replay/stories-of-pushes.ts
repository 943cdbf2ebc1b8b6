/** Owns the stories of what follows an invoice to its platform: credits, refunds, a look at what changed there, and bills. */
import { startQuickbooksSandbox } from '../../connectors/quickbooks/sandbox.ts';
import { subjectWorkflowId } from '../../runtime/temporal-signals.ts';
import { hubDoor, openContractorFirm } from '../support/contractors.ts';
import { until } from '../support/loops.ts';
import { quickbooksCompany, quickbooksSettings } from '../support/spine.ts';
import { expectStatus } from '../support/tickets.ts';
import { openTestWorkspace } from '../support/workspace.ts';
import { hub, patienceMs, record, withFirm } from './recorder.ts';

/** An invoice is credited there; money on account is refunded, which the platform does not take; then it is looked at. */
export async function followed(): Promise<void> {
  await withFirm({}, async (firm) => {
    const { at, quickbooks, quickbooksId } = firm;
    const [seller] = (await at.get<{ items: { id: string }[] }>('/sellers')).items;
    await at.post('/series', { sellerId: seller!.id, documentType: 'credit_note', pattern: 'CN-{NNNN}' });
    await firm.bill();
    const invoice = await firm.invoiceBecomes('synced', (one) => one.sync?.status === 'synced', patienceMs);
    await at.post(`/invoices/${invoice.id}/credit-notes`, { by: 'amount', amount: '50.00', reason: 'Late' });
    const there = () => quickbooks.invoices[0]!;
    await until('the credit is applied there', async () => there().Balance === 150, patienceMs);
    quickbooks.receive(there().CustomerRef.value, '20.00', '2026-04-12');
    await firm.sync(quickbooksId);
    await at.idle(patienceMs);
    const [payment] = (await at.get<{ items: { id: string }[] }>('/payments')).items;
    const refund = { amount: '20.00', method: 'wire', valueDate: '2026-04-20', reason: 'Paid by mistake' };
    await at.post(`/payments/${payment!.id}/refund`, refund);
    await at.idle(patienceMs);
    await record('client-invoice.credited-there', at.workflow('client_invoice', invoice.id));
    await record('connection.documents-looked-at', at.workflow('connection', quickbooksId));
  });
}

/** An approved contractor invoice is booked as a bill, and paid there. */
export async function billed(): Promise<void> {
  const at = await openTestWorkspace(hub, hub.database);
  const firm = await openContractorFirm(
    hubDoor((method, path, options = {}) => at.call(method, path, options), hub.database),
  );
  const quickbooks = await startQuickbooksSandbox({
    ...quickbooksCompany,
    rateLimit: 'off',
    homeCurrency: 'GBP',
  });
  try {
    const connection = {
      connector: 'quickbooks',
      name: 'Books',
      goLiveOn: '2020-01-01',
      settings: { ...quickbooksSettings, expenseAccountId: '80', bankAccountId: '35' },
      secrets: { accessToken: quickbooksCompany.accessToken },
      baseUrlOverride: quickbooks.url,
      ownership: { billsOf: [firm.books.sellerId] },
    };
    expectStatus(await firm.admin.post('/connections', connection), 201);
    const { id } = await firm.approvedInvoice([await firm.approvedTicket()]);
    await until('the bill is there', async () => quickbooks.bills.length === 1, patienceMs);
    expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '84.00' }]), 201);
    await until('it is paid there', async () => quickbooks.bills[0]!.Balance === 0, patienceMs);
    const { workspaceId } = firm.books;
    const subject = { workspaceId, subjectType: 'contractor_invoice', subjectId: id } as const;
    const handle = hub.temporal.workflow.getHandle(subjectWorkflowId(subject));
    await record('contractor-invoice.billed-there', handle);
  } finally {
    await quickbooks.close();
  }
}
