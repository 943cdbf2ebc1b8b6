/** Owns clients: those who are invoiced. Their contacts, rates and documents have files of their own. */
import {
  type annualRevenues,
  type ClientHolds,
  type ClientStatus,
  type companySizes,
  firstStatus,
  requireClientStatus,
  requireTaxWords,
} from '../domain/client.ts';
import { suggestClientCode } from '../domain/client-code.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { TaxTreatment } from '../domain/tax.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { textArray } from './arrays.ts';
import { followReportSetting, removeReports } from './client-reports.ts';
import type { ContractTax } from './contracts.ts';
import type { WorkspaceTx } from './database.ts';
import type { Address } from './sellers.ts';
import { type NewRow, tenantTable, type Values } from './tenant-table.ts';

export { clientStatuses } from '../domain/client.ts';

export interface Client {
  id: string;
  name: string;
  contactName: string | null;
  email: string | null;
  phone: string | null;
  website: string | null;
  /** Three capital letters that invoice numbers carry. */
  code: string;
  address: Address;
  /** Of the workspace's list, as the service type and the compliance requirements. */
  industry: string | null;
  companySize: (typeof companySizes)[number] | null;
  annualRevenue: (typeof annualRevenues)[number] | null;
  taxId: string | null;
  serviceType: string | null;
  currentSystems: string | null;
  technicalRequirements: string | null;
  complianceRequirements: string[];
  /** Off: no mail goes to the client or its portal members, and its invoices say so. */
  mailNotifications: boolean;
  quarterlyReports: boolean;
  /** Off: what no person asked for stays a draft. */
  autoInvoicing: boolean;
  /** With tax, in its currency: more is held for a person where none asked for the run. Null: whatever the amount. */
  autoInvoiceLimit: DecimalText | null;
  /** The own company: numbers of its own series, in no revenue, no reminders. */
  internal: boolean;
  /** New contracts begin with it, as with the tax. */
  currency: string;
  /** BCP 47: `en`, `nb-NO`. */
  language: string;
  paymentTermsDays: number;
  tax: ContractTax | null;
  taxTreatment: TaxTreatment;
  /** Whose tax rates count; null: of the country that it is in. */
  taxRegion: string | null;
  taxExemptionReason: string | null;
  /** The words of its reverse charge. */
  taxLegalText: string | null;
  /** Who pays, where that is not its own address; as what follows, a contract may have its own. */
  billTo: (Address & { name?: string | undefined }) | null;
  accountsPayableEmail: string | null;
  deliveryChannel: DeliveryChannel | null;
  electronicAddress: string | null;
  buyerReference: string | null;
  paymentTermsId: string | null;
  status: ClientStatus;
  defaultProductId: string | null;
  createdAt: string;
}
export type DeliveryChannel = 'email' | 'e_invoice' | 'portal' | 'platform' | 'post';
export type NewClient = NewRow<Client, 'name' | 'currency'>;

export const clients = tenantTable<Client>('clients', {
  name: 'plain',
  contactName: 'plain',
  email: 'plain',
  phone: 'plain',
  website: 'plain',
  code: 'plain',
  address: 'json',
  industry: 'plain',
  companySize: 'plain',
  annualRevenue: 'plain',
  taxId: 'plain',
  serviceType: 'plain',
  currentSystems: 'plain',
  technicalRequirements: 'plain',
  complianceRequirements: 'json',
  mailNotifications: 'plain',
  quarterlyReports: 'plain',
  autoInvoicing: 'plain',
  autoInvoiceLimit: 'plain',
  internal: 'plain',
  currency: 'plain',
  language: 'plain',
  paymentTermsDays: 'plain',
  tax: 'json',
  taxTreatment: 'plain',
  taxRegion: 'plain',
  taxExemptionReason: 'plain',
  taxLegalText: 'plain',
  billTo: 'json',
  accountsPayableEmail: 'plain',
  deliveryChannel: 'plain',
  electronicAddress: 'plain',
  buyerReference: 'plain',
  paymentTermsId: 'plain',
  status: 'plain',
  defaultProductId: 'plain',
  createdAt: 'plain',
});

/** Clients whose name, code, contact or e-mail holds `search`; archived ones only where they are asked for. */
export const listClients = (
  tx: WorkspaceTx,
  {
    limit,
    after,
    status,
    search,
  }: { limit: number; after: string | null; status?: ClientStatus | undefined; search?: string | undefined },
): Promise<Client[]> =>
  clients.list(tx, {
    limit,
    after,
    where: { status },
    holding: search === undefined ? undefined : { column: 'search_text', text: search },
    without: status === undefined ? { column: 'status', values: ['archived'] } : undefined,
  });

/** Takes the suggested code where none is given; see `firstStatus`. */
export async function insertClient(tx: WorkspaceTx, values: NewClient): Promise<Client> {
  requireTaxWords(values);
  const client = await clients.insert(tx, {
    ...values,
    code: values.code ?? (await suggestCode(tx, values.name)),
    status: firstStatus({ status: values.status, email: values.email ?? null }),
  });
  await followReportSetting(tx, null, client);
  return client;
}

