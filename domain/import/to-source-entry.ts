/** Owns the step from one row of a mapped CSV file to a source entry, or to the reason why it is none. */

import { hash } from 'node:crypto';
import { Decimal } from '../money.ts';
import { receiptOf, toCents } from '../ticket-lines.ts';
import type {
  ApprovalState,
  DecimalText,
  ExpenseReceipt,
  SourceEntry,
  SourcePersonRef,
  SourceRef,
} from '../work-entry.ts';
import type { IdentityField, ImportMapping } from './mapping.ts';
import { parseClock } from './parse-clock.ts';
import { dayReader } from './parse-day.ts';
import { parseHours } from './parse-hours.ts';
import { parseMoney } from './parse-money.ts';
import { isProblem, type Problem, quoted } from './problem.ts';
import type { ReadText, ResolvedColumns } from './resolve-columns.ts';
import { SeenKeys } from './seen-keys.ts';
import { instantIn } from './to-instant.ts';

/** Names and codes end up in indexed columns, which take about 2,700 bytes. */
const maxNameLength = 500;
const maxNotesLength = 100_000;

export type RowToEntry = (row: readonly string[]) => SourceEntry | Problem;

/**
 * Makes the converter for one file: rows go in in the file's order (it numbers repeated keys), each with as many
 * cells as the header has. Text is kept as written, formulas included: they are data here and are never evaluated;
 * neutralising them is the duty of whatever writes a CSV or XLSX again.
 */
