/** Owns how a credit note is asked for and shown over the API. */
import { z } from 'zod';
import { creditNoteStatuses, dispositions } from '../../../domain/credit-note.ts';
import { found } from '../../../domain/refusal.ts';
import type { CreditNote, CreditNoteLine } from '../../../store/credit-notes.ts';
import { writeOffReasons } from '../../../store/write-off.ts';
import { type Actor, ownClient } from '../../kit/auth.ts';
import { decimal, id, instant, note, storedDay, storedDecimal } from '../../kit/schemas.ts';
import { positive } from '../payments/payment.ts';

const disposition = z.enum(dispositions).meta({
  description:
    'What becomes of hours that are taken back: bill_again (held until released), write_off, or replace (drafted anew at once).',
});
const maxLines = 1_000;
const maxItems = 10_000;

const wantedLine = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('quantity'),
    lineId: id,
    disposition: disposition.optional(),
    quantity: positive
      .optional()
      .meta({ description: 'In the unit of the line, the latest work first. All that is left without it.' }),
    itemIds: z.array(id).min(1).max(maxItems).optional().meta({ description: 'These items of it whole.' }),
  }),
  z.strictObject({
    kind: z.literal('price'),
    lineId: id,
    amount: decimal.meta({ description: 'Net; money only, frees no hours. Below zero on a discount.' }),
  }),
]);

export const newCreditNote = z.discriminatedUnion('by', [
  z.strictObject({
    by: z.literal('full'),
    reason: note,
    disposition: disposition.default('bill_again'),
    writeOffReason: z.enum(writeOffReasons).optional(),
    issue: z.boolean().default(true).meta({ description: 'False: leaves a draft to look at.' }),
    ownReason: note.optional(),
  }),
  z.strictObject({
    by: z.literal('lines'),
    reason: note,
    disposition: disposition.default('bill_again'),
    lines: z.array(wantedLine).min(1).max(maxLines),
    writeOffReason: z.enum(writeOffReasons).optional(),
    issue: z.boolean().default(true),
    ownReason: note.optional(),
  }),
  z.strictObject({
    by: z.literal('amount'),
    reason: note,
    amount: positive.meta({ description: 'Net; spread over what is left of all lines.' }),
    issue: z.boolean().default(true),
    ownReason: note.optional(),
  }),
]);

export const creditNote = z
  .object({
    id,
    status: z.enum(creditNoteStatuses),
    number: z.string().nullable().meta({ description: 'Given at issue.' }),
    invoiceId: id,
    invoiceNumber: z.string(),
    clientId: id,
    clientName: z.string(),
    reason: z.string(),
    currency: z.string(),
    net: storedDecimal,
    tax: storedDecimal.meta({ description: "By the original's rates." }),
    rounding: storedDecimal,
    total: storedDecimal,
    issueDate: storedDay.nullable(),
    taxPoint: storedDay.nullable(),
    postingDate: storedDay.nullable(),
    createdBy: z.string().nullable().meta({ description: 'Null for a client.' }),
    issuedBy: z.string().nullable(),
    createdAt: instant,
    issuedAt: instant.nullable(),
    replacementRunId: id
      .nullable()
      .meta({ description: 'The billing run that drafts anew what is replaced.' }),
  })
  .meta({ id: 'CreditNote' });

const line = z
  .object({
    id,
    lineNo: z.int(),
    invoiceLineId: id,
    kind: z.enum(['quantity', 'price']),
    disposition: z.enum(dispositions).nullable(),
    description: z.string(),
    quantity: storedDecimal,
    unit: z.string(),
    amount: storedDecimal,
    tax: storedDecimal,
    taxCategory: z.string(),
    taxRate: storedDecimal,
  })
  .meta({ id: 'CreditNoteLine' });

/** A page of its own would be too much: a credit note of more lines is rare, and the first ones say what it is about. */
export const shownLines = 200;
export const creditNoteInFull = creditNote.extend({
  lines: z.array(line).meta({ description: `The first ${shownLines}.` }),
  lineCount: z.int(),
  waitsFor: z
    .enum(['second_person'])
    .nullable()
    .meta({ description: 'Above the limit of who wrote it: somebody else has to issue it.' }),
});

const own = (row: CreditNote, actor: Actor): CreditNote | null => {
  const clientId = ownClient(actor, 'invoices.read');
  return clientId === null || (row.clientId === clientId && row.number !== null) ? row : null;
};

/** Refuses with 404 a client's member who asks for another's, or for one that was not issued. */
export const requireVisible = (row: CreditNote | null, actor: Actor): CreditNote =>
  found(row === null ? null : own(row, actor), 'credit_note');

/** Who wrote it is nobody's outside. */
export const show = ({ wanted: _wanted, sellerId: _sellerId, ...row }: CreditNote, actor: Actor) =>
  ownClient(actor, 'invoices.read') === null ? row : { ...row, createdBy: null, issuedBy: null };

export const showInFull = (
  row: CreditNote,
  lines: CreditNoteLine[],
  actor: Actor,
  waitsFor: 'second_person' | null = null,
) => ({ ...show(row, actor), lines: lines.slice(0, shownLines), lineCount: lines.length, waitsFor });

export const creditErrors = [
  'credit_note.nothing_left',
  'credit_note.line_unknown',
  'credit_note.line_twice',
  'credit_note.beyond_line',
  'credit_note.beyond_invoice',
  'credit_note.below_zero',
  'credit_note.opening',
  'credit_note.outdated',
  'credit_note.items_held',
  'credit_note.no_series',
  'number.taken',
  'duty.own_credit',
  'duty.reason_required',
  'period.closed',
  'period.soft_closed',
] as const;
