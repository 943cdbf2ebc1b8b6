/** Owns how price lists and their prices are read and written over the API. */
import { z } from 'zod';
import type { Subject } from '../../kit/record-change.ts';
import { currency, day, id, name, price, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const priceListSubject: Subject = { type: 'price_list', permission: 'price_lists.read' };
export const listPriceSubject: Subject = { type: 'list_price', permission: 'price_lists.read' };

export const priceList = z.object({ id, name: z.string(), currency }).meta({ id: 'PriceList' });
export const newPriceList = z.object({
  name,
  currency: currency.meta({ description: 'A list prices contracts of its currency only.' }),
});

export const listPrice = z
  .object({
    id,
    priceListId: id,
    productId: id,
    minimumQuantity: storedDecimal.meta({
      description: 'The tier begins here: by the whole quantity of an entry, in hours, kilometres or pieces.',
    }),
    unitPrice: storedDecimal,
    validFrom: storedDay,
    validTo: storedDay.nullable().meta({ description: 'First day on which it no longer holds.' }),
  })
  .meta({ id: 'ListPrice' });

export const newListPrice = z.object({
  productId: id,
  minimumQuantity: price.optional(),
  unitPrice: price,
  validFrom: day.optional(),
  validTo: day.nullish(),
});
export const listPriceChange = newListPrice
  .pick({ unitPrice: true, validFrom: true, validTo: true })
  .partial();
