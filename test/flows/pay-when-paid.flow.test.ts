/** Owns pay when paid over HTTP: the contractor's claim waits for the client's money, pro rata, until the long stop. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Books, bill, expectBalanced, invoicesOf } from '../support/books.ts';
import { type ContractorFirm, openContractorFirm } from '../support/contractors.ts';
import { startApi, type TestApi } from '../support/start-api.ts';
import { expectStatus } from '../support/tickets.ts';

let api: TestApi;
const opened: Books[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(api.test.database, books);
});
afterAll(() => api.stop());

async function open(
  longStopOn: string,
): Promise<{ firm: ContractorFirm; claim: { id: string; number: string } }> {
  const firm = await openContractorFirm(api);
  opened.push(firm.books);
  const path = `/contracts/${firm.books.contractId}`;
  const without = await firm.admin.patch(path, { payWhenPaid: true });
  expect([without.status, without.json.code]).toEqual([422, 'contract.long_stop_missing']);
  expectStatus(await firm.admin.patch(path, { payWhenPaid: true, longStopOn }), 200);
  const claim = await firm.approvedInvoice([await firm.approvedTicket()]);
  return { firm, claim: claim as unknown as { id: string; number: string } };
}
const payableNow = async (firm: ContractorFirm, id: string) =>
  expectStatus(await firm.contractor.get(`/contractor-invoices/${id}/payable`), 200).payableNow;
const pay = (firm: ContractorFirm, id: string, amount: string) =>
  firm.pay([{ contractorInvoiceId: id, amount }]);
const clientPays = async (firm: ContractorFirm, invoiceId: string, amount: string) =>
  expectStatus(
    await firm.admin.post('/payments', {
      currency: 'GBP',
      amount,
      valueDate: firm.today,
      applications: [{ invoiceId, amount }],
    }),
    201,
  );

test('a contractor is paid as far as the client has paid, and a word of the client releases nothing', async () => {
  const { firm, claim } = await open('2099-01-01');
  // 2 h at 42.00; the client is billed 2 h and has paid nothing.
  expect(await payableNow(firm, claim.id)).toBe('0.00');
  const early = await pay(firm, claim.id, '84.00');
  expect([early.status, early.json.code]).toEqual([409, 'contractor_payment.not_released']);
  await bill(api.test.database, firm.books);
  const [invoice] = await invoicesOf(firm.books);
  expect(Number(invoice?.total)).toBeGreaterThan(0);
  expectStatus(
    await firm.admin.post(`/invoices/${invoice!.id}/confirm-payment`, { paidOn: firm.today }),
    200,
  );
  expect(await payableNow(firm, claim.id)).toBe('0.00');

  const quarter = (Number(invoice!.total) / 4).toFixed(2);
  const first = await clientPays(firm, invoice!.id, quarter);
  expect(await payableNow(firm, claim.id)).toBe('21.00');
  expect((await pay(firm, claim.id, '21.01')).json.code).toBe('contractor_payment.not_released');
  expectStatus(await pay(firm, claim.id, '21.00'), 201);
  expect(await payableNow(firm, claim.id)).toBe('0.00');

  await clientPays(firm, invoice!.id, (Number(invoice!.total) - Number(quarter)).toFixed(2));
  expect(await payableNow(firm, claim.id)).toBe('63.00');
  // The client's money goes back: what is paid out stays paid, the rest waits again.
  expectStatus(await firm.admin.post(`/payments/${first.id}/reverse`, { reason: 'bounced' }), 200);
  expect(await payableNow(firm, claim.id)).toBe('42.00');
  expectStatus(await pay(firm, claim.id, '42.00'), 201);
});

test('on the long-stop day the claim is due in full though the client never paid', async () => {
  const { firm, claim } = await open('2026-01-01');
  expect(await payableNow(firm, claim.id)).toBe('84.00');
  expectStatus(await pay(firm, claim.id, '84.00'), 201);
  expect((await firm.invoice(claim.id)).status).toBe('paid');
});
