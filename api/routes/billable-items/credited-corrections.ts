/** Owns how credited corrections are shown over the API. */
import { z } from 'zod';
import type { CreditedCorrections } from '../../../store/credit-corrections.ts';
import type { Actor } from '../../kit/auth.ts';
import { id, note } from '../../kit/schemas.ts';
import { creditErrors, creditNote, show } from '../credit-notes/credit-note.ts';

export const creditReason = {
  reason: note,
  ownReason: note
    .optional()
    .meta({ description: 'Of a lone admin who issues their own above the limit: for the duties report.' }),
};

export const creditedCorrections = {
  creditNotes: z.array(creditNote).meta({
    description: 'One for each invoice that is corrected; a draft where a second person has to issue it.',
  }),
  left: z
    .array(
      z.object({
        itemId: id,
        why: z.enum(['changed', 'not_on_an_invoice', 'not_creditable']),
        message: z
          .string()
          .nullable()
          .meta({ description: 'Of not_creditable: why the invoice takes no credit of it.' }),
      }),
    )
    .meta({
      description:
        'Corrections that stay as they are: their entry changed again or is not approved; what they take back stands on no issued invoice; or its invoice takes no such credit, as where it is a bad debt.',
    }),
};

export const showCredited = ({ creditNotes, left }: CreditedCorrections, actor: Actor) => ({
  creditNotes: creditNotes.map((row) => show(row, actor)),
  left,
});

export const correctionErrors = [
  'correction.nothing_to_credit',
  'correction.on_credit_note',
  'invoice.not_editable',
  ...creditErrors,
] as const;
