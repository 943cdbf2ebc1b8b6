/** Owns what is frozen with the number of a late fee: its parties as they are on the day, and what the payment terms say of it. */
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { printTerms, snapshotColumn, termsTemplateColumn, type Unfinished } from './invoice-snapshot.ts';

interface InvoiceRow extends Unfinished {
  contractId: string | null;
  number: string;
  issueDate: Day | null;
  dueDate: Day | null;
}

/** As an invoice's (domain/printed-late-fee.ts). The policy speaks of the invoice, the instructions of the fee. */
export async function lateFeeSnapshotOf(
  tx: WorkspaceTx,
  invoiceId: string,
  fee: { number: string; issueDate: Day; dueDate: Day; issuedBy: string; amount: DecimalText },
  facts: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const row = await tx.row<InvoiceRow>(
    `select ${snapshotColumn} as snapshot, ${termsTemplateColumn} as terms_template, i.contract_id, i.currency, i.net, i.tax, i.total, i.number, i.issue_date, i.due_date,
       coalesce((i.terms ->> 'paymentTermsDays')::int, c.payment_terms_days) as terms_days
     from client_invoices i
     join clients c on c.workspace_id = $1 and c.id = i.client_id
     left join contracts k on k.workspace_id = $1 and k.id = i.contract_id
     join sellers s on s.workspace_id = $1 and s.id = i.seller_id
     where i.workspace_id = $1 and i.id = $2`,
    [tx.workspaceId, invoiceId],
  );
  const invoice = row!;
  const template = invoice.termsTemplate;
  const policy =
    template &&
    printTerms(
      { ...invoice, termsTemplate: { ...template, message: '', paymentInstructions: null } },
      invoice,
    );
  const { number, issueDate, issuedBy, amount } = fee;
  const terms =
    template &&
    printTerms(
      {
        ...invoice,
        net: amount,
        tax: '0',
        total: amount,
        termsTemplate: { ...template, message: '', lateFeePolicy: null },
      },
      fee,
    );
  return {
    ...invoice.snapshot,
    // A receivable of before go-live is of no contract of ours.
    ...(invoice.contractId === null && { contract: null, appendix: false }),
    number,
    issueDate,
    issuedBy,
    terms: terms && terms.text !== '' ? terms : null,
    lateFee: { ...facts, policy: policy && policy.text !== '' ? policy.text : null },
  };
}
