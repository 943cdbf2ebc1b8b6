/** Owns how hours and amounts stand in the figure of a finding. */
import { Decimal } from '../money.ts';
import type { DecimalText } from '../work-entry.ts';

/** Seconds as hours, at most two decimals: `42.5`. Rounded up, so that a second beyond a limit shows as more than it. */
export const showHours = (seconds: number): DecimalText =>
  new Decimal(seconds).div(3600).toDecimalPlaces(2, Decimal.ROUND_UP).toFixed();

/** At least two decimals: `10240.00`. */
export function showAmount(amount: DecimalText | Decimal): DecimalText {
  const exact = new Decimal(amount);
  return exact.toFixed(Math.max(2, exact.decimalPlaces()));
}
