/** Owns how a seller's bank account is read and written over the API. */
import { z } from 'zod';
import { isIban } from '../../../domain/iban.ts';
import type { Subject } from '../../kit/record-change.ts';
import { currency, id, name, shortText } from '../../kit/schemas.ts';

export const bankAccountSubject: Subject = { type: 'bank_account', permission: 'sellers.read' };

export const bankAccount = z
  .object({
    id,
    sellerId: id,
    label: z.string(),
    currency,
    holder: z.string().nullable(),
    iban: z.string().nullable(),
    accountNumber: z.string().nullable(),
    bic: z.string().nullable(),
    bank: z.string().nullable(),
    printed: z.boolean().meta({ description: 'Off: no later document names it.' }),
  })
  .meta({ id: 'BankAccount' });

const iban = z
  .string()
  .max(50)
  .transform((text) => text.replace(/\s/g, '').toUpperCase())
  .refine(isIban, 'an IBAN whose check digits are right')
  .meta({ example: 'NO93 8601 1117 947' });
const bic = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z0-9]{8}([A-Z0-9]{3})?$/, 'a BIC of 8 or 11 characters');

export const newBankAccount = z
  .object({
    label: name,
    currency,
    holder: name.nullish(),
    iban: iban.nullish(),
    accountNumber: shortText.nullish().meta({ description: 'Where there is no IBAN.' }),
    bic: bic.nullish(),
    bank: name.nullish(),
    printed: z.boolean().optional(),
  })
  .strict()
  .refine((account) => account.iban || account.accountNumber, {
    path: ['iban'],
    message: 'an IBAN, or where there is none an account number',
  });
/** Its number stays: issued documents and payments name it. Another number is another account. */
export const bankAccountChange = z
  .object({ label: name, holder: name.nullable(), bank: name.nullable(), printed: z.boolean() })
  .partial();
