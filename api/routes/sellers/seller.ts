/** Owns how a seller is read and written over the API. */
import { z } from 'zod';
import { taxPointRules } from '../../../domain/tax.ts';
import type { Subject } from '../../kit/record-change.ts';
import {
  address,
  country,
  currency,
  electronicAddress,
  email,
  id,
  name,
  phone,
  shortText,
  zone,
} from '../../kit/schemas.ts';

export const sellerSubject: Subject = { type: 'seller', permission: 'sellers.read' };

const taxPointRule = z.enum(taxPointRules).meta({
  description:
    "The day whose tax rates count: the last day of service, the day of issue, or the earlier of both. 'payment': when money comes in; the day of issue stands for it.",
});

export const seller = z
  .object({
    id,
    name: z.string(),
    address,
    country,
    functionalCurrency: currency,
    zone: z.string(),
    latestInvoiceDays: z
      .int()
      .nullable()
      .meta({ description: 'Days after the work by which it must be invoiced.' }),
    voidAllowed: z.boolean(),
    taxCurrency: currency.nullable().meta({ description: 'The tax is shown in it too.' }),
    taxPointRule,
    registrationNumber: z.string().nullable(),
    contactName: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    electronicAddress: z.string().nullable(),
    logoAttachmentId: id.nullable().meta({ description: 'The picture on top of its documents.' }),
  })
  .meta({ id: 'Seller' });

export const newSeller = z.object({
  name,
  address: address.optional(),
  country,
  functionalCurrency: currency,
  zone,
  latestInvoiceDays: z.int().min(1).max(3650).nullish(),
  voidAllowed: z.boolean().optional(),
  taxCurrency: currency.nullish(),
  taxPointRule: taxPointRule.optional(),
  registrationNumber: shortText.nullish().meta({ description: 'Of the trade register.' }),
  contactName: name
    .nullish()
    .meta({ description: 'Whom a client may ask; on its documents, as the next two.' }),
  email: email.nullish(),
  phone: phone.nullish(),
  electronicAddress: electronicAddress.nullish(),
});
/** The books' currency and zone stay: numbers and dates already given follow them. */
export const sellerChange = newSeller
  .omit({ functionalCurrency: true, zone: true })
  .extend({
    logoAttachmentId: id
      .nullable()
      .meta({ description: 'An upload of yours with subjectType=seller_logo: PNG or JPEG.' }),
  })
  .partial();
