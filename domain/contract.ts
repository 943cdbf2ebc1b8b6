/** Owns what may be agreed for a contract that has billed already: where an amendment may start, and how low a cap may be. */
import type { Cap, CapPeriod, ContractClauses, ContractTimeline } from './contract-terms.ts';
import { addDays, weekStart } from './day.ts';
import { Decimal } from './money.ts';
import type { RefusalFacts } from './refusal.ts';
import type { Day, DecimalText } from './work-entry.ts';

/** The last days of service of the contract that are on an invoice, and that are on a draft. */
export interface BilledUpTo {
  invoicedOn: Day | null;
  draftedOn: Day | null;
}

/** Why an amendment cannot start on the day: versions follow each other, and none reaches what is billed. */
export function whyNotAmended(
  startsOn: Day,
  timeline: ContractTimeline,
  { invoicedOn, draftedOn }: BilledUpTo,
): RefusalFacts | null {
  const last = timeline[timeline.length - 1]!;
  const { startsOn: validFrom, endsBefore } = last;
  if (startsOn < validFrom || (endsBefore !== null && startsOn >= endsBefore))
    return {
      code: 'contract.amendment_outside_dates',
      message: `An amendment from ${startsOn} is outside the contract, which runs from ${validFrom}${endsBefore === null ? '' : ` to before ${endsBefore}`}.`,
      whatToDo: 'Start it within the contract, or extend the contract first.',
      details: { startsOn, contractStartsOn: validFrom, contractEndsBefore: endsBefore },
    };
  if (last.version > 0 && startsOn <= last.versionStartsOn)
    return {
      code: 'contract.amendments_overlap',
      message: `Amendment ${last.version} counts from ${last.versionStartsOn} on: another one starts after it.`,
      whatToDo: `Start it on ${addDays(last.versionStartsOn, 1)} or later.`,
      details: { version: last.version, startsOn: last.versionStartsOn },
    };
  if (invoicedOn !== null && startsOn <= invoicedOn)
    return {
      code: 'contract.amends_billed_work',
      message: `Work up to ${invoicedOn} is invoiced: an amendment never rewrites what was billed.`,
      whatToDo: `Start it on ${addDays(invoicedOn, 1)} or later; credit what was billed wrongly.`,
      details: { invoicedOn },
    };
  if (draftedOn !== null && startsOn <= draftedOn)
    return {
      code: 'contract.amends_drafted_work',
      message: `Work up to ${draftedOn} is on a draft of the older terms.`,
      whatToDo: `Discard the draft; the next run makes it anew. Or start the amendment on ${addDays(draftedOn, 1)} or later.`,
      details: { draftedOn },
    };
  return null;
}

/** What of a contract is on invoices and drafts, in all or of one phase, position or running period. */
export interface BilledSum {
  per: Cap['per'];
  /** Phase id, position in small letters, or period; null for the whole contract. */
  key: string | null;
  /** Net, in the contract's currency. */
  amount: DecimalText;
  hours: DecimalText;
}

/** The first limit of the clauses that is below what is billed already; one that is reached exactly stands. */
export function capBelowBilled(
  { billingModel, caps }: Pick<ContractClauses, 'billingModel' | 'caps'>,
  billed: readonly BilledSum[],
): { pointer: string; message: string } | null {
  const sumOf = (per: Cap['per'], key: string | null) =>
    billed.find((sum) => sum.per === per && sum.key === key) ?? { amount: '0', hours: '0' };
  if (billingModel.type === 'not_to_exceed') {
    const { amount } = sumOf('contract', null);
    if (new Decimal(billingModel.amount).lt(amount))
      return {
        pointer: '/clauses/billingModel/amount',
        message: `Not to exceed ${billingModel.amount} is below ${amount}, which is billed already.`,
      };
  }
  for (const [index, cap] of caps.entries()) {
    const sum = sumOf(cap.per, capKey(cap));
    for (const measure of ['hours', 'amount'] as const) {
      const limit = cap[measure];
      if (limit !== null && new Decimal(limit).lt(sum[measure]))
        return {
          pointer: `/clauses/caps/${index}/${measure}`,
          message: `A cap of ${limit}${measure === 'hours' ? ' h' : ''} is below ${sum[measure]}, which is billed already.`,
        };
    }
  }
  return null;
}

/** What tells caps of one kind apart, as `BilledSum` has it. */
export function capKey(cap: Cap): string | null {
  if (cap.per === 'phase') return cap.phaseId;
  if (cap.per === 'position') return cap.position.trim().toLowerCase();
  return cap.per === 'period' ? cap.period : null;
}

/** The first day of the week (from Monday), month, quarter or year that the day is in. */
export function periodStart(day: Day, period: CapPeriod): Day {
  const year = day.slice(0, 4);
  const month = Number(day.slice(5, 7));
  if (period === 'week') return weekStart(day, 1);
  if (period === 'month') return `${day.slice(0, 7)}-01`;
  if (period === 'year') return `${year}-01-01`;
  return `${year}-${String(month - ((month - 1) % 3)).padStart(2, '0')}-01`;
}

/** The first day after the week, month, quarter or year that begins on the day. */
export function periodEnd(startsOn: Day, period: CapPeriod): Day {
  const days = { week: 7, month: 31, quarter: 92, year: 366 }[period];
  // Beyond its end by less than another one, and so within the next.
  return periodStart(addDays(startsOn, days), period);
}
