/** Owns the lines of a ticket: what each may hold, what they add up to, which work entries they become, what changed in them. */
import { hash } from 'node:crypto';
import { entryContentHash } from './entry-content-hash.ts';
import { Decimal, minorPlaces } from './money.ts';
import { invalidField, type Refusal } from './refusal.ts';
import type {
  ApprovalState,
  Day,
  DecimalText,
  EntryKind,
  ExpenseReceipt,
  SourceEntry,
} from './work-entry.ts';

export const ticketLineKinds = ['labor', 'expense', 'mileage'] as const;
export type TicketLineKind = (typeof ticketLineKinds)[number];

/** Fields that are not of its kind are null. */
export interface TicketLine {
  /** Kept when the line is edited. */
  id: string;
  kind: TicketLineKind;
  taskId: string | null;
  /** Labor: on the rate cards; null: the person's own. */
  position: string | null;
  overtime: boolean;
  seconds: number | null;
  /** Expense: with at most two decimals. */
  amount: DecimalText | null;
  currency: string | null;
  category: string | null;
  receiptId: string | null;
  /** Of the receipt, where it is not the day of the work: its rate converts the amount. */
  receiptOn?: Day | null;
  /** Of the amount, what the tax office gives back. */
  inputTax?: DecimalText | null;
  metres: number | null;
  /** Mileage: time on the road, paid as such. */
  transportSeconds: number | null;
  note: string;
}

/** What an approver looks at, and what an approval is of. */
export interface TicketContent {
  personId: string;
  projectId: string;
  workDate: Day;
  correctsTicketId: string | null;
  notes: string;
  lines: readonly TicketLine[];
}

export const maxTicketLines = 100;
export const daySeconds = 86_400;
const maxAmount = new Decimal('10000000');
const maxMetres = 10_000_000;

/**
 * Throws a 422 that points at the first wrong line: nothing at all, negative (allowed only where a ticket corrects another),
 * or more than a day or a person can hold.
 */
export function checkTicketLines(lines: readonly TicketLine[], isCorrection: boolean): void {
  lines.forEach((line, index) => {
    for (const [field, value, limit] of measuresOf(line)) {
      const refuse = (problem: string, code: string) =>
        invalidField(`/lines/${index}/${field}`, code, `Line ${index + 1}: ${field} ${problem}.`);
      const size = new Decimal(value);
      if (size.isZero()) throw refuse('is zero', 'ticket.line_empty');
      if (size.isNegative() && !isCorrection)
        throw refuse('is negative, which only a correcting ticket may be', 'ticket.line_negative');
      if (size.abs().gt(limit)) throw refuse(`is beyond ${limit.toString()}`, 'ticket.line_too_large');
      const places = line.currency === null ? 2 : Math.min(2, minorPlaces(line.currency));
      if (size.decimalPlaces() > places)
        throw refuse(`has more than ${places} decimals`, 'ticket.amount_too_fine');
    }
    checkInputTax(line, index);
  });
  const seconds = laborSeconds(lines);
  if (Math.abs(seconds) > daySeconds) throw dayTooLong(seconds);
}

/** A part of the amount, and no finer than it may be. */
function checkInputTax({ amount, inputTax = null, currency }: TicketLine, index: number): void {
  if (amount === null || inputTax === null) return;
  const places = Math.min(2, minorPlaces(currency ?? ''));
  const part = new Decimal(inputTax);
  const isPart =
    part.isZero() ||
    (part.abs().lte(new Decimal(amount).abs()) && part.isNegative() === new Decimal(amount).isNegative());
  if (isPart && part.decimalPlaces() <= places) return;
  throw invalidField(
    `/lines/${index}/inputTax`,
    'ticket.input_tax_not_part',
    `Line ${index + 1}: inputTax is not a part of the amount with at most ${places} decimals.`,
  );
}

