/** Owns opening balances: what may be brought in from the books of before, batch by batch, and by which sums it is checked. */
import { addDays } from './day.ts';
import { Decimal, minorPlaces } from './money.ts';
import { Refusal } from './refusal.ts';
import type { Day, DecimalText } from './work-entry.ts';

export const openingKinds = ['receivable', 'payable', 'wip', 'retainer', 'cap_used', 'last_number'] as const;
export type OpeningKind = (typeof openingKinds)[number];

/** Proposed by one person, in effect by the word of another. */
export const openingStatuses = ['proposed', 'in_effect', 'refused'] as const;
export type OpeningStatus = (typeof openingStatuses)[number];
export const openingMoves = {
  sign_off: { proposed: 'in_effect' },
  refuse: { proposed: 'refused' },
} as const satisfies Record<string, Partial<Record<OpeningStatus, OpeningStatus>>>;

/** A row as it is brought in: parties by code or name, days and amounts as text. What it has nothing of is null. */
export interface OpeningRow {
  kind: OpeningKind;
  /** By name; null: the only one there is. */
  seller: string | null;
  /** By its code. */
  client: string | null;
  /** By code, e-mail or name. */
  person: string | null;
  /** By name, of the client. */
  contract: string | null;
  /** By code, of the client. */
  project: string | null;
  /** By name, of the project. */
  phase: string | null;
  position: string | null;
  documentType: string | null;
  /** Of numbers; null: `default`. */
  series: string | null;
  number: string | null;
  issueDate: Day | null;
  dueDate: Day | null;
  usedOn: Day | null;
  currency: string | null;
  total: DecimalText | null;
  /** What is open of it, in its currency; without one hours, or the last number. */
  amount: DecimalText;
}
type Field = Exclude<keyof OpeningRow, 'kind' | 'amount'>;

/** By kind: the fields that it needs beside its amount, and those that it may have. */
export const openingFields: Record<OpeningKind, { needs: readonly Field[]; may: readonly Field[] }> = {
  receivable: { needs: ['client', 'number', 'issueDate', 'dueDate', 'currency', 'total'], may: ['seller'] },
  payable: { needs: ['person', 'number', 'issueDate', 'dueDate', 'currency', 'total'], may: ['seller'] },
  wip: { needs: ['client', 'contract', 'currency'], may: ['project'] },
  retainer: { needs: ['client', 'contract'], may: ['currency'] },
  cap_used: {
    needs: ['client', 'contract', 'usedOn'],
    may: ['project', 'phase', 'position', 'currency'],
  },
  last_number: { needs: ['documentType'], may: ['seller', 'series', 'issueDate'] },
};
const maxAmount = new Decimal('1e15');

/** What is wrong with a row, each as a sentence that begins with the field. */
export function flawsOfOpening(row: OpeningRow, asOf: Day): string[] {
  const { needs, may } = openingFields[row.kind];
  const given = (Object.keys(row) as (keyof OpeningRow)[]).filter(
    (field): field is Field => field !== 'kind' && field !== 'amount' && row[field] !== null,
  );
  const missing = needs.filter((field) => row[field] === null).map((field) => `${field}: is missing`);
  const foreign = given
    .filter((field) => !needs.includes(field) && !may.includes(field))
    .map((field) => `${field}: has no meaning for ${row.kind.replace('_', ' ')}`);
  return [...missing, ...foreign, ...flawsOfAmount(row), ...flawsOfDays(row, asOf)];
}

function flawsOfAmount({ kind, amount, total, currency, phase, project }: OpeningRow): string[] {
  const flaws: string[] = [];
  const value = new Decimal(amount);
  if (value.lte(0)) flaws.push('amount: is more than nothing; a mistake is countered, not brought in');
  if (value.gt(maxAmount)) flaws.push('amount: is too large');
  const places = kind === 'last_number' ? 0 : currency === null ? 2 : minorPlaces(currency);
  for (const [field, text] of [
    ['amount', amount],
    ['total', total],
  ] as const)
    if (text !== null && new Decimal(text).decimalPlaces() > places)
      flaws.push(`${field}: has more than ${places} decimals`);
  if (total !== null && value.gt(total)) flaws.push('amount: is more than the total');
  if (phase !== null && project === null) flaws.push('phase: needs its project');
  return flaws;
}

function flawsOfDays({ issueDate, dueDate, usedOn }: OpeningRow, asOf: Day): string[] {
  const flaws: string[] = [];
  const last = addDays(asOf, -1);
  if (issueDate !== null && issueDate > last) flaws.push(`issueDate: is after ${last}, the last day before`);
  if (usedOn !== null && usedOn > last) flaws.push(`usedOn: is after ${last}, the last day before`);
  if (issueDate !== null && dueDate !== null && dueDate < issueDate)
    flaws.push('dueDate: is before the issue');
  return flaws;
}

/** Count and sum of one kind in one currency; without a currency hours, and of last numbers the numbers. */
export interface ControlTotal {
  kind: OpeningKind;
  currency: string | null;
  count: number;
  amount: DecimalText;
}

const totalKey = ({ kind, currency }: Pick<ControlTotal, 'kind' | 'currency'>) => `${kind} ${currency ?? ''}`;

/** Refuses with 409 where what somebody states is not what was brought in; names both figures of each total that differs. */
export function requireTotals(stated: readonly ControlTotal[], found: readonly ControlTotal[]): void {
  const none = { count: 0, amount: '0' };
  const keys = new Set([...found, ...stated].map(totalKey));
  const differing = [...keys].flatMap((key) => {
    const of = (totals: readonly ControlTotal[]) => totals.find((total) => totalKey(total) === key);
    const [said, is] = [of(stated) ?? none, of(found) ?? none];
    if (said.count === is.count && new Decimal(said.amount).eq(is.amount)) return [];
    const { kind, currency } = (of(found) ?? of(stated))!;
    return [{ kind, currency, stated: pick(said), found: pick(is) }];
  });
  if (differing.length === 0) return;
  const [first] = differing;
  const name = `${first!.kind.replace('_', ' ')}${first!.currency === null ? '' : ` in ${first!.currency}`}`;
  throw new Refusal({
    code: 'opening.totals_differ',
    message: `The control totals differ: of ${name} you state ${says(first!.stated)}, and the batch has ${says(first!.found)}.`,
    whatToDo: 'Compare both with the books of before; refuse the batch where it is wrong.',
    details: { differing },
  });
}
const pick = ({ count, amount }: Pick<ControlTotal, 'count' | 'amount'>) => ({ count, amount });
const says = ({ count, amount }: Pick<ControlTotal, 'count' | 'amount'>) =>
  `${count} ${count === 1 ? 'row' : 'rows'} with ${amount}`;
