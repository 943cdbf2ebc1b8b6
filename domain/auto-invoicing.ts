/** Owns up to which amount an invoice goes out by itself. */
import { Decimal } from './money.ts';
import type { DecimalText } from './work-entry.ts';

export interface AutoInvoiced {
  total: DecimalText;
  currency: string;
  /** In the client's currency; null: whatever the amount, or a person asked for it. */
  autoLimit: DecimalText | null;
  clientCurrency: string;
}

/** Why it waits for a person; null: it goes out. In another currency than the limit nothing says how much it is. */
export function whyNotByItself({ total, currency, autoLimit, clientCurrency }: AutoInvoiced): string | null {
  if (autoLimit === null) return null;
  const limit = `invoices up to ${autoLimit} ${clientCurrency} go to this client by themselves`;
  if (currency !== clientCurrency) return `${limit}, and this one is in ${currency}: a person releases it`;
  if (new Decimal(total).lte(autoLimit)) return null;
  return `${limit}, and this one comes to ${total} ${currency}: a person releases it`;
}
