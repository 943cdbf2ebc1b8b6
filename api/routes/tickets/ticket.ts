/** Owns how tickets are written, shown, filtered and decided on over the API. */
import { z } from 'zod';
import { fixed } from '../../../domain/money.ts';
import { ticketStatuses } from '../../../domain/ticket.ts';
import { maxTicketLines, ticketLineKinds, ticketTotals } from '../../../domain/ticket-lines.ts';
import { type Decider, maxDecidedAtOnce, type Outcome } from '../../../store/ticket-decisions.ts';
import type { Author, WrittenLine } from '../../../store/ticket-editing.ts';
import type { TicketRow } from '../../../store/tickets.ts';
import type { Actor } from '../../kit/auth.ts';
import {
  currency,
  day,
  decimal,
  id,
  instant,
  note,
  shortText,
  storedDay,
  storedDecimal,
} from '../../kit/schemas.ts';

const status = z.enum(ticketStatuses);
const longText = z.string().trim().max(2000);
const size = z.int().min(-1e9).max(1e9);

const common = {
  id: id.nullish().meta({ description: 'Of a line that is there already; left out: a new line.' }),
  taskId: id.nullish(),
  note: longText.default(''),
};
const writtenLine = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('labor'),
    ...common,
    position: shortText.nullish().meta({ description: "On the rate cards; none: the person's own." }),
    overtime: z.boolean().default(false),
    seconds: size.meta({ description: 'Negative only on a ticket that corrects another.' }),
  }),
  z.strictObject({
    kind: z.literal('expense'),
    ...common,
    amount: decimal,
    currency,
    category: shortText,
    receiptId: id.nullish().meta({ description: 'The attachment that holds the receipt.' }),
    receiptOn: day.nullish().meta({ description: 'Of the receipt, where it is not the day of the work.' }),
    inputTax: decimal.nullish().meta({
      description: 'Of the amount, what the tax office gives back: the client is charged by the net.',
    }),
  }),
  z.strictObject({
    kind: z.literal('mileage'),
    ...common,
    metres: size,
    transportSeconds: size.nullish().meta({ description: 'Time on the road, where it is paid as such.' }),
  }),
]);

export const newTicket = z.object({
  projectId: id,
  personId: id.nullish().meta({
    description: 'Whose work it is; left out: your own. Only who may write all tickets names another.',
  }),
  workDate: day,
  notes: longText.default(''),
  correctsTicketId: id.nullish().meta({
    description: 'The approved ticket that this one corrects: only then quantities may be negative.',
  }),
  lines: z.array(writtenLine).max(maxTicketLines).default([]),
});
export const ticketChange = z.object({
  projectId: id.optional(),
  workDate: day.optional(),
  notes: longText.optional(),
  lines: z
    .array(writtenLine)
    .max(maxTicketLines)
    .optional()
    .meta({ description: 'All lines; one that is left out is gone.' }),
});

/** Every field of every kind, as the store keeps lines; money with two decimals. */
export function toLine(written: z.output<typeof writtenLine>): WrittenLine {
  const { kind, note: text } = written;
  const empty = {
    id: written.id ?? null,
    kind,
    taskId: written.taskId ?? null,
    position: null,
    overtime: false,
    seconds: null,
    amount: null,
    currency: null,
    category: null,
    receiptId: null,
    metres: null,
    transportSeconds: null,
    note: text,
  };
  switch (kind) {
    case 'labor':
      return {
        ...empty,
        position: written.position ?? null,
        overtime: written.overtime,
        seconds: written.seconds,
      };
    case 'expense':
      return {
        ...empty,
        amount: atLeastTwoPlaces(written.amount),
        currency: written.currency,
        category: written.category,
        receiptId: written.receiptId ?? null,
        receiptOn: written.receiptOn ?? null,
        inputTax: written.inputTax ? atLeastTwoPlaces(written.inputTax) : null,
      };
    case 'mileage':
      return { ...empty, metres: written.metres, transportSeconds: written.transportSeconds ?? null };
  }
}

// What is finer stays as written, to be refused by the rule for lines.
const atLeastTwoPlaces = (amount: string) =>
  fixed(amount, Math.max(2, (amount.split('.')[1] ?? '').replace(/0+$/, '').length));

