/** Owns how a billable item is shown over the API. */
import { z } from 'zod';
import { invoiceStatuses } from '../../../domain/invoice.ts';
import { productSteps } from '../../../domain/pricing/resolve-product.ts';
import { itemStatuses } from '../../../store/billable-items.ts';
import { id, instant, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const itemStatus = z.enum(itemStatuses).meta({
  description:
    'pending: the next draft takes it · held: until it is released · included: in a fixed price or a retainer · drafted: on an invoice without a number · billed · written_off · withdrawn: un-compiled.',
});

const facts = {
  id,
  status: itemStatus,
  kind: z.string(),
  entryId: id.nullable(),
  entryVersion: z.int().nullable(),
  replacesVersion: z
    .int()
    .nullable()
    .meta({ description: 'Of the entry: only the difference to it is billed.' }),
  contractId: id,
  contractVersion: z.int().nullable(),
  clientId: id,
  projectId: id.nullable(),
  taskId: id.nullable(),
  taskName: z.string().nullable(),
  personId: id.nullable(),
  personName: z.string().nullable(),
  productId: id.nullable(),
  productName: z.string().nullable(),
  productStep: z.enum(productSteps).nullable().meta({ description: 'Who named the product, nearest first.' }),
  productAutoCreated: z.boolean().nullable(),
  position: z.string().nullable(),
  workDate: storedDay,
  description: z.string(),
  rawQuantity: z.int().meta({ description: 'Seconds, metres, cents or counts, by kind.' }),
  roundedQuantity: storedDecimal,
  adjustedQuantity: storedDecimal,
  quantity: storedDecimal,
  allocated: storedDecimal.meta({ description: 'On documents now.' }),
  unit: z.string(),
  unitPrice: storedDecimal,
  amount: storedDecimal,
  currency: z.string(),
  priceSource: z.string(),
  priceRule: z.record(z.string(), z.unknown()),
  flagged: z.boolean().meta({ description: 'No price source was found: compiled at 0.00.' }),
  included: z.boolean(),
  heldReason: z.string().nullable(),
  runId: id.nullable(),
  createdAt: instant,
};
export const billableItem = z.object(facts).meta({ id: 'BillableItem' });

export const billableItemInFull = z
  .object({
    ...facts,
    whyThisPrice: z.array(z.object({ step: z.string(), text: z.string() })),
    lines: z.array(
      z.object({
        invoiceId: id,
        invoiceStatus: z.enum(invoiceStatuses),
        invoiceNumber: z.string().nullable(),
        lineId: id,
        quantity: storedDecimal,
        amount: storedDecimal,
      }),
    ),
  })
  .meta({ id: 'BillableItemInFull' });
