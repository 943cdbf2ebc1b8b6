/** Owns contractor invoices as the platform's bills, and what was paid on them. */
import type { TargetBill } from '../connectors/kit/define.ts';
import { Decimal } from '../domain/money.ts';
import { accountOf, cardOf } from '../domain/ownership.ts';
import {
  type ContractorInvoice,
  readContractorInvoice,
  readContractorInvoiceLines,
} from '../store/contractor-invoices.ts';
import { readContractorPayment } from '../store/contractor-payments.ts';
import { readRemoteRef } from '../store/documents-to-push.ts';
import { people } from '../store/people.ts';
import { readExternalId } from '../store/sync.ts';
import { requireInForce } from './find-booked.ts';
import { declined, gone, type Push, type Pushed, pushActor } from './push.ts';
import { differenceOf } from './target-invoice.ts';
import { ensureNamed } from './write-once.ts';

export async function pushBill(push: Push): Promise<Pushed> {
  const { vendor, target, once } = push;
  if (!target.bills || !target.vendors) return declined(target, 'bills');
  const { invoice, lines, email } = await readBill(push);
  if (invoice.status === 'cancelled') return { is: 'nothing', reason: 'It was cancelled.' };
  const payee = await ensurePayee(push, invoice, email);
  const card = cardOf(vendor.connection.ownership);
  const bill: TargetBill = {
    key: invoice.id,
    // What their paper says, where there is one: that is what they ask about.
    number: invoice.theirNumber ?? invoice.number!,
    vendor: { externalId: payee },
    currency: invoice.currency,
    issueDate: invoice.theirDate ?? invoice.issueDate ?? invoice.postingDate!,
    dueDate: invoice.dueDate ?? invoice.postingDate!,
    lines: lines.map(({ description, quantity, unitPrice, amount, workDate, kind }) => ({
      description,
      itemExternalId: '',
      quantity,
      unitPrice,
      amount,
      serviceDate: workDate,
      accountCode: accountOf(card, kind),
      taxCode: null,
    })),
    net: invoice.net,
    tax: invoice.tax,
    total: invoice.total,
  };
  const { bills } = target;
  const remote = await once(
    () => bills.find(vendor.http, bill),
    (key) => bills.create(vendor.http, bill, key),
  );
  requireInForce(vendor, `Bill ${bill.number}`, remote);
  const difference = differenceOf(invoice, remote);
  if (difference !== null) return { is: 'different', externalId: remote.externalId, difference };
  const { externalId, versionToken, total } = remote;
  return { is: 'there', remote: { externalId, versionToken, total } };
}

function readBill({ deps, workspaceId, record }: Push) {
  return deps.database.inWorkspace(workspaceId, async (tx) => {
    const invoice = await readContractorInvoice(tx, record.ownerId);
    if (!invoice) throw gone('contractor invoice');
    const person = await people.find(tx, invoice.personId);
    return {
      invoice,
      lines: await readContractorInvoiceLines(tx, invoice.id),
      email: person?.email ?? null,
    };
  });
}

function ensurePayee(
  { deps, workspaceId, vendor, target }: Push,
  { personId, personName, currency }: ContractorInvoice,
  email: string | null,
): Promise<string> {
  const vendors = target.vendors!;
  const party = { name: personName, email, currency };
  const subject = { workspaceId, subjectType: 'payee', subjectId: personId } as const;
  const find = () => vendors.find(vendor.http, party);
  const create = (key: string) => vendors.create(vendor.http, party, key);
  return ensureNamed(deps.database, vendor, subject, { find, create }, pushActor);
}

/** The cash of one payment on this bill. What was withheld or netted is no payment there: it goes into the posting file. */
export async function pushBillPayment(push: Push): Promise<Pushed> {
  const { deps, workspaceId, vendor, target, record, once } = push;
  const { connectionId, ownerId, facts } = record;
  const documentId = facts.paymentId!;
  if (!target.billPayments) return { ...declined(target, 'billPayments'), documentId } as Pushed;
  const { bill, payee, payment } = await deps.database.inWorkspace(workspaceId, async (tx) => {
    const payment = await readContractorPayment(tx, documentId);
    if (!payment) throw gone('payment');
    return {
      payment,
      bill: await readRemoteRef(tx, connectionId, 'contractor_invoice', ownerId),
      payee: await readExternalId(tx, connectionId, 'payee', payment.personId),
    };
  });
  if (payment.status === 'reversed')
    return { is: 'nothing', reason: 'It was taken back before it was booked there.' };
  if (!bill || payee === null)
    return { is: 'waiting', for: ownerId, reason: 'The bill is not at the platform yet.' };
  if (new Decimal(facts.cash!).isZero())
    return { is: 'declined', documentId, reason: 'Withheld tax and netted credits are no payment there.' };
  const wanted = {
    key: record.subjectId,
    bill,
    vendor: { externalId: payee },
    amount: facts.cash!,
    currency: payment.currency,
    on: payment.valueDate,
    reference: payment.reference,
  };
  const { billPayments } = target;
  const remote = await once(
    () => billPayments.find(vendor.http, wanted),
    (key) => billPayments.create(vendor.http, wanted, key),
  );
  return { is: 'there', remote };
}