/** A free code for a name; somebody else may take it until it is written. */
export async function suggestCode(tx: WorkspaceTx, name: string): Promise<string> {
  const rows = await tx.rows<{ code: string }>('select code from clients where workspace_id = $1', [
    tx.workspaceId,
  ]);
  return suggestClientCode(name, new Set(rows.map((row) => row.code)));
}

/**
 * Holds the client for an edit. With `key` also against what refers to it: issuing holds the key, so a change of the code
 * waits for the invoices that are being numbered, and sees them; without it nobody who drafts or imports is waited for.
 */
export async function lockClient(tx: WorkspaceTx, id: string, key: 'key' | 'no_key'): Promise<Client> {
  if (key === 'key')
    await tx.run('select from clients where workspace_id = $1 and id = $2 for update', [tx.workspaceId, id]);
  return found(await clients.lock(tx, id), 'client');
}

/** The caller holds the client (`lockClient`). Refuses with 409 another code where an invoice carries the present one. */
export async function changeClient(tx: WorkspaceTx, before: Client, change: Values<Client>): Promise<Client> {
  if (change.code !== undefined && change.code !== before.code) await requireFreeCode(tx, before);
  requireTaxWords({ ...before, ...change });
  const after = found(await clients.update(tx, before.id, change), 'client');
  requireClientStatus(before, after);
  await followReportSetting(tx, before, after);
  return after;
}

async function requireFreeCode(tx: WorkspaceTx, { id, code }: Client): Promise<void> {
  const row = await tx.row<{ number: string }>(
    // The number of an opening receivable is another system's, and carries no code of ours.
    `select number from client_invoices
     where workspace_id = $1 and client_id = $2 and number is not null and number_given_by <> 'opening' order by id limit 1`,
    [tx.workspaceId, id],
  );
  if (row === null) return;
  throw new Refusal({
    code: 'client.code_fixed',
    message: `The code ${code} stays: invoice ${row.number} was issued under it.`,
    whatToDo: 'Leave the code out of your change.',
    details: { code, number: row.number },
  });
}

const maxCounted = 1_000;

/** What refers to the client; work entries are counted up to 1,000. */
export async function readHolds(tx: WorkspaceTx, id: string): Promise<ClientHolds> {
  const count = (table: string, where = 'true') =>
    `(select count(*)::int from ${table} x where x.workspace_id = $1 and x.client_id = $2 and ${where})`;
  const row = await tx.row<ClientHolds>(
    `select ${count('client_invoices', 'x.number is not null')} as issued_invoices,
       ${count('client_invoices', 'x.number is null')} as draft_invoices,
       ${count('contracts')} as contracts, ${count('projects')} as projects, ${count('payments')} as payments,
       ${count('purchase_orders')} as purchase_orders, ${count('members')} as members, ${count('client_reports', "x.status in ('drawn_up', 'made')")} as reports,
       (select count(*)::int from (select from entry_versions x where x.workspace_id = $1 and x.client_id = $2 limit $3) e) as entries`,
    [tx.workspaceId, id, maxCounted],
  );
  return row!;
}

/** Deletes a client that nothing refers to, with all that is its own. The files of its documents go with the next pruning. */
export async function removeClient(tx: WorkspaceTx, id: string): Promise<void> {
  await removeReports(tx, id);
  await tx.run('delete from client_documents where workspace_id = $1 and client_id = $2', [
    tx.workspaceId,
    id,
  ]);
  await tx.run(
    `delete from attachments where workspace_id = $1 and subject_type = 'client_document' and subject_id = $2`,
    [tx.workspaceId, id],
  );
  await tx.run('delete from contacts where workspace_id = $1 and client_id = $2', [tx.workspaceId, id]);
  for (const table of ['rate_cards', 'strategies', 'markups'])
    await tx.run(`delete from ${table} where workspace_id = $1 and scope_type = 'client' and scope_id = $2`, [
      tx.workspaceId,
      id,
    ]);
  await tx.run(
    `delete from mapping_rules where workspace_id = $1 and target_kind = 'client' and target_id = $2`,
    [tx.workspaceId, id],
  );
  await clients.remove(tx, id);
}

/** Code → client, of these codes; and who has one of these names. For imports. */
export async function findByCodeOrName(
  tx: WorkspaceTx,
  codes: readonly string[],
  names: readonly string[],
): Promise<Client[]> {
  const rows = await tx.rows<{ id: string }>(
    `select id from clients where workspace_id = $1 and (code = any($2::text[]) or name = any($3::text[])) order by id for update`,
    [tx.workspaceId, textArray(codes), textArray(names)],
  );
  const all: Client[] = [];
  for (const { id } of rows) all.push(found(await clients.find(tx, id), 'client'));
  return all;
}
