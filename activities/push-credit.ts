/** Owns what takes back of an invoice at its platform: credit notes and their application, write-offs, refunds. */
import type { RemoteRef, TargetCreditNote } from '../connectors/kit/define.ts';
import { InvalidRequest } from '../connectors/kit/errors.ts';
import { Decimal } from '../domain/money.ts';
import { accountOf, cardOf, taxCodeOf } from '../domain/ownership.ts';
import {
  type CreditNoteToPush,
  readBadDebtToPush,
  readCreditNoteToPush,
  readRefundToPush,
  readRemoteRef,
} from '../store/documents-to-push.ts';
import { readExternalId } from '../store/sync.ts';
import { requireInForce } from './find-booked.ts';
import { declined, gone, type Push, type Pushed } from './push.ts';
import { readPushed } from './push-invoice.ts';
import { type AtTarget, differenceOf, productNameOf } from './target-invoice.ts';

const waitsForInvoice = (invoiceId: string, number: string): Pushed => ({
  is: 'waiting',
  for: invoiceId,
  reason: `Invoice ${number} is not at the platform yet.`,
});

export async function pushCreditNote(push: Push): Promise<Pushed> {
  const { deps, workspaceId, vendor, target, record, sayInvoice, once } = push;
  if (!target.creditNotes) return declined(target, 'creditNotes');
  const read = await deps.database.inWorkspace(workspaceId, async (tx) => {
    const note = await readCreditNoteToPush(tx, record.subjectId);
    if (note === null) throw gone('credit note');
    const invoice = await readRemoteRef(tx, record.connectionId, 'client_invoice', note.invoiceId);
    const { invoice: corrected, lines } = await readPushed(tx, note.invoiceId);
    return { note, invoice, corrected, lines };
  });
  const { note } = read;
  if (!read.invoice) return waitsForInvoice(note.invoiceId, note.invoiceNumber);
  // Customer, items and dimensions are those of the invoice that it corrects.
  const said = await sayInvoice(vendor, workspaceId, read.corrected, read.lines, { step: 'credit_note' });
  const document = toTargetCreditNote(push, note, said.at, read.invoice);
  const { creditNotes } = target;
  const remote = await once(
    () => creditNotes.find(vendor.http, document),
    (key) => creditNotes.create(vendor.http, document, key),
  );
  requireInForce(vendor, `Credit note ${note.number}`, remote);
  const difference = differenceOf(note, remote);
  if (difference !== null) return { is: 'different', externalId: remote.externalId, difference };
  const { externalId, versionToken, number, total } = remote;
  return {
    is: 'there',
    remote: { externalId, versionToken, total, ...(number !== note.number && { number }) },
  };
}

function toTargetCreditNote(
  { vendor }: Push,
  note: CreditNoteToPush,
  at: AtTarget,
  invoice: RemoteRef,
): TargetCreditNote {
  const card = cardOf(vendor.connection.ownership);
  return {
    key: note.id,
    number: note.number,
    customer: { externalId: at.customerExternalId },
    currency: note.currency,
    issueDate: note.issueDate,
    dueDate: note.issueDate,
    email: null,
    ...(card.number === 'theirs' && { numberBy: 'platform' as const }),
    ...(card.tax === 'ours' && { taxBy: 'us' as const }),
    invoice,
    lines: note.lines.map((line) => {
      const { description, amount, kind, projectId, taxCategory, taxRate } = line;
      return {
        description,
        itemExternalId: at.items.get(productNameOf(kind))!,
        // A credit of a price or of a discounted line is no multiple of anything.
        quantity: '1',
        unitPrice: amount,
        amount,
        serviceDate: null,
        taxCode: taxCodeOf(card, taxCategory, taxRate),
        ...(card.dimension !== 'none' && {
          dimension: (projectId && at.dimensions.get(projectId)) || null,
        }),
        ...(Object.keys(card.accounts).length > 0 && { accountCode: accountOf(card, kind) }),
      };
    }),
    net: note.net,
    tax: note.tax,
    total: note.total,
  };
}

