/** Owns the zod schemas that several resources share: ids, days, zones, money, pages. */
import { z } from 'zod';
import { isDay, isZone } from '../../domain/day.ts';
import { isDecimalText } from '../../domain/money.ts';
import { decodeCursor } from './cursor.ts';

export const id = z.uuid();
export const name = z.string().trim().min(1).max(200);
export const shortText = z.string().trim().min(1).max(100);
export const note = z.string().trim().min(1).max(2000);

/** A day as it is kept, e.g. the open beginning `0001-01-01`. */
export const storedDay = z.iso.date();
export const day = z.iso
  .date()
  .refine(isDay, 'a calendar day between 1900 and 2199, as YYYY-MM-DD')
  .meta({ description: 'A local calendar day, YYYY-MM-DD.', example: '2026-01-31' });
export const instant = z.iso.datetime({ offset: true }).meta({ description: 'An instant, ISO 8601.' });
export const zone = z
  .string()
  .max(64)
  .refine(isZone, 'an IANA time zone such as Europe/Oslo')
  .meta({ description: 'IANA time zone.', example: 'Europe/Oslo' });

export const decimal = z
  .string()
  // Ends there: what is asked of it next may reckon with it.
  .refine(isDecimalText, { error: 'a plain decimal number as text, such as "80.00"', abort: true })
  .meta({ description: 'A decimal number as text: money and hours are never floats.', example: '80.00' });
export const price = decimal.refine((text) => !text.startsWith('-'), 'not negative');
/** A decimal as it is kept: computed ones may carry more places than those typed in. */
export const storedDecimal = z.string().meta({ description: 'A decimal number as text.', example: '80.00' });
export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'three capital letters (ISO 4217)')
  .meta({ example: 'EUR' });
export const country = z
  .string()
  .regex(/^[A-Z]{2}$/, 'two capital letters (ISO 3166-1)')
  .meta({ example: 'NO' });
export const taxRegion = z
  .string()
  .regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, 'a country, or a part of one (ISO 3166)')
  .meta({ description: 'ISO 3166-1 or 3166-2.', example: 'DE' });
/** Where e-invoices go: a scheme of the EAS list and the address in it. */
export const electronicAddress = z
  .string()
  .trim()
  .max(100)
  .regex(/^(\d{4}|EM):\S+$/, 'a scheme and an address, such as 0192:987654321')
  .meta({ description: 'In an e-invoice network, with its scheme.', example: '0192:987654321' });
export const email = z.email().max(320);
export const phone = z
  .string()
  .trim()
  .regex(
    /^\+?[0-9(][0-9 ()./-]{3,40}(?: ?(?:x|ext\.?) ?[0-9]{1,6})?$/i,
    'a phone number, such as +47 22 00 00 00',
  )
  .meta({ example: '+47 22 00 00 00' });
/** A link that a browser opens and never runs. */
export const website = z
  .string()
  .trim()
  .max(500)
  .refine((text) => {
    const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
    return url?.hostname.includes('.') === true && url.username === '' && url.password === '';
  }, 'a web address that begins with http:// or https://')
  .transform((text) => new URL(text).href)
  .meta({ example: 'https://www.example.com/' });
export const language = z
  .string()
  .regex(/^[a-z]{2}(-[A-Z]{2})?$/, 'a language, such as en or nb-NO')
  .meta({ description: 'BCP 47.', example: 'en' });

const line = z.string().trim().max(200);
export const address = z
  .strictObject({
    lines: z.array(line).max(6).optional(),
    city: line.optional(),
    county: line.optional(),
    region: line.optional().meta({ description: 'State or province.' }),
    postalCode: z.string().trim().max(20).optional(),
    country: country.optional(),
  })
  .meta({ id: 'Address' });

/** Who pays, where that is not the client's own address. */
export const billTo = address
  .extend({ name: name.optional() })
  .meta({ id: 'BillTo', description: "Who pays, where that is not the client's own address." });
export const deliveryChannel = z.enum(['email', 'e_invoice', 'portal', 'platform', 'post']).meta({
  description: 'How documents go out; e-mail unless said otherwise. Only e-mail is sent from here.',
});

/** Query of a list: spread it into the route's own (`z.object({ ...pageQuery, clientId: id.optional() })`). */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50).meta({ description: 'Rows a page, 1 to 200.' }),
  cursor: z
    .string()
    .max(500)
    .transform((text, context) => {
      const parts = decodeCursor(text);
      if (parts) return parts;
      context.addIssue({ code: 'custom', message: 'not a cursor of this list: start without one' });
      return z.NEVER;
    })
    .optional()
    .meta({ description: 'nextCursor of the page before.' }),
};

/** A page of a list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
  });
