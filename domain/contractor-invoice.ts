/** Owns the life of a contractor invoice: its statuses, what may be done in which, its lines from costs, its totals. */
import { Decimal, fixed, minorPlaces, round } from './money.ts';
import { Refusal } from './refusal.ts';
import type { Day, DecimalText, EntryKind } from './work-entry.ts';

export const contractorInvoiceKinds = ['payment_request', 'own_invoice', 'self_billed'] as const;
/** A request for payment, an invoice of their own that came with it, or one that we write for them. */
export type ContractorInvoiceKind = (typeof contractorInvoiceKinds)[number];

export const contractorInvoiceStatuses = [
  'draft',
  'submitted',
  'approved',
  'rejected',
  'partially_paid',
  'paid',
  'cancelled',
] as const;
export type ContractorInvoiceStatus = (typeof contractorInvoiceStatuses)[number];

/** Action → from which status to which; what is not here may not be done. Money moves by `statusByApplied`. */
export const contractorInvoiceMoves = {
  /** Also a rejected one: it becomes a draft again. */
  edit: { draft: 'draft', rejected: 'draft' },
  submit: { draft: 'submitted', rejected: 'submitted' },
  withdraw: { submitted: 'draft' },
  approve: { submitted: 'approved' },
  reject: { submitted: 'rejected' },
  /** Of the tickets on it one is sent back and the rest stays. */
  reject_ticket: { submitted: 'submitted' },
  cancel: { draft: 'cancelled', submitted: 'cancelled', rejected: 'cancelled', approved: 'cancelled' },
} as const satisfies Record<string, Partial<Record<ContractorInvoiceStatus, ContractorInvoiceStatus>>>;
export type ContractorInvoiceAction = keyof typeof contractorInvoiceMoves;

/** Approved, partially paid and paid follow the money in both directions: a reversed payment opens it again. */
export const payableStatuses = ['approved', 'partially_paid', 'paid'] as const;
export type PayableStatus = (typeof payableStatuses)[number];

export const isPayable = (status: ContractorInvoiceStatus): status is PayableStatus =>
  (payableStatuses as readonly ContractorInvoiceStatus[]).includes(status);

/** Nobody and nothing is waited for: the next submission, or a reversed payment, starts the workflow anew. */
export const isInvoiceAtRest = (status: ContractorInvoiceStatus) =>
  status !== 'submitted' && status !== 'approved' && status !== 'partially_paid';

export function nextStatus(
  action: ContractorInvoiceAction,
  from: ContractorInvoiceStatus,
): ContractorInvoiceStatus | null {
  const moves: Partial<Record<ContractorInvoiceStatus, ContractorInvoiceStatus>> =
    contractorInvoiceMoves[action];
  return moves[from] ?? null;
}

const whatToDo: Record<ContractorInvoiceStatus, string> = {
  draft: 'Submit it first.',
  submitted: 'It waits for a decision; withdraw it to change it.',
  approved: 'It waits for its payment; cancel it to make another of its tickets.',
  rejected: 'Change it and submit it again, or cancel it.',
  partially_paid: 'Reverse its payments first.',
  paid: 'Reverse its payments first, or correct a ticket: that gives a credit.',
  cancelled: 'Make another one of its tickets.',
};

/** The status that the action leads to, or a 409 refusal that names who decided where somebody has. */
export function moveContractorInvoice(
  action: ContractorInvoiceAction,
  invoice: { id: string; number: string | null; status: ContractorInvoiceStatus; decidedBy: string | null },
): ContractorInvoiceStatus {
  const next = nextStatus(action, invoice.status);
  if (next !== null) return next;
  const decides = action === 'approve' || action === 'reject' || action === 'reject_ticket';
  const decided = decides && (invoice.status === 'rejected' || isPayable(invoice.status));
  const by = decided && invoice.decidedBy !== null ? ` (decided by ${invoice.decidedBy})` : '';
  throw new Refusal({
    code: decided
      ? 'contractor_invoice.already_decided'
      : decides
        ? 'contractor_invoice.not_submitted'
        : `contractor_invoice.${notAllowed[action]}`,
    message: `Contractor invoice ${invoice.number ?? invoice.id} is ${invoice.status.replaceAll('_', ' ')}${by}.`,
    whatToDo: whatToDo[invoice.status],
    details: { status: invoice.status, decidedBy: invoice.decidedBy },
  });
}

const notAllowed: Record<Exclude<ContractorInvoiceAction, 'approve' | 'reject' | 'reject_ticket'>, string> = {
  edit: 'not_editable',
  submit: 'not_submittable',
  withdraw: 'not_submitted',
  cancel: 'not_cancellable',
};

/** What money makes of an approved invoice. */
export function statusByApplied(total: DecimalText, applied: DecimalText): PayableStatus {
  if (new Decimal(applied).eq(total)) return 'paid';
  return new Decimal(applied).gt(0) ? 'partially_paid' : 'approved';
}