/** As much of it as lowers the invoice: what went on account of a payment is no longer the invoice's. */
export async function pushCreditApplication(push: Push): Promise<Pushed> {
  const { deps, workspaceId, vendor, target, record, once } = push;
  const { connectionId, subjectId } = record;
  const { note, credit, invoice } = await deps.database.inWorkspace(workspaceId, async (tx) => {
    const note = await readCreditNoteToPush(tx, subjectId);
    if (note === null) throw gone('credit note');
    return {
      note,
      credit: await readRemoteRef(tx, connectionId, 'credit_note', note.id),
      invoice: await readRemoteRef(tx, connectionId, 'client_invoice', note.invoiceId),
    };
  });
  // A credit note that the platform does not take is in the posting file, and its application with it.
  if (!target.creditNotes) return { is: 'nothing', reason: 'The credit note is in the posting file.' };
  if (!target.creditApplications) return declined(target, 'creditApplications');
  if (!invoice) return waitsForInvoice(note.invoiceId, note.invoiceNumber);
  if (!credit)
    return { is: 'waiting', for: note.id, reason: `Credit note ${note.number} is not at the platform yet.` };
  const amount = new Decimal(note.total).minus(note.freed).toFixed(2);
  const wanted = { key: subjectId, creditNote: credit, invoice, amount, on: note.issueDate };
  const { creditApplications } = target;
  const remote = await once(
    () => creditApplications.find(vendor.http, wanted),
    (key) => creditApplications.create(vendor.http, wanted, key),
  );
  return { is: 'there', remote };
}

/** What comes back of a write-off has no document there: it is always posted by hand. */
export async function pushWriteOff({
  deps,
  workspaceId,
  vendor,
  target,
  record,
  once,
}: Push): Promise<Pushed> {
  const { connectionId, subjectId } = record;
  const { debt, invoice } = await deps.database.inWorkspace(workspaceId, async (tx) => {
    const debt = await readBadDebtToPush(tx, subjectId);
    if (debt === null) throw gone('write-off');
    return { debt, invoice: await readRemoteRef(tx, connectionId, 'client_invoice', debt.invoiceId) };
  });
  if (!invoice) return waitsForInvoice(debt.invoiceId, debt.invoiceNumber);
  if (!target.writeOffs) return declined(target, 'writeOffs');
  if (new Decimal(debt.amount).lt(0))
    return { is: 'declined', reason: 'A write-off that is taken back or recovered is posted by hand.' };
  const { amount, reason, postingDate: on } = debt;
  const wanted = { key: subjectId, invoice, amount, reason, on };
  const { writeOffs } = target;
  const remote = await once(
    () => writeOffs.find(vendor.http, wanted),
    (key) => writeOffs.create(vendor.http, wanted, key),
  );
  return { is: 'there', remote };
}

export async function pushRefund({ deps, workspaceId, vendor, target, record, once }: Push): Promise<Pushed> {
  if (!target.refunds) return declined(target, 'refunds');
  const { connectionId, subjectId } = record;
  const { refund, customer } = await deps.database.inWorkspace(workspaceId, async (tx) => {
    const refund = await readRefundToPush(tx, subjectId, connectionId);
    if (refund === null) throw gone('refund');
    return { refund, customer: await readExternalId(tx, connectionId, 'client', refund.clientId) };
  });
  const { amount, currency, valueDate: on, reference, paymentExternalId } = refund;
  if (customer === null)
    return { is: 'declined', reason: `${vendor.connector.name} has never had an invoice of this client.` };
  if (paymentExternalId === null)
    return { is: 'declined', reason: 'The payment that goes back was not booked at the platform.' };
  const payment = { externalId: paymentExternalId, versionToken: null };
  const wanted = {
    key: subjectId,
    customer: { externalId: customer },
    ...{ creditNote: null, payment, amount, currency, on, reference },
  };
  const { refunds } = target;
  try {
    const remote = await once(
      () => refunds.find(vendor.http, wanted),
      (key) => refunds.create(vendor.http, wanted, key),
    );
    return { is: 'there', remote };
  } catch (problem) {
    // Taken there against a credit note only: a person books it, by the posting file.
    if (!(problem instanceof InvalidRequest) || problem.vendorCode !== 'refund_of_payment') throw problem;
    return { is: 'declined', reason: problem.message };
  }
}
