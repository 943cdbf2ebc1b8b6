/** Owns what is said of an invoice at its times, beside letters: to its client before sign-off and when it is paid, and to us. */
import { localDay } from '../domain/day.ts';
import type { PlannedStep } from '../domain/invoice-plan.ts';
import { Decimal, fixed, minorPlaces } from '../domain/money.ts';
import { printLanguageOf } from '../domain/print-format.ts';
import { thanksMail } from '../domain/reminder-mail.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { clockOf } from './clock.ts';
import { tellOfRelease } from './contractor-invoice-notices.ts';
import { readContractorInvoice } from './contractor-invoices.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { queueMail } from './mails.ts';
import { notify } from './notifications.ts';
import { enqueueLook } from './outbox.ts';
import { claimsBehind, readReleased } from './pay-when-paid.ts';
import { readAddress } from './reminders.ts';
import { tellClients } from './sign-off-notices.ts';
import { readSignOff } from './sign-offs.ts';
import { getWorkspace, zoneOf } from './workspaces.ts';

interface Facts {
  clientId: string;
  clientName: string;
  number: string;
  currency: string;
  total: DecimalText;
  dueDate: Day;
}
async function readFacts(tx: WorkspaceTx, invoiceId: string): Promise<Facts> {
  const row = await tx.row<Facts>(
    `select i.client_id, c.name as client_name, i.number, i.currency, i.total, i.due_date from client_invoices i
     join clients c on c.workspace_id = $1 and c.id = i.client_id where i.workspace_id = $1 and i.id = $2`,
    [tx.workspaceId, invoiceId],
  );
  return row!;
}

function record(
  tx: WorkspaceTx,
  invoiceId: string,
  what: string,
  actor: string,
  payload: Record<string, unknown>,
): Promise<void> {
  return recordEvents(tx, [
    {
      type: `invoice.${what}`,
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      actor,
      permission: 'invoices.read',
      payload,
    },
  ]);
}

/** The members of the client who were asked are told once more. */
export async function remindSignOff(
  tx: WorkspaceTx,
  invoiceId: string,
  actor: string,
  { period }: PlannedStep,
): Promise<void> {
  const { dueAt } = (await readSignOff(tx, invoiceId))!;
  const { clientId, total, currency } = await readFacts(tx, invoiceId);
  const draft = { id: invoiceId, clientId, total, currency };
  const of = () => ({ key: period, dueOn: dueAt.slice(0, 10) });
  await tellClients(tx, 'invoice.sign_off_reminder', [draft], of);
  await record(tx, invoiceId, 'sign_off_reminded', actor, { dueAt });
}

/** Every letter is written: whoever records payments asks the client. */
export async function chaseInvoice(tx: WorkspaceTx, invoiceId: string, actor: string): Promise<void> {
  const { clientName, number, total, currency, dueDate } = await readFacts(tx, invoiceId);
  await notify(tx, [
    {
      kind: 'invoice.overdue',
      to: { permission: 'payments.create' },
      key: `invoice.overdue:${invoiceId}`,
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      params: { client: clientName, number, amount: `${total} ${currency}`, dueDate },
    },
  ]);
  await record(tx, invoiceId, 'chased', actor, { number, dueDate });
}

/** By mail, once an invoice whatever is paid and reversed; a client that wants no mail, or has no address, gets none. */
export async function thankClient(tx: WorkspaceTx, invoiceId: string, actor: string): Promise<void> {
  const { clientId, number, total, currency } = await readFacts(tx, invoiceId);
  const { to, mails, language } = await readAddress(tx, clientId);
  if (to === null || !mails) return;
  const params = thanksMail(printLanguageOf(language), { number, amount: total, currency });
  await queueMail(tx, { to, template: 'thanks.sent', params, key: `thanks:${invoiceId}`, link: null });
  await record(tx, invoiceId, 'thanked', actor, { number, address: to });
}

/** The money of a client lets contractors be paid: their invoices look anew, and whoever pays learns how much. */
export async function releaseContractors(
  tx: WorkspaceTx,
  invoiceId: string,
  actor: string,
  { period: moneyId }: PlannedStep,
): Promise<void> {
  const claims = await Promise.all(
    (await claimsBehind(tx, invoiceId)).map((id) => readContractorInvoice(tx, id)),
  );
  const open = claims.flatMap((claim) => claim ?? []);
  const today = localDay((await clockOf(tx)).now, zoneOf(await getWorkspace(tx)));
  const released = await readReleased(tx, open, today);
  const numbers: string[] = [];
  for (const claim of open) {
    const payable = new Decimal(released.get(claim.id) ?? 0).minus(claim.applied);
    if (payable.lte(0)) continue;
    numbers.push(claim.number ?? claim.id);
    await tellOfRelease(tx, claim, fixed(payable, minorPlaces(claim.currency)), moneyId);
    await enqueueLook(tx, {
      subjectType: 'contractor_invoice',
      subjectId: claim.id,
      lane: 'interactive',
      reason: 'its client has paid',
    });
  }
  if (numbers.length > 0)
    await record(tx, invoiceId, 'contractors_released', actor, { contractorInvoices: numbers });
}
