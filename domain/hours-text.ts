/** Owns seconds shown as decimal hours, as reports print them. */
import { Decimal } from './money.ts';

/** Two places, half up; exact sums stay in seconds. */
export const hoursText = (seconds: number): string => new Decimal(seconds).div(3600).toFixed(2);
