/** Owns what is used of a contract's caps: which entries fall under one, and what they add up to. */
import type { Cap } from '../contract-terms.ts';
import { Decimal } from '../money.ts';
import type { Day, DecimalText } from '../work-entry.ts';
import { type CalendarPeriod, capPeriod } from './cap-period.ts';

/** One cap as an entry meets it. */
export interface CapUse {
  /** Names the cap, and its period where it has one: uses of one key add up. */
  key: string;
  /** Where it counts, as a figure says it: `in week 2026-W45`, `in all`, `in this phase`, `as Engineer`. */
  where: string;
  limitSeconds: number | null;
  limitAmount: Decimal | null;
  usedSeconds: number;
  usedAmount: Decimal;
}
/** What was compiled before, summed by what caps ask for. */
export interface Usage {
  workDate: Day;
  /** Null: used before go-live, of no project that was named. */
  projectId: string | null;
  phaseId: string | null;
  position: string | null;
  /** Labor only. */
  seconds: number;
  amount: DecimalText;
}
type Subject = Pick<Usage, 'workDate' | 'phaseId' | 'position'>;

const folded = (position: string | null) => position?.trim().toLowerCase() ?? null;

interface Place {
  key: string;
  where: string;
}

/** Where the cap counts for the subject, and null where it does not apply. */
function placeOf(cap: Cap, subject: Subject, periodOf: typeof capPeriod): Place | null {
  switch (cap.per) {
    case 'contract':
      return { key: 'contract', where: 'in all' };
    case 'period': {
      const period = periodOf(subject.workDate, cap.period);
      return { key: `${cap.period} ${period.startsOn}`, where: `in ${period.name}` };
    }
    case 'phase':
      return subject.phaseId === cap.phaseId ? { key: `phase ${cap.phaseId}`, where: 'in this phase' } : null;
    case 'position':
      return folded(subject.position) === folded(cap.position)
        ? { key: `position ${folded(cap.position)}`, where: `as ${cap.position}` }
        : null;
    default: {
      const unknown: never = cap;
      throw new RangeError(`no cap ${JSON.stringify(unknown)}`);
    }
  }
}

interface Limits {
  limitSeconds: number | null;
  limitAmount: Decimal | null;
}

/** Adds up use by cap, in the order in which entries are let in. For one pass: it keeps what it worked out. */
export class CapLedger {
  readonly #used = new Map<string, { seconds: number; amount: Decimal }>();
  readonly #read: readonly Usage[];
  readonly #periods = new Map<string, CalendarPeriod>();
  readonly #limits = new Map<Cap, Limits>();

  /** `read`: all that was compiled before and may count for one of the caps. */
  constructor(read: readonly Usage[]) {
    this.#read = read;
  }

  /** The caps that the subject falls under, with what is used before it. */
  uses(caps: readonly Cap[], subject: Subject): CapUse[] {
    return caps.flatMap((cap) => {
      const place = placeOf(cap, subject, this.#periodOf);
      if (!place) return [];
      const used = this.#usedOf(cap, place.key);
      const { limitSeconds, limitAmount } = this.#limitsOf(cap);
      return {
        ...place,
        limitSeconds,
        limitAmount,
        usedSeconds: used.seconds,
        usedAmount: used.amount,
      };
    });
  }

  /** Notes that the entry was let in under these caps. */
  add(uses: readonly CapUse[], seconds: number, amount: Decimal): void {
    for (const key of new Set(uses.map((use) => use.key))) {
      const used = this.#used.get(key)!;
      used.seconds += seconds;
      if (!amount.isZero()) used.amount = used.amount.plus(amount);
    }
  }

  readonly #periodOf: typeof capPeriod = (day, period) => {
    const key = `${period} ${day}`;
    let found = this.#periods.get(key);
    if (!found) {
      found = capPeriod(day, period);
      this.#periods.set(key, found);
    }
    return found;
  };

  #limitsOf(cap: Cap): Limits {
    let limits = this.#limits.get(cap);
    if (!limits) {
      const limitSeconds = cap.hours === null ? null : new Decimal(cap.hours).times(3600).toNumber();
      limits = { limitSeconds, limitAmount: cap.amount === null ? null : new Decimal(cap.amount) };
      this.#limits.set(cap, limits);
    }
    return limits;
  }

  #usedOf(cap: Cap, key: string): { seconds: number; amount: Decimal } {
    let used = this.#used.get(key);
    if (!used) {
      used = { seconds: 0, amount: new Decimal(0) };
      for (const row of this.#read) {
        if (placeOf(cap, row, this.#periodOf)?.key !== key) continue;
        used.seconds += row.seconds;
        used.amount = used.amount.plus(row.amount);
      }
      this.#used.set(key, used);
    }
    return used;
  }
}