function measuresOf(line: TicketLine): [field: string, value: number | string, limit: Decimal][] {
  const day = new Decimal(daySeconds);
  switch (line.kind) {
    case 'labor':
      return [['seconds', line.seconds!, day]];
    case 'expense':
      return [['amount', line.amount!, maxAmount]];
    case 'mileage':
      return [
        ['metres', line.metres!, new Decimal(maxMetres)],
        ...(line.transportSeconds === null
          ? []
          : [['transportSeconds', line.transportSeconds, day] as [string, number, Decimal]]),
      ];
  }
}

/** A person-day holds 24 hours, over all tickets (tickets E, imports W). */
export function dayTooLong(seconds: number): Refusal {
  return invalidField(
    '/lines',
    'ticket.day_over_24h',
    `The hours of this person on this day add up to ${new Decimal(seconds).div(3600).toDecimalPlaces(2).toFixed()}, more than 24.`,
    'Correct the hours, or put them on the day they were worked.',
    { seconds, limitSeconds: daySeconds },
  );
}

export const laborSeconds = (lines: readonly TicketLine[]) =>
  lines.reduce((sum, line) => sum + (line.kind === 'labor' ? line.seconds! : 0), 0);

export interface TicketTotals {
  regularSeconds: number;
  overtimeSeconds: number;
  metres: number;
  transportSeconds: number;
  /** Currency → amount. */
  expenses: Record<string, DecimalText>;
}

export function ticketTotals(lines: readonly TicketLine[]): TicketTotals {
  const totals: TicketTotals = {
    regularSeconds: 0,
    overtimeSeconds: 0,
    metres: 0,
    transportSeconds: 0,
    expenses: {},
  };
  for (const line of lines) {
    if (line.kind === 'labor') totals[line.overtime ? 'overtimeSeconds' : 'regularSeconds'] += line.seconds!;
    totals.metres += line.metres ?? 0;
    totals.transportSeconds += line.transportSeconds ?? 0;
    if (line.kind === 'expense')
      totals.expenses[line.currency!] = new Decimal(totals.expenses[line.currency!] ?? 0)
        .plus(line.amount!)
        .toFixed(2);
  }
  return totals;
}

/** SHA-256 (hex) over everything that an approver sees; an approval is of this content. */
export function ticketContentHash(ticket: TicketContent): string {
  const { personId, projectId, workDate, correctsTicketId, notes, lines } = ticket;
  // What few lines have is named only there: the hash of all others stays what it was.
  const rows = lines.map((line) => [
    ...comparedFields.map((field) => line[field]),
    ...receiptFields.flatMap((field) => (line[field] ? [field, line[field]] : [])),
  ]);
  return hash(
    'sha256',
    JSON.stringify(['ticket/1', personId, projectId, workDate, correctsTicketId, notes, rows]),
    'hex',
  );
}

const comparedFields = [
  'id',
  'kind',
  'taskId',
  'position',
  'overtime',
  'seconds',
  'amount',
  'currency',
  'category',
  'receiptId',
  'metres',
  'transportSeconds',
  'note',
] as const satisfies (keyof TicketLine)[];
const receiptFields = ['receiptOn', 'inputTax'] as const satisfies (keyof TicketLine)[];

/** One work entry that a line becomes, as the intake takes it. */
export interface TicketEntry {
  lineId: string;
  entry: SourceEntry;
  /** Hex; covers what the ticket adds to an entry, such as the split into regular hours and overtime. */
  contentHash: string;
}

