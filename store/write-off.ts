/** Owns writing work off that exceptions hold back: it is priced, claimed, and allocated to the write-off instead of a line. */

import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { asRows, plainArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import { type CompileContext, learnPricesOf, openCompile } from './compile-context.ts';
import { contractsInScope } from './contract-scope.ts';
import { contractStatuses } from './contracts.ts';
import type { WorkspaceTx } from './database.ts';
import type { EntryVersionRef } from './exceptions.ts';
import { newId } from './new-id.ts';
import { readEntries } from './open-entries.ts';
import { type PricedPart, priceAlone, wholeOf } from './price-parts.ts';
import { addDeltas } from './totals.ts';
import { writeItems } from './write-items.ts';

export const writeOffReasons = [
  'agreed',
  'goodwill',
  'not_billable',
  'over_cap',
  'late',
  'error',
  'other',
] as const;
export type WriteOffReason = (typeof writeOffReasons)[number];

/** The open entries of one contract with what each would come to. */
export interface ValuedContract {
  context: CompileContext;
  items: PricedPart[];
}
export interface Valued {
  contracts: ValuedContract[];
  /** Without a contract there is no price and no party to write anything off against. */
  withoutContract: EntryVersionRef[];
  /** What the entries come to, by currency. */
  amounts: Map<string, Decimal>;
}

/** Holds the balances of these entries to the commit, in the order in which everybody takes them, and before any exception. */
export async function lockEntries(tx: WorkspaceTx, entries: readonly EntryVersionRef[]): Promise<void> {
  await tx.run(
    `select 1 from (select distinct * from unnest($2::uuid[], $3::int[]) as u(entry_id, version) order by 1, 2) r
     cross join lateral (
       select 1 from entry_balance b where b.workspace_id = $1 and b.entry_id = r.entry_id and b.version = r.version for no key update) l`,
    [
      tx.workspaceId,
      plainArray(entries.map((entry) => entry.entryId)),
      plainArray(entries.map((entry) => entry.version)),
    ],
  );
}

/** Prices what of these entries is open, under the locks of their balances; changes nothing. */
export async function valueEntries(tx: WorkspaceTx, entries: readonly EntryVersionRef[]): Promise<Valued> {
  await lockEntries(tx, entries);
  const refs = [...new Map(entries.map((entry) => [`${entry.entryId} ${entry.version}`, entry])).values()];
  const candidates = await readEntries(tx, refs);
  const byContract = Map.groupBy(candidates, (candidate) => candidate.contractId);
  const contracts: ValuedContract[] = [];
  const amounts = new Map<string, Decimal>();
  for (const contractId of [...byContract.keys()].filter((id) => id !== null).sort()) {
    const [contract] = await contractsInScope(tx, { type: 'contract', id: contractId }, contractStatuses);
    const context = await openCompile(tx, { id: null, cutoffOn: '9999-12-31' }, contract!);
    await learnPricesOf(tx, context, byContract.get(contractId)!);
    const items = byContract
      .get(contractId)!
      .filter((candidate) => candidate.open !== 0)
      .map((candidate) => priceAlone(context, wholeOf(candidate)));
    contracts.push({ context, items });
    const sum = items.reduce((total, { priced }) => total.plus(priced.amount), new Decimal(0));
    amounts.set(contract!.currency, (amounts.get(contract!.currency) ?? new Decimal(0)).plus(sum));
  }
  const known = new Set(
    candidates.filter((candidate) => candidate.contractId !== null).map((candidate) => candidate.entryId),
  );
  return { contracts, withoutContract: refs.filter((entry) => !known.has(entry.entryId)), amounts };
}

export interface WrittenOff {
  id: string;
  entries: number;
  seconds: number;
  amounts: { currency: string; amount: DecimalText }[];
}

/**
 * Writes off what is open of the valued entries. Refuses what has no contract, and what takes back hours that were billed:
 * that is owed to the client.
 */
export async function writeOff(
  tx: WorkspaceTx,
  { contracts, withoutContract, amounts }: Valued,
  { reasonCode, reason, actor }: { reasonCode: WriteOffReason; reason: string; actor: string },
): Promise<WrittenOff> {
  const items = contracts.flatMap((contract) => contract.items);
  if (withoutContract.length > 0)
    throw new Refusal({
      code: 'write_off.no_contract',
      message: `${withoutContract.length} of the entries belong to no contract, so there is nobody to write them off against.`,
      whatToDo: 'Map them to a project under a contract first, or mark them as not billable at their source.',
      details: { entryIds: withoutContract.slice(0, 20).map((entry) => entry.entryId) },
    });
  if (items.length === 0)
    throw new Refusal({
      code: 'write_off.nothing_open',
      message: 'Nothing of these entries is open.',
      whatToDo: 'What is on an invoice is credited, not written off.',
    });
  const negative = items.filter((item) => item.quantity < 0);
  if (negative.length > 0)
    throw new Refusal({
      code: 'write_off.negative',
      message: `${negative.length} of the entries take back hours that were billed.`,
      whatToDo: 'Release them: the difference goes back to the client.',
      details: { entryIds: negative.slice(0, 20).map((item) => item.candidate.entryId) },
    });
  const id = newId();
  await tx.run(
    'insert into time_write_offs (workspace_id, id, reason_code, reason, author) values ($1, $2, $3, $4, $5)',
    [tx.workspaceId, id, reasonCode, reason, actor],
  );
  for (const { context, items: ofContract } of contracts) await allocate(tx, context, ofContract, id, reason);
  return {
    id,
    entries: items.length,
    seconds: items.reduce(
      (sum, { candidate, quantity }) => sum + (candidate.kind === 'labor' ? quantity : 0),
      0,
    ),
    amounts: [...amounts].map(([currency, amount]) => ({ currency, amount: amount.toFixed() })),
  };
}

async function allocate(
  tx: WorkspaceTx,
  context: CompileContext,
  items: PricedPart[],
  writeOffId: string,
  reason: string,
): Promise<void> {
  if (items.length === 0) return;
  const ids = await writeItems(tx, context, items);
  await tx.run(
    'update billable_items set write_off_id = $3 where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray(ids), writeOffId],
  );
  // What is too small to show is claimed and has no quantity to allocate.
  const shown = items.flatMap(({ priced }, index) =>
    new Decimal(priced.quantity).isZero() ? [] : [{ id: ids[index]!, priced }],
  );
  if (shown.length === 0) return;
  const { from, params } = asRows(
    {
      item_id: { type: 'uuid', values: shown.map((row) => row.id) },
      quantity: { type: 'numeric', values: shown.map((row) => row.priced.quantity) },
      amount: { type: 'numeric', values: shown.map((row) => row.priced.amount) },
    },
    4,
  );
  await tx.run(
    `insert into allocations (workspace_id, item_id, kind, target_id, quantity, amount, reason, created_at)
     select $1, r.item_id, 'write_off', $2, r.quantity, r.amount, $3, ${sqlNow} from ${from}`,
    [tx.workspaceId, writeOffId, reason, ...params],
  );
  const amount = shown.reduce((sum, { priced }) => sum.plus(priced.amount), new Decimal(0));
  await addDeltas(tx, [
    { metric: 'pending_amount', key: context.contract.currency, value: amount.negated().toFixed() },
  ]);
}