export function rowToEntry(mapping: ImportMapping, columns: ResolvedColumns): RowToEntry {
  const seen = new SeenKeys();
  const { formats, defaults, policy, key } = mapping;
  const readDay = dayReader({
    pattern: formats.day,
    pivotYear: formats.pivotYear,
    monthNames: formats.monthNames,
  });
  const toInstant = defaults.zone === null ? null : instantIn(defaults.zone);
  const workDateText = text('workDate')!;
  const hoursText = text('hours')!;
  const startText = text('startTime');
  const endText = text('endTime');
  const endDateText = text('endDate');
  const personText = partyReader('person');
  const personEmailText = text('person.email');
  const clientText = partyReader('client');
  const projectText = partyReader('project');
  const taskText = partyReader('task');
  const positionText = text('position');
  const notesText = text('notes');
  const naturalKey = columns.sources.get('key.natural');
  const flagWords = new Map([
    ...mapping.words.yes.map((word) => [word, true] as const),
    ...mapping.words.no.map((word) => [word, false] as const),
  ]);
  const billable = flagReader('billable', 'billable', defaults.billable);
  const billedElsewhere = flagReader('billedElsewhere', 'billed_elsewhere', false);
  const approval = approvalReader();
  const rate = moneyReader('rate', 'rate');
  const cost = moneyReader('cost', 'cost');
  const currencyText = text('currency');
  const amount = moneyReader('expense.amount', 'amount');
  const inputTax = moneyReader('expense.inputTax', 'input_tax');
  const receiptOnText = text('expense.receiptOn');

  return (row) => {
    const workDate = readDay(workDateText(row));
    if (isProblem(workDate)) return workDate;
    const start = startText ? parseClock(startText(row), formats.clock, 'started_at') : null;
    if (isProblem(start)) return start;
    const end = endText ? parseClock(endText(row), formats.clock, 'ended_at') : null;
    if (isProblem(end)) return end;
    const endDate = end !== null && endDateText ? readDay(endDateText(row)) : null;
    if (isProblem(endDate)) return { ...endDate, reason: endDate.reason.replace('work_date', 'ended_at') };
    const person = readPerson(row);
    if (isProblem(person)) return person;
    const client = clientText(row);
    if (isProblem(client)) return client;
    const project = projectText(row);
    if (isProblem(project)) return project;
    const task = taskText(row);
    if (isProblem(task)) return task;
    const position = bounded(positionText?.(row) ?? '', 'position', maxNameLength);
    if (isProblem(position)) return position;
    const notes = bounded(notesText?.(row) ?? '', 'notes', maxNotesLength);
    if (isProblem(notes)) return notes;
    const externalId = readKey(row, {
      workDate,
      startTime: start,
      person: person.email?.toLowerCase() ?? shownName(person),
      client: shownName(client),
      project: shownName(project),
      task: shownName(task),
      notes,
    });
    if (isProblem(externalId)) return externalId;
    const paid = readExpense(row);
    if (isProblem(paid)) return paid;
    const quantity = paid === null ? readQuantity(row) : paid.quantity;
    if (isProblem(quantity)) return quantity;
    const isBillable = billable(row);
    if (isProblem(isBillable)) return isBillable;
    const isBilledElsewhere = billedElsewhere(row);
    if (isProblem(isBilledElsewhere)) return isBilledElsewhere;
    const approvalState = approval(row);
    if (isProblem(approvalState)) return approvalState;
    const ratePerHour = rate(row);
    if (isProblem(ratePerHour)) return ratePerHour;
    const costPerHour = cost(row);
    if (isProblem(costPerHour)) return costPerHour;
    const currency = readCurrency(row);
    if (isProblem(currency)) return currency;
    if (paid !== null && currency === null) return currencyMissing;
    const span = readSpan(workDate, start, endDate, end);
    if (isProblem(span)) return span;
    return {
      externalId,
      kind: paid === null ? 'labor' : 'expense',
      workDate,
      zone: defaults.zone,
      startedAt: span.startedAt,
      endedAt: span.endedAt,
      quantity,
      person,
      client,
      project,
      task,
      position,
      billable: isBillable,
      running: false,
      approval: approvalState,
      billedElsewhere: isBilledElsewhere,
      notes,
      rate: ratePerHour,
      cost: costPerHour,
      currency,
      ...(paid?.receipt && { receipt: paid.receipt }),
      sourceUpdatedAt: null,
    };
  };

  function text(path: string): ReadText | null {
    const source = columns.sources.get(path);
    return source?.present ? source.read : null;
  }

  function partyReader(field: 'person' | 'client' | 'project' | 'task') {
    const readers = (['externalId', 'code', 'name'] as const).map((part) => text(`${field}.${part}`));
    return (row: readonly string[]): SourceRef | null | Problem => {
      const [externalId = null, code = null, name = null] = readers.map((read) => read?.(row) || null);
      for (const part of [externalId, code, name]) {
        if (part !== null && part.length > maxNameLength) return tooLong(field, part, maxNameLength);
      }
      return externalId === null && code === null && name === null ? null : { externalId, code, name };
    };
  }

  function readPerson(row: readonly string[]): SourcePersonRef | Problem {
    const ref = personText(row);
    if (isProblem(ref)) return ref;
    const email = personEmailText?.(row) || null;
    if (email !== null && email.length > maxNameLength) return tooLong('person', email, maxNameLength);
    if (ref === null && email === null)
      return { reason: 'person.missing', detail: 'The line does not say who worked.' };
    return { externalId: null, code: null, name: null, ...ref, email };
  }

  function readKey(
    row: readonly string[],
    parts: Record<Exclude<IdentityField, 'hours'>, string | number | null>,
  ): string | Problem {
    if (!('natural' in key)) {
      const values = key.identity.map((field) => (field === 'hours' ? hoursText(row) : parts[field]));
      const digest = hash('sha256', JSON.stringify(values), 'hex');
      const occurrence = seen.count(digest);
      return occurrence === 1 ? `row-${digest.slice(0, 32)}` : `row-${digest.slice(0, 32)}-${occurrence}`;
    }
    if (!naturalKey?.isComplete(row)) {
      return { reason: 'external_id.missing', detail: 'The column that names the line for good is empty.' };
    }
    const id = naturalKey.read(row);
    if (id.length > maxNameLength) return tooLong('external_id', id, maxNameLength);
    if (seen.count(hash('sha256', id, 'hex')) > 1) {
      return {
        reason: 'external_id.repeated',
        detail: `An earlier line of the file has the key ${quoted(id)} already; make the key unique in the mapping or correct the file.`,
      };
    }
    return id;
  }

  function readQuantity(row: readonly string[]): number | Problem {
    const seconds = parseHours(hoursText(row), formats.hours);
    if (isProblem(seconds)) return seconds;
    if (seconds < 0 && policy.negativeHours === 'quarantine') {
      return {
        reason: 'hours.negative',
        detail: `${quoted(hoursText(row))} is negative; correct the line, or set policy.negativeHours to "accept" in the mapping.`,
      };
    }
    if (seconds === 0 && policy.zeroHours === 'quarantine') {
      return { reason: 'hours.zero', detail: 'The line has zero hours, and the mapping quarantines those.' };
    }
    return seconds;
  }

  /** Null: the line is no expense. */
  function readExpense(
    row: readonly string[],
  ): { quantity: number; receipt: ExpenseReceipt | null } | null | Problem {
    const paid = amount(row);
    if (isProblem(paid)) return paid;
    if (paid === null || new Decimal(paid).isZero()) return null;
    const hours = hoursText(row);
    const seconds = hours === '' ? 0 : parseHours(hours, formats.hours);
    if (isProblem(seconds)) return seconds;
    if (seconds !== 0)
      return {
        reason: 'amount.with_hours',
        detail: `The line has hours and an amount of ${quoted(paid)}; give the expense a line of its own.`,
      };
    const tax = inputTax(row);
    if (isProblem(tax)) return tax;
    for (const [field, value] of [
      ['amount', paid],
      ['input_tax', tax],
    ] as const)
      if (new Decimal(value ?? 0).decimalPlaces() > 2)
        return { reason: `${field}.too_fine`, detail: `${quoted(value!)} has more than 2 decimals.` };
    if (new Decimal(tax ?? 0).gt(paid))
      return {
        reason: 'input_tax.beyond_amount',
        detail: `Input tax of ${quoted(tax!)} is more than the amount ${quoted(paid)} that it is a part of.`,
      };
    const receiptOn = receiptOnText?.(row) ? readDay(receiptOnText(row)) : null;
    if (isProblem(receiptOn))
      return { ...receiptOn, reason: receiptOn.reason.replace('work_date', 'receipt_on') };
    return { quantity: toCents(paid), receipt: receiptOf({ amount: paid, receiptOn, inputTax: tax }) };
  }

  function flagReader(path: string, field: string, whenEmpty: boolean) {
    const read = text(path);
    return (row: readonly string[]): boolean | Problem => {
      const cell = read?.(row) ?? '';
      if (cell === '') return whenEmpty;
      return (
        flagWords.get(cell.toLowerCase()) ?? {
          reason: `${field}.unknown`,
          detail: `${quoted(cell)} is neither yes nor no; add the word to words.yes or words.no in the mapping.`,
        }
      );
    };
  }

  function approvalReader() {
    const read = text('approval');
    const states = new Map<string, ApprovalState>(Object.entries(mapping.words.approval));
    return (row: readonly string[]): ApprovalState | Problem => {
      if (read === null) return defaults.approval;
      const cell = read(row);
      const state = states.get(cell.toLowerCase());
      if (state !== undefined) return state;
      if (cell === '') return defaults.approval;
      return {
        reason: 'approval.unknown',
        detail: `The mapping does not say what ${quoted(cell)} means; add it to words.approval.`,
      };
    };
  }

  function moneyReader(path: string, field: string) {
    const read = text(path);
    return (row: readonly string[]): DecimalText | null | Problem =>
      read === null ? null : parseMoney(read(row), formats.money, field);
  }

  /** A code, or a name that ends in one: Harvest writes `Euro - EUR`. */
  function readCurrency(row: readonly string[]): string | null | Problem {
    const cell = currencyText?.(row) ?? '';
    if (cell === '') return defaults.currency;
    const code = /(?:^|[\s(-])([A-Z]{3})\)?$/.exec(cell)?.[1];
    return (
      code ?? {
        reason: 'currency.unknown',
        detail: `${quoted(cell)} does not end in a currency code such as EUR.`,
      }
    );
  }

  function readSpan(workDate: string, start: number | null, endDate: string | null, end: number | null) {
    const startedAt = toInstant !== null && start !== null ? toInstant(workDate, start) : null;
    if (toInstant === null || end === null) return { startedAt, endedAt: null };
    const overnight = endDate === null && start !== null && end < start;
    const endedAt = toInstant(endDate ?? (overnight ? dayAfter(workDate) : workDate), end);
    if (startedAt !== null && endedAt < startedAt) {
      return {
        reason: 'ended_at.before_start',
        detail: 'The work ends before it starts; correct the line in the source.',
      };
    }
    return { startedAt, endedAt };
  }
}

const currencyMissing: Problem = {
  reason: 'currency.missing',
  detail:
    'The line is an expense and does not say its currency; map a currency column, or set defaults.currency.',
};

function bounded(value: string, field: string, limit: number): string | null | Problem {
  if (value.length > limit) return tooLong(field, value, limit);
  return value === '' ? null : value;
}

function tooLong(field: string, value: string, limit: number): Problem {
  return {
    reason: `${field}.too_long`,
    detail: `The ${field.replace('_', ' ')} has ${value.length} characters, and ${limit} are allowed.`,
  };
}

/** Name first: a code or id column that appears in a later export must not change the keys of lines read before. */
function shownName(ref: SourceRef | null): string | null {
  return ref === null ? null : (ref.name ?? ref.code ?? ref.externalId);
}

function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}
