import { sleep, until } from '../support/loops.ts';
import { becomesClosed, patienceMs, record, withFirm } from './recorder.ts';

const isPostOf = (what: string) => (method: string, path: string) =>
  method === 'POST' && path.endsWith(`/${what}`);

/** The whole spine on a good day, with a second payment and a disconnected platform at its end. */
export async function goodDay(): Promise<void> {
  await withFirm({ pollSeconds: 2 }, async (firm) => {
    const run = await firm.bill();
    const invoice = await firm.invoiceBecomes('synced', (one) => one.sync?.status === 'synced');
    for (const [status, amount] of [
      ['partially_paid', '50.00'],
      ['settled', '150.00'],
    ]) {
      firm.quickbooks.bookPayment({
        invoiceId: invoice.sync!.externalId!,
        amount: amount!,
        date: '2026-04-10',
      });
      await firm.invoiceBecomes(status!, (one) => one.status === status);
    }
    await firm.at.idle(patienceMs);
    await record('billing-run.issued', firm.at.workflow('billing_run', run.id));
    await record('client-invoice.settled', firm.at.workflow('client_invoice', invoice.id));
    await record('client-invoice.pushed-in-place', firm.at.workflow('client_invoice', invoice.id));
    await record('connection.payments-polled', firm.at.workflow('connection', firm.quickbooksId));
    await firm.at.patch(`/connections/${firm.harvestId}`, { status: 'paused' });
    await firm.at.idle(patienceMs);
    await firm.at.patch(`/connections/${firm.harvestId}`, { status: 'disconnected' });
    await becomesClosed(firm.at.workflow('connection', firm.harvestId));
    await record('connection.disconnected', firm.at.workflow('connection', firm.harvestId));
  });
}

/** Answers that never come, a sign-in that is lost, a refusal that a person mends. */
export async function badDay(): Promise<void> {
  await withFirm({}, async (firm) => {
    firm.harvest.fault({
      kind: 'status',
      status: 500,
      times: 6,
      match: (_, path) => path.endsWith('/time_entries'),
    });
    await firm.sync(firm.harvestId);
    firm.quickbooks.fault({ kind: 'commit_then_drop', times: 1, match: isPostOf('customer') });
    firm.quickbooks.fault({ kind: 'status', status: 404, times: 1, match: isPostOf('invoice') });
    await firm.bill();
    const failed = await firm.invoiceBecomes('failed', (one) => one.sync?.status === 'failed');
    firm.quickbooks.setAccessToken('another');
    await firm.at.post(`/invoices/${failed.id}/retry-sync`, {});
    await firm.connectionBecomes(firm.quickbooksId, 'lost', (one) => one.status === 'authorization_lost');
    await sleep(1_500);
    await firm.at.patch(`/connections/${firm.quickbooksId}`, { secrets: { accessToken: 'another' } });
    await firm.invoiceBecomes('synced', (one) => one.sync?.status === 'synced');
    await firm.at.idle(patienceMs);
    await record('client-invoice.mended-by-a-person', firm.at.workflow('client_invoice', failed.id));
    await record('client-invoice.left-to-the-queue', firm.at.workflow('client_invoice', failed.id));
    const gaveUp = async () =>
      (await firm.at.get<{ items: { status: string }[] }>('/operations')).items.filter(
        (one) => one.status === 'failed',
      ).length === 6;
    await until('the reading was given up', gaveUp, 60_000);
    await firm.at.idle(patienceMs);
    await record('connection.reading-given-up', firm.at.workflow('connection', firm.harvestId));
  });
}
