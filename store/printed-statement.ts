/** Owns reading a statement of account as it is printed: the account, and the parties as they are today. */
import { type PrintedAddress, type PrintedBankAccount, printedAddress } from '../domain/invoice-snapshot.ts';
import { type PrintLanguage, printLanguageOf } from '../domain/print-format.ts';
import { type Paper, type PrintedParty, paperOf, requirePrintable } from '../domain/printed-document.ts';
import type { PrintedAccount, PrintedStatement } from '../domain/printed-statement.ts';
import type { Day } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { bankAccountsColumn, taxNumbersColumn } from './printed-seller.ts';
import { readStatement, type StatementAccount } from './reports/statement.ts';

export interface AskedStatement {
  clientId: string;
  startsOn: Day;
  asOf: Day;
  /** Null: those of the client. */
  language: PrintLanguage | null;
  paper: Paper | null;
}

interface PartyRow {
  name: string;
  address: unknown;
  country: string | null;
  taxNumbers: { country: string | null; number: string }[];
  registrationNumber: string | null;
  email: string | null;
  phone: string | null;
}
interface ClientRow extends PartyRow {
  code: string;
  language: string;
}
interface SellerRow extends PartyRow {
  id: string;
  bankAccounts: PrintedBankAccount[];
}

/** Null: no such client. Refuses with 409 one of more rows than can be printed. */
export async function readPrintedStatement(
  tx: WorkspaceTx,
  { clientId, startsOn, asOf, language, paper }: AskedStatement,
): Promise<PrintedStatement | null> {
  const statement = await readStatement(tx, { clientId, startsOn, asOf });
  const client = await readClient(tx, clientId);
  if (statement === null || client === null) return null;
  requirePrintable(statement.accounts.reduce((sum, { rows }) => sum + rows.length, 0));
  const sellers = await readSellers(tx, statement.accounts, asOf);
  const accounts = statement.accounts.map((account) => toPrinted(account, sellers));
  const buyer = toParty(client);
  return {
    language: language ?? printLanguageOf(client.language),
    paper: paper ?? paperOf(buyer.country, accounts[0]?.seller.country ?? null),
    client: buyer,
    clientCode: client.code,
    startsOn,
    asOf,
    accounts,
  };
}

/** Who pays is written to, as on an invoice. */
function readClient(tx: WorkspaceTx, clientId: string): Promise<ClientRow | null> {
  return tx.row<ClientRow>(
    `select coalesce(c.bill_to ->> 'name', c.name) as name, coalesce(c.bill_to, c.address) as address, c.address ->> 'country' as country,
       case when c.tax_id is null then '[]' else jsonb_build_array(jsonb_build_object('country', null, 'number', c.tax_id)) end as tax_numbers,
       null as registration_number, coalesce(c.accounts_payable_email, c.email) as email, null as phone, c.code, c.language
     from clients c where c.workspace_id = $1 and c.id = $2`,
    [tx.workspaceId, clientId],
  );
}

const maxSellers = 1_000;

async function readSellers(
  tx: WorkspaceTx,
  accounts: readonly StatementAccount[],
  asOf: Day,
): Promise<Map<string, SellerRow>> {
  if (accounts.length === 0) return new Map();
  const rows = await tx.rows<SellerRow>(
    `select s.id, s.name, s.address, s.country, s.registration_number, s.email, s.phone,
       ${taxNumbersColumn('$2')} as tax_numbers, ${bankAccountsColumn()} as bank_accounts
     from sellers s where s.workspace_id = $1 order by s.id limit $3`,
    [tx.workspaceId, asOf, maxSellers],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

function toPrinted(
  { sellerId, sellerName, currency, opening, rows, closing, ageing }: StatementAccount,
  sellers: ReadonlyMap<string, SellerRow>,
): PrintedAccount {
  const seller = sellerId === null ? undefined : sellers.get(sellerId);
  return {
    seller: seller ? toParty(seller) : { ...nobody, name: sellerName },
    currency,
    opening,
    rows,
    closing,
    ageing,
    bankAccounts: (seller?.bankAccounts ?? []).filter((account) => account.currency === currency),
  };
}

function toParty({
  name,
  address,
  country,
  taxNumbers,
  registrationNumber,
  email,
  phone,
}: PartyRow): PrintedParty {
  const read: PrintedAddress = printedAddress.safeParse(address).data ?? {};
  return {
    ...nobody,
    name,
    address: read,
    country: read.country ?? country,
    taxNumbers,
    registrationNumber,
    email,
    phone,
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
