/** Owns POST /invoices/:invoiceId/confirm-payment: the client says that they paid (BILLING §6). */
import { takesPayment } from '../../../domain/invoice.ts';
import { found, Refusal } from '../../../domain/refusal.ts';
import { lockInvoice, readConfirmation, writeConfirmation } from '../../../store/client-confirmations.ts';
import { recordEvents } from '../../../store/events.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { tellOfConfirmation } from '../../../store/payment-notices.ts';
import { getWorkspace } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { confirmation, newConfirmation } from './confirmation.ts';
import { requireVisible } from './invoice.ts';

export const confirmPayment = defineRoute({
  name: 'confirm-payment',
  method: 'post',
  path: '/invoices/:invoiceId/confirm-payment',
  summary: 'Say that an invoice was paid',
  description:
    'Shown as a badge with its time. It moves no money: that waits until a payment is recorded, read back or matched. Saying it again changes nothing.',
  permission: 'payments.confirm',
  own: true,
  body: newConfirmation,
  example: { paidOn: '2026-02-10', reference: 'WIRE-1001' },
  responses: { 200: confirmation },
  errors: ['invoice.not_payable', 'invoice.confirmed_by_nobody'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      found(await lockInvoice(tx, params.invoiceId), 'invoice');
      const invoice = requireVisible(await readInvoice(tx, params.invoiceId), actor, 'payments.confirm');
      const given = await readConfirmation(tx, invoice.id);
      if (given) return { status: 200, body: given };
      if (!takesPayment(invoice.status) || invoice.status === 'settled')
        throw new Refusal({
          code: 'invoice.not_payable',
          message: `This invoice is ${invoice.status.replaceAll('_', ' ')}: there is nothing to pay.`,
        });
      if (actor.memberId === null)
        throw new Refusal({
          code: 'invoice.confirmed_by_nobody',
          message: 'A confirmation is somebody’s word, and this key belongs to no member.',
          whatToDo: 'Sign in, or use a key that a member made.',
        });
      const { settings } = await getWorkspace(tx);
      const row = await writeConfirmation(tx, {
        invoiceId: invoice.id,
        memberId: actor.memberId,
        paidOn: body.paidOn ?? null,
        amount: body.amount ?? null,
        reference: body.reference ?? null,
        status: settings.clientConfirmations === 'ask_admin' ? 'waiting' : 'shown',
      });
      await recordEvents(tx, [
        {
          type: 'client_invoice.payment_confirmed',
          subjectType: 'client_invoice',
          subjectId: invoice.id,
          actor: actor.id,
          permission: 'invoices.read',
          payload: { paidOn: row.paidOn, amount: row.amount, reference: row.reference, status: row.status },
        },
      ]);
      await tellOfConfirmation(tx, invoice, row);
      return { status: 200, body: row };
    }),
});
