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
  left: z.array(z.object({ itemId: id, why: z.enum(['changed', 'not_on_an_invoice']) })).meta({
    description:
      'Corrections that stay as they are: their entry changed again or is not approved, or what they take back stands on no issued invoice.',
  }),
};

export const showCredited = ({ creditNotes, left }: CreditedCorrections, actor: Actor) => ({
  creditNotes: creditNotes.map((row) => show(row, actor)),
  left,
});

export const correctionErrors = [
  'correction.nothing_to_credit',
  'invoice.not_editable',
  ...creditErrors,
] as const;