/** A line of mileage with time on the road becomes two entries. Ids stand for names: nothing has to be matched. */
export function ticketEntries(
  ticket: TicketContent & { clientId: string },
  approval: ApprovalState,
): TicketEntry[] {
  return ticket.lines.flatMap((line) =>
    partsOf(line).map(({ externalId, kind, quantity }) => {
      const receipt = receiptOf(line);
      const entry: SourceEntry = {
        externalId,
        kind,
        workDate: ticket.workDate,
        zone: null,
        startedAt: null,
        endedAt: null,
        quantity,
        person: { ...byId(ticket.personId), email: null },
        client: byId(ticket.clientId),
        project: byId(ticket.projectId),
        task: line.taskId === null ? null : byId(line.taskId),
        position: line.position,
        billable: true,
        running: false,
        approval,
        billedElsewhere: false,
        notes: [line.category, line.note || ticket.notes].filter(Boolean).join(': ') || null,
        rate: null,
        cost: null,
        currency: line.currency,
        ...(receipt && { receipt }),
        sourceUpdatedAt: null,
      };
      const contentHash = hash(
        'sha256',
        JSON.stringify(['ticket-entry/1', entryContentHash(entry), line.overtime, line.receiptId]),
        'hex',
      );
      return { lineId: line.id, entry, contentHash };
    }),
  );
}

/** Null where the receipt says no more than what was paid. */
export function receiptOf({
  amount,
  receiptOn = null,
  inputTax = null,
}: Pick<TicketLine, 'amount' | 'receiptOn' | 'inputTax'>): ExpenseReceipt | null {
  if (amount === null || (receiptOn === null && inputTax === null)) return null;
  const net = new Decimal(amount).minus(inputTax ?? 0).toFixed(2);
  return { on: receiptOn, net, inputTax: inputTax ?? '0.00' };
}

const byId = (externalId: string) => ({ externalId, code: null, name: null });

function partsOf(line: TicketLine): { externalId: string; kind: EntryKind; quantity: number }[] {
  switch (line.kind) {
    case 'labor':
      return [{ externalId: line.id, kind: 'labor', quantity: line.seconds! }];
    case 'expense':
      return [{ externalId: line.id, kind: 'expense', quantity: toCents(line.amount!) }];
    case 'mileage':
      return [
        { externalId: line.id, kind: 'mileage_distance', quantity: line.metres! },
        ...(line.transportSeconds === null
          ? []
          : [
              {
                externalId: `${line.id}:time`,
                kind: 'mileage_time' as const,
                quantity: line.transportSeconds,
              },
            ]),
      ];
  }
}

/** Hundredths, whatever the currency: the raw unit of expenses. */
export const toCents = (amount: DecimalText) => new Decimal(amount).times(100).toNumber();

export interface LineChange {
  lineId: string;
  change: 'added' | 'removed' | 'changed';
  /** Field → before and after; null where there was or is no line. */
  fields: Record<string, [before: unknown, after: unknown]>;
}
export interface TicketChanges {
  fields: Record<string, [before: unknown, after: unknown]>;
  lines: LineChange[];
}

/** What the later of two revisions says otherwise, in the order of its lines, then the lines that are gone. */
export function ticketChanges(before: TicketContent, after: TicketContent): TicketChanges {
  const fieldsOf = <T extends object>(keys: readonly (keyof T & string)[], was: T | null, is: T | null) =>
    Object.fromEntries(
      keys
        .filter((key) => (was?.[key] ?? null) !== (is?.[key] ?? null))
        .map((key) => [key, [was?.[key] ?? null, is?.[key] ?? null] as [unknown, unknown]]),
    );
  const shown = [...comparedFields.filter((field) => field !== 'id'), ...receiptFields];
  const known = new Map(before.lines.map((line) => [line.id, line]));
  const kept = new Set(after.lines.map((line) => line.id));
  const lines = [
    ...after.lines.map((line) => {
      const was = known.get(line.id) ?? null;
      return {
        lineId: line.id,
        change: was ? ('changed' as const) : ('added' as const),
        fields: fieldsOf<TicketLine>(shown, was, line),
      };
    }),
    ...before.lines
      .filter((line) => !kept.has(line.id))
      .map((line) => ({
        lineId: line.id,
        change: 'removed' as const,
        fields: fieldsOf<TicketLine>(shown, line, null),
      })),
  ].filter((line) => line.change !== 'changed' || Object.keys(line.fields).length > 0);
  return {
    fields: fieldsOf<TicketContent>(['projectId', 'workDate', 'correctsTicketId', 'notes'], before, after),
    lines,
  };
}
