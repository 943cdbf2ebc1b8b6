/** Owns how the snapshot of an invoice is read from the rows that it freezes, and finished with what is known at its number. */
import type { PrintedTerms } from '../domain/invoice-snapshot.ts';
import type { PaymentTermsParts } from '../domain/payment-terms.ts';
import { fillPaymentTerms } from '../domain/payment-terms.ts';
import { formatDay, formatMoney, printLanguageOf } from '../domain/print-format.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { bankAccountsColumn, taxNumbersColumn } from './printed-seller.ts';

/** What the invoice's payment terms are made from; null where the workspace has none that fit. */
export type TermsTemplate = Omit<PrintedTerms, 'text'> & PaymentTermsParts;

/**
 * Of an invoice `i` with its client `c`, contract `k`, seller `s`: the snapshot (domain/invoice-snapshot.ts) but for what comes
 * with the number. Small tables only, each by its key: issuing reads it for every invoice.
 */
export const snapshotColumn = `jsonb_build_object(
  'seller', jsonb_build_object('id', s.id, 'name', s.name, 'address', s.address, 'country', s.country,
    'registrationNumber', s.registration_number, 'contactName', s.contact_name, 'email', s.email, 'phone', s.phone,
    'electronicAddress', s.electronic_address,
    'logoSha256', (select encode(x.sha256, 'hex') from attachments x where x.workspace_id = $1 and x.id = s.logo_attachment_id),
    'taxRegistrations', ${taxNumbersColumn("coalesce(i.service_to, 'infinity')", "coalesce(i.service_to, '-infinity')")},
    'bankAccounts', ${bankAccountsColumn('b.currency = i.currency desc')}),
  'client', jsonb_build_object('id', c.id, 'name', c.name, 'code', c.code, 'email', c.email, 'address', c.address, 'taxId', c.tax_id, 'language', c.language,
    'internal', c.internal, 'billTo', coalesce(k.bill_to, c.bill_to), 'accountsPayableEmail', coalesce(k.accounts_payable_email, c.accounts_payable_email),
    'electronicAddress', coalesce(k.electronic_address, c.electronic_address), 'channel', coalesce(k.delivery_channel, c.delivery_channel)),
  'mail', case when c.mail_notifications then 'on' else 'off' end,
  'contract', jsonb_build_object('id', k.id, 'name', k.name, 'grouping', k.grouping,
    'rounding', coalesce(i.terms -> 'rounding', k.rounding), 'tax', coalesce(i.terms -> 'tax', k.tax),
    'version', coalesce(i.terms -> 'contractVersion', '0'), 'versions', coalesce(i.terms -> 'contractVersions', '[]'),
    'retentionPercentage', i.terms -> 'retentionPercentage', 'buyerReference', k.buyer_reference),
  'references', jsonb_build_object('buyerReference', coalesce(k.buyer_reference, c.buyer_reference), 'vessel', k.vessel_reference, 'job', k.job_reference,
    'purchaseOrder', (select x.number from purchase_orders x where x.workspace_id = $1 and x.id = k.purchase_order_id)),
  'appendix', k.appendix, 'taxSubtotals', i.tax_subtotals, 'allowances', i.allowances, 'lineLevelTax', coalesce(i.terms #>> '{rounding,taxPer}' = 'line', false),
  'paymentTermsDays', coalesce((i.terms ->> 'paymentTermsDays')::int, c.payment_terms_days), 'currency', i.currency)`;

/**
 * The template that the run, the contract or the client names, in the client's language where it is there in it; else the
 * standard one, in English where there is none in the client's language.
 */
export const termsTemplateColumn = `(select jsonb_build_object('id', x.id, 'name', x.name, 'language', x.language, 'message', x.message,
    'paymentInstructions', x.payment_instructions, 'lateFeePolicy', x.late_fee_policy)
  from (select (select p.name from payment_terms p where p.workspace_id = $1 and p.id = chosen.id) as name, chosen.id
    from (select coalesce((select u.payment_terms_id from runs u where u.workspace_id = $1 and u.id = i.run_id), k.payment_terms_id, c.payment_terms_id) as id) chosen) y
  join payment_terms x on x.workspace_id = $1
    and case when y.name is null then x.standard and x.language in (c.language, left(c.language, 2), 'en')
      else x.name = y.name and (x.id = y.id or x.language in (c.language, left(c.language, 2))) end
  order by x.language = c.language desc, x.language = left(c.language, 2) desc, x.id limit 1)`;

/** An invoice as the columns above read it, with its sums: all that a snapshot is finished from. */
export interface Unfinished {
  snapshot: Record<string, unknown>;
  termsTemplate: TermsTemplate | null;
  currency: string;
  net: DecimalText;
  tax: DecimalText;
  total: DecimalText;
  termsDays: number;
}

/** As it is kept: with number and dates, and the words of payment filled in by them. */
export function finishSnapshot(
  draft: Unfinished,
  at: { number: string; issueDate: Day; dueDate: Day; issuedBy: string },
): Record<string, unknown> {
  const { number, issueDate, issuedBy } = at;
  return { ...draft.snapshot, number, issueDate, issuedBy, terms: printTerms(draft, at) };
}

/** Of a draft, whose number and dates are not known, `at` says what stands in their place. */
export function printTerms(
  draft: Unfinished,
  at: { number: string; issueDate: Day | null; dueDate: Day | null },
): PrintedTerms | null {
  const template = draft.termsTemplate;
  if (template === null) return null;
  const { id, name, language } = template;
  const { seller, client, contract, references } = draft.snapshot as Record<
    string,
    Record<string, unknown> | undefined
  >;
  const accounts = seller?.bankAccounts as Record<string, unknown>[] | undefined;
  const account = accounts?.[0];
  const print = printLanguageOf(language);
  const day = (value: Day | null) => (value === null ? '…' : formatDay(value, print));
  const money = (value: DecimalText) => formatMoney(value, draft.currency, print);
  const text = fillPaymentTerms(template, {
    'invoice.number': at.number,
    'invoice.net': money(draft.net),
    'invoice.tax': money(draft.tax),
    'invoice.total': money(draft.total),
    issueDate: day(at.issueDate),
    dueDate: day(at.dueDate),
    'terms.days': String(draft.termsDays),
    'client.name': asText(client?.name),
    'client.code': asText(client?.code),
    'seller.name': asText(seller?.name),
    'contract.name': asText(contract?.name),
    purchaseOrder: asText(references?.purchaseOrder),
    buyerReference: asText(references?.buyerReference),
    vessel: asText(references?.vessel),
    job: asText(references?.job),
    'bank.iban': asText(account?.iban ?? account?.accountNumber),
    'bank.bic': asText(account?.bic),
  });
  return { id, name, language, text };
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : '');
