/** Owns how the bad debt of an invoice is shown over the API. */
import { z } from 'zod';
import { listBadDebts } from '../../../store/bad-debts.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { id, instant, storedDay, storedDecimal } from '../../kit/schemas.ts';
import { invoiceStatus } from './invoice.ts';

export const badDebts = z
  .object({
    invoiceId: id,
    status: invoiceStatus,
    badDebt: storedDecimal.meta({ description: 'What is given up now.' }),
    entries: z.array(
      z.object({
        id,
        invoiceId: id,
        amount: storedDecimal.meta({ description: 'Signed: a recovery is below zero.' }),
        reason: z.string(),
        paymentId: id.nullable().meta({ description: 'The money that recovered it.' }),
        postingDate: storedDay,
        author: z.string(),
        createdAt: instant,
      }),
    ),
  })
  .meta({ id: 'BadDebts' });

export async function showBadDebts(
  tx: WorkspaceTx,
  invoice: { id: string; status: z.infer<typeof invoiceStatus>; badDebt: string },
) {
  const { id: invoiceId, status, badDebt } = invoice;
  return { invoiceId, status, badDebt, entries: await listBadDebts(tx, invoiceId) };
}
