/** Owns how a product is read and written over the API. */
import { z } from 'zod';
import { productStatuses } from '../../../store/products.ts';
import type { Subject } from '../../kit/record-change.ts';
import { currency, id, name, price, shortText, storedDecimal } from '../../kit/schemas.ts';

export const productSubject: Subject = { type: 'product', permission: 'products.read' };

export const status = z
  .enum(productStatuses)
  .meta({ description: 'Archived: nothing new is sold as it; what is priced keeps it.' });

export const product = z
  .object({
    id,
    name: z.string(),
    unit: z.string(),
    defaultPrice: storedDecimal.nullable(),
    currency: z.string().nullable().meta({ description: 'Of the default price; null: of any invoice.' }),
    status,
    autoCreated: z
      .boolean()
      .meta({ description: 'Made by a compile, because nothing else was named for such work.' }),
  })
  .meta({ id: 'Product' });

export const newProduct = z.object({
  name,
  unit: shortText.meta({ description: 'Of GET /units. Hours and kilometres are sold by hour and km only.' }),
  defaultPrice: price.nullish(),
  currency: currency.nullish(),
});
export const productChange = newProduct.extend({ status }).partial();
