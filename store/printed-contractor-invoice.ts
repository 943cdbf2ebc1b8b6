/** Owns reading a contractor's invoice as it is printed: from the contractor to the firm that pays. */
import { printedAddress } from '../domain/invoice-snapshot.ts';
import {
  maxPrintedLines,
  type PrintedDocument,
  type PrintedLine,
  type PrintedParty,
  paperOf,
  requirePrintable,
} from '../domain/printed-document.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';

interface Row {
  kind: 'payment_request' | 'own_invoice' | 'self_billed';
  number: string | null;
  theirNumber: string | null;
  currency: string;
  personName: string;
  personEmail: string | null;
  sellerName: string;
  sellerAddress: Record<string, unknown>;
  sellerCountry: string;
  issueDate: Day | null;
  dueDate: Day | null;
  submittedAt: Instant | null;
  net: DecimalText;
  tax: DecimalText;
  total: DecimalText;
  legalText: string | null;
  account: { holder?: string; masked?: string } | null;
}

/** The firm's letterhead and the account are those of its submission; the account stays masked. */
export async function readPrintedContractorInvoice(
  tx: WorkspaceTx,
  id: string,
): Promise<PrintedDocument | null> {
  const row = await tx.row<Row>(
    `select i.kind, i.number, i.their_number, i.currency, coalesce(i.snapshot #>> '{contractor,name}', p.name) as person_name, p.email as person_email,
       coalesce(i.snapshot #>> '{seller,name}', s.name) as seller_name, coalesce(i.snapshot #> '{seller,address}', s.address) as seller_address,
       coalesce(i.snapshot #>> '{seller,country}', s.country) as seller_country, i.issue_date, i.due_date, i.submitted_at, i.net, i.tax, i.total,
       i.snapshot ->> 'legalText' as legal_text, i.snapshot -> 'payeeAccount' as account
     from contractor_invoices i
     join people p on p.workspace_id = $1 and p.id = i.person_id
     join sellers s on s.workspace_id = $1 and s.id = i.seller_id
     where i.workspace_id = $1 and i.id = $2`,
    [tx.workspaceId, id],
  );
  if (!row) return null;
  const lines = await tx.rows<PrintedLine>(
    `select line_no, kind, to_char(work_date, 'YYYY-MM-DD') || ' ' || description as description, quantity, unit, unit_price, amount,
       0::numeric as discount, 'standard' as tax_category, 0::numeric as tax_rate, work_date as service_from, work_date as service_to
     from contractor_invoice_lines where workspace_id = $1 and contractor_invoice_id = $2 order by line_no limit $3`,
    [tx.workspaceId, id, maxPrintedLines + 1],
  );
  requirePrintable(lines.length);
  return toDocument(row, lines);
}

function toDocument(row: Row, lines: PrintedLine[]): PrintedDocument {
  const address = printedAddress.safeParse(row.sellerAddress).data ?? {};
  const days = lines.map((line) => line.serviceFrom ?? '').sort();
  return {
    kind: row.kind === 'self_billed' ? 'self_billed' : 'contractor_invoice',
    number: row.number,
    language: 'en',
    paper: paperOf(address.country ?? null, row.sellerCountry),
    currency: row.currency,
    seller: { ...nobody, name: row.personName, email: row.personEmail },
    buyer: { ...nobody, name: row.sellerName, address, country: address.country ?? row.sellerCountry },
    issueDate: row.issueDate,
    dueDate: row.dueDate,
    taxPoint: null,
    serviceFrom: days[0] ?? null,
    serviceTo: days.at(-1) ?? null,
    issuedAt: row.submittedAt,
    references: row.theirNumber === null ? [] : [{ name: 'theirNumber', text: row.theirNumber }],
    corrects: null,
    lateFee: null,
    lines,
    allowances: [],
    // A contractor's tax is an amount of their own document; it has no rates here.
    taxSubtotals: [],
    net: row.net,
    tax: row.tax,
    rounding: '0',
    total: row.total,
    retained: null,
    taxShown: null,
    rates: [],
    terms: null,
    legalTexts: row.legalText === null ? [] : [row.legalText],
    bankAccounts:
      row.account === null
        ? []
        : [
            {
              id: '',
              label: '',
              currency: row.currency,
              holder: row.account.holder ?? null,
              iban: null,
              accountNumber: row.account.masked ?? null,
              bic: null,
              bank: null,
            },
          ],
    logoSha256: null,
    appendix: [],
    paymentLink: null,
    mail: 'on',
    lineLevelTax: false,
  };
}

const nobody: PrintedParty = {
  name: '',
  address: {},
  country: null,
  taxNumbers: [],
  registrationNumber: null,
  contactName: null,
  email: null,
  phone: null,
  electronicAddress: null,
};
