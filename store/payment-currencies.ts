/** Owns the currencies of a payment: what it settles in the document's, and what it is worth in the seller's books. */
import { Decimal, minorPlaces } from '../domain/money.ts';
import {
  agreedRate,
  exchangeDifference,
  type LedgerRow,
  settledBy,
  type WantedApplication,
} from '../domain/payment.ts';
import { convert } from '../domain/pricing/conversion.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { conversionKey, keepConversions, rateOn } from './currency-rates.ts';
import type { WorkspaceTx } from './database.ts';
import type { Payable, PaymentHead } from './payment-applications.ts';
import { sellers } from './sellers.ts';

export interface Converted {
  amount: Decimal;
  conversionId: string | null;
}
/** What is settled in the document's currency: by what was agreed, or the rate of the value date; nothing is guessed. */
export async function inDocumentCurrency(
  tx: WorkspaceTx,
  payment: PaymentHead,
  payable: Payable,
  application: WantedApplication,
): Promise<Converted> {
  const settled = settledBy(application);
  if (payable.currency === payment.currency) return { amount: settled, conversionId: null };
  const agreed = agreedRate(settled, application, payable.currency);
  const { currency: from, valueDate } = payment;
  const known = agreed === null ? await rateOn(tx, from, payable.currency, valueDate) : null;
  if (agreed === null && known === null)
    throw new Refusal({
      code: 'payment.currency_differs',
      message: `Invoice ${payable.number} is in ${payable.currency}, the payment in ${from}, and no rate of ${valueDate} is known.`,
      whatToDo:
        'Say what of the invoice it settles (documentAmount) or at which rate, with its source; or enter the rate of that day first.',
    });
  const conversion = {
    from,
    to: payable.currency,
    dateRule: agreed ? ('agreed' as const) : ('value_date' as const),
    rateOn: known?.rateOn ?? valueDate,
    rate: agreed?.rate ?? known!.rate,
    source: agreed?.source ?? known!.source,
  };
  const kept = await keepConversions(tx, [conversion]);
  const amount =
    agreed?.amount ?? new Decimal(convert(settled.toFixed(), known!, minorPlaces(payable.currency)));
  return { amount, conversionId: kept.get(conversionKey(conversion)) ?? null };
}

/** In the books' currency; null where nobody knows what the payment is worth there. */
export function worthInBooks(payment: PaymentHead, amount: Decimal): Decimal | null {
  if (payment.functionalCurrency === null) return null;
  if (payment.functionalRate === null) return amount;
  const places = minorPlaces(payment.functionalCurrency);
  return new Decimal(convert(amount.toFixed(), { rate: payment.functionalRate }, places));
}

/** An exchange difference that was agreed is no cash: less of it came in than was settled. */
export const gainOf = (payment: PaymentHead, { kind, amount }: LedgerRow): DecimalText | null =>
  kind === 'exchange_difference' ? (worthInBooks(payment, amount)?.toFixed() ?? null) : null;

export function differenceInBooks(
  payment: PaymentHead,
  payable: Payable,
  settled: Decimal,
  ofDocument: Decimal,
): DecimalText | null {
  const worth = worthInBooks(payment, settled);
  const { functionalCurrency } = payment;
  if (worth === null || functionalCurrency === null) return null;
  const inBooks = payable.currency === functionalCurrency;
  // Posted at no rate, so there is nothing to compare with.
  if (!inBooks && payable.functionalTotal === null) return null;
  const functionalTotal = inBooks ? null : payable.functionalTotal;
  return exchangeDifference(
    worth,
    ofDocument,
    { total: payable.total, functionalTotal },
    functionalCurrency,
  ).toFixed();
}

/** The rate of the value date into the seller's books; all null where there is none: nothing is guessed. */
export async function rateIntoBooks(
  tx: WorkspaceTx,
  sellerId: string | null,
  currency: string,
  valueDate: Day,
): Promise<Pick<PaymentHead, 'functionalCurrency' | 'functionalRate' | 'functionalConversionId'>> {
  const none = { functionalCurrency: null, functionalRate: null, functionalConversionId: null };
  const seller = sellerId === null ? null : await sellers.find(tx, sellerId);
  if (!seller) return none;
  const { functionalCurrency } = seller;
  if (functionalCurrency === currency) return { ...none, functionalCurrency };
  const known = await rateOn(tx, currency, functionalCurrency, valueDate);
  if (known === null) return none;
  const conversion = { ...known, dateRule: 'value_date' as const };
  const kept = await keepConversions(tx, [conversion]);
  return {
    functionalCurrency,
    functionalRate: known.rate,
    functionalConversionId: kept.get(conversionKey(conversion)) ?? null,
  };
}