/** One recorded cost of an approved ticket, with the rate that its approval put on it. */
export interface Cost {
  ticketId: string;
  ticketNumber: string;
  entryId: string;
  entryVersion: number;
  kind: EntryKind;
  overtime: boolean;
  workDate: Day;
  projectName: string;
  position: string | null;
  note: string | null;
  /** Seconds, metres, hundredths of `currency` (expense), counts. Negative where it corrects. */
  quantity: number;
  /** Per hour, kilometre or piece; null: none was there when it was approved. An expense needs none. */
  costRate: DecimalText | null;
  /** Of the rate, or of the expense. */
  currency: string | null;
}

export interface ContractorInvoiceLine {
  ticketId: string;
  entryId: string;
  entryVersion: number;
  kind: 'labor' | 'labor_overtime' | 'expense' | 'mileage_distance' | 'mileage_time' | 'goods';
  workDate: Day;
  description: string;
  quantity: DecimalText;
  unit: string;
  unitPrice: DecimalText;
  amount: DecimalText;
  /** raw → rounded → × rate → amount, so that the line explains itself (invariant 3). */
  formula: Record<string, string | number>;
}

/** Per kind: how much raw makes one unit, and how many decimals the line shows of it. */
const measures: Record<
  Exclude<EntryKind, 'expense'>,
  { unit: string; rawUnit: string; raw: number; places: number }
> = {
  labor: { unit: 'h', rawUnit: 's', raw: 3600, places: 2 },
  mileage_time: { unit: 'h', rawUnit: 's', raw: 3600, places: 2 },
  mileage_distance: { unit: 'km', rawUnit: 'm', raw: 1000, places: 3 },
  goods: { unit: 'pc', rawUnit: 'pc', raw: 1, places: 0 },
};

/** Costs without a rate, or in another currency than the invoice's: what keeps them off it. */
export function unbillableCosts(costs: readonly Cost[], currency: string): { cost: Cost; problem: string }[] {
  return costs.flatMap((cost) => {
    if (cost.kind !== 'expense' && cost.costRate === null) return [{ cost, problem: 'it has no cost rate' }];
    if (cost.currency !== currency)
      return [{ cost, problem: `it is in ${cost.currency ?? 'no currency'}, not in ${currency}` }];
    return [];
  });
}

/**
 * One line per cost, each rounded for itself; shown quantity × price is the amount. The costs must have passed
 * `unbillableCosts`.
 */
export function toLines(costs: readonly Cost[], currency: string): ContractorInvoiceLine[] {
  const moneyPlaces = minorPlaces(currency);
  return costs.map((cost) => {
    const facts = {
      ticketId: cost.ticketId,
      entryId: cost.entryId,
      entryVersion: cost.entryVersion,
      kind: cost.kind === 'labor' && cost.overtime ? ('labor_overtime' as const) : cost.kind,
      workDate: cost.workDate,
      description: describe(cost),
    };
    if (cost.kind === 'expense') {
      const amount = round(new Decimal(cost.quantity).div(100), moneyPlaces, 'half_up');
      return {
        ...facts,
        // A price is never negative; what is taken back is less than one.
        quantity: amount.lt(0) ? '-1' : '1',
        unit: 'expense',
        unitPrice: fixed(amount.abs(), moneyPlaces),
        amount: fixed(amount, moneyPlaces),
        formula: { raw: cost.quantity, rawUnit: `0.01 ${currency}`, moneyPlaces },
      };
    }
    const { unit, rawUnit, raw, places } = measures[cost.kind];
    const quantity = round(new Decimal(cost.quantity).div(raw), places, 'half_up');
    const rate = cost.costRate!;
    const amount = round(quantity.times(rate), moneyPlaces, 'half_up');
    return {
      ...facts,
      quantity: fixed(quantity, places),
      unit,
      unitPrice: rate,
      amount: fixed(amount, moneyPlaces),
      formula: {
        raw: cost.quantity,
        rawUnit,
        rounded: fixed(quantity, places),
        unit,
        rate,
        rounding: 'half_up',
        moneyPlaces,
      },
    };
  });
}

const kindNames: Record<EntryKind, string> = {
  labor: 'Hours',
  expense: 'Expense',
  mileage_distance: 'Mileage',
  mileage_time: 'Travel time',
  goods: 'Goods',
};
const maxDescription = 500;

function describe(cost: Cost): string {
  const what = cost.kind === 'labor' && cost.overtime ? 'Overtime' : kindNames[cost.kind];
  const parts = [what, cost.position, cost.projectName, cost.ticketNumber, cost.note].filter(Boolean);
  return parts.join(' · ').slice(0, maxDescription).toWellFormed();
}

/** net = Σ lines, total = net + tax. */
export function contractorInvoiceTotals(
  lines: readonly Pick<ContractorInvoiceLine, 'amount'>[],
  tax: DecimalText,
  currency: string,
): { net: DecimalText; tax: DecimalText; total: DecimalText } {
  const places = minorPlaces(currency);
  const net = lines.reduce<Decimal>((sum, line) => sum.plus(line.amount), new Decimal(0));
  return { net: fixed(net, places), tax: fixed(tax, places), total: fixed(net.plus(tax), places) };
}

/** Has no more decimals than the currency. */
export const fitsCurrency = (amount: DecimalText, currency: string) =>
  new Decimal(amount).decimalPlaces() <= minorPlaces(currency);