const line = z
  .object({
    id,
    kind: z.enum(ticketLineKinds),
    taskId: id.nullable(),
    position: z.string().nullable(),
    overtime: z.boolean(),
    seconds: z.int().nullable(),
    amount: storedDecimal.nullable(),
    currency: z.string().nullable(),
    category: z.string().nullable(),
    receiptId: id.nullable(),
    receiptOn: storedDay.nullish(),
    inputTax: storedDecimal.nullish(),
    metres: z.int().nullable(),
    transportSeconds: z.int().nullable(),
    note: z.string(),
  })
  .meta({ id: 'TicketLine' });

const totals = {
  regularSeconds: z.int(),
  overtimeSeconds: z.int(),
  metres: z.int(),
  transportSeconds: z.int(),
  expenses: z.record(z.string(), storedDecimal).meta({ description: 'Currency → amount.' }),
};
export const ticketTotalsOfMany = z.object({ tickets: z.int(), ...totals });

export const ticket = z
  .object({
    id,
    number: z.string(),
    status,
    personId: id,
    personName: z.string(),
    personKind: z.enum(['contractor', 'employee']),
    projectId: id,
    projectCode: z.string(),
    projectName: z.string(),
    projectManagerId: id.nullable().meta({ description: 'Who decides on it; null: whoever may approve.' }),
    clientId: id,
    workDate: storedDay,
    notes: z.string(),
    correctsTicketId: id.nullable(),
    revision: z.int().meta({ description: 'How often it was submitted.' }),
    submittedBy: z.string().nullable(),
    submittedAt: instant.nullable(),
    decidedBy: z.string().nullable(),
    decidedByName: z.string().nullable(),
    decidedAt: instant.nullable(),
    decisionReason: z.string().nullable(),
    onBehalfOf: id.nullable().meta({ description: 'The member in whose place a substitute decided.' }),
    contentHash: z.string(),
    createdAt: instant,
    totals: z.object(totals),
    lines: z.array(line),
  })
  .meta({ id: 'Ticket' });

export const shownTicket = (row: TicketRow) => ({ ...row, totals: ticketTotals(row.lines) });

export const ticketQuery = {
  status: status.optional(),
  personId: id.optional(),
  projectId: id.optional(),
  from: day.optional().meta({ description: 'First work date.' }),
  to: day.optional().meta({ description: 'Last work date.' }),
  number: shortText.optional().meta({ description: 'How the number begins.' }),
};

export const decidedIds = z.array(id).min(1).max(maxDecidedAtOnce);
export const ownReason = note.nullish().meta({
  description: 'Why an admin on their own approves what is their own; listed in the duties report.',
});

export const outcomes = z.object({
  items: z.array(
    z.object({
      ticketId: id,
      number: z.string().nullable(),
      outcome: z.enum(['approved', 'rejected', 'already_approved', 'already_rejected', 'refused']),
      code: z.string().nullable().meta({ description: 'Of a refused one; see the codes of one decision.' }),
      message: z.string().nullable(),
    }),
  ),
});

export const decisionErrors = [
  'ticket.already_decided',
  'ticket.not_submitted',
  'ticket.other_approver',
  'duty.own_ticket',
  'duty.reason_required',
  'duty.beyond_limit',
  'duty.amount_unknown',
];
export const lineErrors = [
  'ticket.line_empty',
  'ticket.line_negative',
  'ticket.line_too_large',
  'ticket.amount_too_fine',
  'ticket.line_unknown',
  'ticket.task_unknown',
  'ticket.day_over_24h',
  'ticket.person_unknown',
  'ticket.project_unknown',
  'ticket.project_not_active',
  'ticket.date_in_future',
  'ticket.date_too_old',
  'ticket.outside_contract',
  'ticket.not_correctable',
  'ticket.corrected_below_zero',
];

export const receiptErrors = ['attachment.unknown', 'attachment.other_purpose', 'attachment.bound'];

export const authorOf = ({ id: actorId, personId }: Actor): Author => ({ id: actorId, personId });
export const deciderOf = ({ id: actorId, memberId, personId, role, name }: Actor): Decider => ({
  id: actorId,
  memberId,
  personId,
  role,
  name,
});

export const shownOutcome = ({ ticketId, number, outcome, refusal }: Outcome) => ({
  ticketId,
  number,
  outcome,
  code: refusal?.code ?? null,
  message: refusal?.message ?? null,
});
