/** Owns GET /contractor-invoices/:contractorInvoiceId/payable. */
import { z } from 'zod';
import { isPayable } from '../../../domain/contractor-invoice.ts';
import { Decimal, fixed, minorPlaces } from '../../../domain/money.ts';
import { found } from '../../../domain/refusal.ts';
import { readContractorInvoice } from '../../../store/contractor-invoices.ts';
import { readPayable } from '../../../store/pay-when-paid.ts';
import { todayOf } from '../../../store/payments.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { storedDay, storedDecimal } from '../../kit/schemas.ts';

const payable = z
  .object({
    total: storedDecimal,
    applied: storedDecimal,
    released: storedDecimal.meta({ description: "What is not held until its client's money comes." }),
    payableNow: storedDecimal,
    waiting: z.array(
      z.object({
        lineNo: z.int(),
        description: z.string(),
        amount: storedDecimal,
        waiting: storedDecimal,
        longStopOn: storedDay
          .nullable()
          .meta({ description: 'From this day it is paid whatever the client does.' }),
      }),
    ),
  })
  .meta({ id: 'PayableNow' });

export const getPayable = defineRoute({
  name: 'get-payable',
  method: 'get',
  path: '/contractor-invoices/:contractorInvoiceId/payable',
  summary: 'Read what may be paid of a contractor invoice now, and what waits for its client',
  permission: 'contractor_invoices.read',
  own: true,
  responses: { 200: payable },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'contractor_invoices.read');
      const invoice = found(
        await readContractorInvoice(tx, params.contractorInvoiceId, own),
        'contractor_invoice',
      );
      const { released, waiting } = await readPayable(tx, invoice, await todayOf(tx, invoice.sellerId));
      const left = isPayable(invoice.status) ? new Decimal(released).minus(invoice.applied) : new Decimal(0);
      const { total, applied, currency } = invoice;
      const payableNow = fixed(Decimal.max(left, 0), minorPlaces(currency));
      return { status: 200, body: { total, applied, released, payableNow, waiting } };
    }),
});
