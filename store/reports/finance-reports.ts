/** Owns the list of the finance team's reports. */
import { deferredRevenue, exchangeDifferences, unappliedCash } from './cash.ts';
import type { FinanceReport } from './finance-report.ts';
import { journal } from './journal.ts';
import { accruedContractorCost, agedPayables } from './payables.ts';
import { agedReceivables } from './receivables.ts';
import { revenue, taxByRate } from './revenue.ts';
import { wipRollForward } from './wip.ts';

export const financeReports: readonly FinanceReport[] = [
  agedReceivables,
  agedPayables,
  accruedContractorCost,
  wipRollForward,
  revenue,
  taxByRate,
  journal,
  unappliedCash,
  deferredRevenue,
  exchangeDifferences,
];
