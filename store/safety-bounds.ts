/** Owns the bounds beyond which an invoice waits for a person before it goes out: far more than usual, or far too many items. */
import { Decimal } from '../domain/money.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

/** Workspace setting `safetyBounds`. */
export interface SafetyBounds {
  /** So many times the client's largest of the last twelve in the currency. */
  totalFactor: DecimalText;
  mostItems: number;
}
export const defaultSafetyBounds: SafetyBounds = { totalFactor: '5', mostItems: 250_000 };

/** Of fewer nothing is usual yet: the third invoice is the first that is compared. */
const fewestBefore = 2;
const lookedAt = 12;

interface Bounded {
  id: string;
  clientId: string;
  currency: string;
  total: DecimalText;
  itemCount: number;
}

/** By invoice what is beyond its bounds; one small query for all of them. */
export async function beyondBounds(
  tx: WorkspaceTx,
  invoices: readonly Bounded[],
): Promise<Map<string, string[]>> {
  const keyOf = ({ clientId, currency }: Pick<Bounded, 'clientId' | 'currency'>) => `${clientId} ${currency}`;
  const usual = [...new Map(invoices.map((invoice) => [keyOf(invoice), invoice])).values()];
  if (usual.length === 0) return new Map();
  const bounds = await readSafetyBounds(tx);
  const rows = await tx.rows<{
    clientId: string;
    currency: string;
    invoices: number;
    largest: DecimalText;
  }>(
    `select c.client_id, c.currency, count(*)::int as invoices, max(h.total) as largest
     from unnest($2::uuid[], $3::text[]) as c(client_id, currency)
     cross join lateral (
       select x.total from client_invoices x
       where x.workspace_id = $1 and x.client_id = c.client_id and x.currency = c.currency and x.number is not null
         and x.status <> 'void' and x.number_given_by <> 'opening'
       order by x.issue_date desc, x.id desc limit ${lookedAt}) h
     group by 1, 2`,
    [
      tx.workspaceId,
      plainArray(usual.map((one) => one.clientId)),
      textArray(usual.map((one) => one.currency)),
    ],
  );
  const known = new Map(rows.map((row) => [keyOf(row), row]));
  return new Map(
    invoices.map((invoice) => [invoice.id, whyBeyond(invoice, bounds, known.get(keyOf(invoice)))]),
  );
}

function whyBeyond(
  { total, currency, itemCount }: Bounded,
  { totalFactor, mostItems }: SafetyBounds,
  usual: { invoices: number; largest: DecimalText } | undefined,
): string[] {
  const why: string[] = [];
  if (itemCount > mostItems)
    why.push(`it holds ${itemCount.toLocaleString('en')} items, more than ${mostItems.toLocaleString('en')}`);
  if (usual && usual.invoices >= fewestBefore && new Decimal(usual.largest).gt(0)) {
    const bound = new Decimal(usual.largest).times(totalFactor);
    if (new Decimal(total).gt(bound))
      why.push(
        `its total of ${total} ${currency} is more than ${totalFactor} times ${usual.largest}, the largest of the last ${usual.invoices} to this client`,
      );
  }
  return why;
}

async function readSafetyBounds(tx: WorkspaceTx): Promise<SafetyBounds> {
  const row = await tx.row<{ bounds: Partial<SafetyBounds> | null }>(
    `select settings -> 'safetyBounds' as bounds from workspaces where id = $1`,
    [tx.workspaceId],
  );
  return { ...defaultSafetyBounds, ...row?.bounds };
}
