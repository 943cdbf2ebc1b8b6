/** Owns the list of every rule that an exception may be raised by: what a person may name, release or filter by. */
import { targetKinds } from './match.ts';
import { allRules } from './validation/entry-rules.ts';

/** Sorted, so that a list on a screen is found through. */
export const exceptionRules: readonly string[] = [
  ...allRules.map((rule) => rule.code),
  ...targetKinds.map((kind) => `match.${kind}`),
  'connection.authorization_lost',
  'contract.beyond_price',
  'contract.corrections_wait',
  'contract.latest_invoice_date',
  'entry.changed_after_claim',
  'entry.unreadable',
  'invoice.held',
  'late_fee.left_out',
  'number.taken',
  'number.too_long',
  'payee_account.shared',
  'payment.balance_differs',
  'payment.beyond_balance',
  'payment.changed_at_platform',
  'payment.confirmed_not_received',
  'retainer.used_up',
  'sync.drifted',
  'sync.failed',
  'sync.time_not_linked',
  'webhook.unreadable',
].sort();
