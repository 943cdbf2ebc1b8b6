/** Owns how exceptions are told to the finance team: gathered by what they are about, however many there are. */

/** What was found by one rule. */
export interface RuleFound {
  rule: string;
  exceptions: number;
  /** Of invoices that are held: the reason, else null. */
  reason: string | null;
}

/** Rule → what a person reads. A rule without a line shows as itself. */
const ruleWords: Readonly<Record<string, string>> = {
  'match.client': 'client not known',
  'match.project': 'project not known',
  'match.person': 'person not known',
  'match.task': 'task not known',
  'contract.outside_dates': 'outside the dates of its contract',
  'contract.latest_invoice_date': 'work that must be invoiced soon',
  'contract.corrections_wait': 'contract with corrections that no invoice takes',
  'contract.before_go_live': 'before the go-live date of its contract',
  'project.not_billable': 'project not billable',
  'entry.over_24h': 'one entry over 24 hours',
  'entry.future_date': 'dated in the future',
  'entry.running_timer': 'timer still running',
  'entry.changed_after_claim': 'changed after it was billed',
  'entry.unreadable': 'cannot be read any more',
  'entry.duplicate': 'may be there twice',
  'person_day.over_24h': 'more than 24 hours in one day',
  'late_fee.left_out': 'seller whose late fees were left out',
  'sync.failed': 'document not taken by its platform',
  'sync.drifted': 'document changed at its platform',
  'sync.time_not_linked': 'invoice without some of its time entries at its platform',
  'webhook.unreadable': 'message of a platform not readable',
  'payment.beyond_balance': 'payment beyond what is open',
  'payment.balance_differs': 'invoice settled otherwise at its platform',
  'payment.changed_at_platform': 'payment changed at its platform',
  'number.taken': 'number already taken',
  'number.too_long': 'number too long for its platform',
  'payee_account.shared': 'one bank account of two payees',
  'connection.authorization_lost': 'connection lost its authorisation',
  'invoice.held': 'invoice held',
};

export const wordsOfRule = (rule: string): string => ruleWords[rule] ?? rule;

/** `12 × project not known`, one a line, the most frequent first. */
export function listRules(found: readonly { rule: string; exceptions: number }[]): string {
  return found
    .toSorted((a, b) => b.exceptions - a.exceptions || a.rule.localeCompare(b.rule))
    .map(({ rule, exceptions }) => `${exceptions} × ${wordsOfRule(rule)}`)
    .join('\n');
}
