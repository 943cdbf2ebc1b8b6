/** Owns gathering a contractor invoice with its tickets and lines for an answer. */
import {
  type ContractorInvoice,
  readContractorInvoiceLines,
  readInvoicedTickets,
} from '../../../store/contractor-invoices.ts';
import type { WorkspaceTx } from '../../../store/database.ts';

export async function showContractorInvoice(tx: WorkspaceTx, invoice: ContractorInvoice) {
  return {
    ...invoice,
    tickets: await readInvoicedTickets(tx, invoice.id),
    lines: await readContractorInvoiceLines(tx, invoice.id),
  };
}
