/** Owns how a purchase order is read and written over the API. */
import { z } from 'zod';
import { purchaseOrderStatuses } from '../../../domain/purchase-order.ts';
import type { Subject } from '../../kit/record-change.ts';
import { currency, day, id, price, shortText, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const purchaseOrderSubject: Subject = { type: 'purchase_order', permission: 'purchase_orders.read' };

export const status = z.enum(purchaseOrderStatuses);

export const purchaseOrder = z
  .object({
    id,
    clientId: id,
    number: z.string(),
    status,
    currency,
    limitAmount: storedDecimal.nullable().meta({ description: 'Net; null: no limit.' }),
    validFrom: storedDay.nullable(),
    validTo: storedDay.nullable().meta({ description: 'First day that it no longer covers.' }),
    used: storedDecimal.meta({ description: 'Net of issued invoices, less what was credited.' }),
    left: storedDecimal.nullable().meta({
      description: 'Below zero where more was released than ordered; null without a limit.',
    }),
  })
  .meta({ id: 'PurchaseOrder' });

export const newPurchaseOrder = z.object({
  clientId: id,
  number: shortText.meta({ description: "The client's; each of a client's is another." }),
  currency: currency.optional().meta({ description: "Left out: the client's." }),
  limitAmount: price.nullish().meta({ description: 'Net; left out: no limit.' }),
  validFrom: day.nullish(),
  validTo: day.nullish().meta({ description: 'First day that it no longer covers.' }),
});
export const purchaseOrderChange = newPurchaseOrder
  .omit({ clientId: true })
  .extend({ status: status.meta({ description: 'Archived: no contract can name it.' }) })
  .partial();
