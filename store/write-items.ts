/** Owns writing what was compiled: items, their claims and the totals that follow, a statement each a chunk. */
import { sumOf } from '../domain/money.ts';
import type { EntryKind } from '../domain/work-entry.ts';
import { asRows } from './arrays.ts';
import { sqlNow } from './clock.ts';
import type { CompileContext } from './compile-context.ts';
import { conversionKey, keepConversions } from './currency-rates.ts';
import type { WorkspaceTx } from './database.ts';
import { historyDeltas } from './item-history.ts';
import { newId } from './new-id.ts';
import type { PricedPart } from './price-parts.ts';
import { addDeltas } from './totals.ts';

const itemKinds: Record<EntryKind, string> = {
  labor: 'labor',
  expense: 'expense',
  mileage_distance: 'transport_distance',
  mileage_time: 'transport_time',
  goods: 'goods',
};
const maxDescription = 500;

/** Answers the ids of the items, in the order given. */
export async function writeItems(
  tx: WorkspaceTx,
  context: CompileContext,
  items: PricedPart[],
): Promise<string[]> {
  if (items.length === 0) return [];
  const ids = items.map(() => newId());
  const entryIds = items.map((item) => item.candidate.entryId);
  const { contract, runId } = context;
  const c = items.map((item) => item.candidate);
  const p = items.map((item) => item.priced);
  const conversions = await keepConversions(
    tx,
    p.flatMap((row) => row.costConversion ?? []),
  );
  // Statement by statement: while the database runs one, the rows of the next are put together.
  const balances = asRows(
    {
      id: { type: 'uuid', values: ids },
      quantity: { type: 'numeric', values: p.map((row) => row.quantity) },
    },
    3,
  );
  const balanced = tx.run(
    `insert into item_balance (workspace_id, item_id, contract_id, quantity) select $1, id, $2, quantity from ${balances.from}`,
    [tx.workspaceId, contract.id, ...balances.params],
  );
  balanced.catch(() => undefined);
  const claims = asRows(
    {
      id: { type: 'uuid', values: ids },
      entry_id: { type: 'uuid', values: entryIds },
      version: { type: 'int', values: c.map((row) => row.version) },
      raw_quantity: { type: 'bigint', values: items.map((item) => item.quantity) },
    },
    3,
  );
  await balanced;
  const claimed = tx.run(
    `insert into claims (workspace_id, entry_id, version, item_id, quantity, run_id)
     select $1, entry_id, version, id, raw_quantity, $2 from ${claims.from}`,
    [tx.workspaceId, runId, ...claims.params],
  );
  claimed.catch(() => undefined);
  const { from, params } = asRows(
    {
      id: { type: 'uuid', values: ids },
      kind: {
        type: 'text',
        values: items.map((item) => (item.isOvertime ? 'labor_overtime' : itemKinds[item.candidate.kind])),
      },
      entry_id: { type: 'uuid', values: entryIds },
      version: { type: 'int', values: c.map((row) => row.version) },
      project_id: { type: 'uuid', values: c.map((row) => row.projectId) },
      phase_id: { type: 'uuid', values: c.map((row) => row.phaseId) },
      task_id: { type: 'uuid', values: c.map((row) => row.taskId) },
      person_id: { type: 'uuid', values: c.map((row) => row.personId) },
      product_id: { type: 'uuid', values: items.map((item) => item.productId) },
      product_step: { type: 'text', values: items.map((item) => item.productStep) },
      position: { type: 'text', values: c.map((row) => row.position ?? row.personPosition), text: true },
      work_date: { type: 'date', values: c.map((row) => row.workDate) },
      description: {
        type: 'text',
        values: c.map((row) => (row.notes ?? '').slice(0, maxDescription)),
        text: true,
      },
      unit: { type: 'text', values: p.map((row) => row.unit), text: true },
      raw_quantity: { type: 'bigint', values: items.map((item) => item.quantity) },
      quantity: { type: 'numeric', values: p.map((row) => row.quantity) },
      unit_price: { type: 'numeric', values: p.map((row) => row.unitPrice) },
      amount: { type: 'numeric', values: p.map((row) => row.amount) },
      cost_amount: { type: 'numeric', values: p.map((row) => row.costAmount) },
      cost_currency: { type: 'text', values: p.map((row) => row.costCurrency) },
      cost_conversion_id: {
        type: 'uuid',
        values: p.map(({ costConversion }) =>
          costConversion === null ? null : conversions.get(conversionKey(costConversion))!,
        ),
      },
      price_source: { type: 'text', values: p.map((row) => row.source), text: true },
      price_rule: { type: 'jsonb', values: p.map((row) => JSON.stringify(row.rule)), text: true },
      flagged: { type: 'boolean', values: p.map((row) => row.flagged) },
      included: { type: 'boolean', values: items.map((item) => item.included) },
      contract_version: { type: 'int', values: items.map((item) => item.terms.version) },
    },
    6,
  );
  await claimed;
  await tx.run(
    `insert into billable_items (workspace_id, id, kind, entry_id, entry_version, replaces_version, contract_id, client_id, project_id, phase_id, task_id,
       person_id, product_id, product_step, position, work_date, description, unit, raw_quantity, rounded_quantity, quantity, unit_price, amount, cost_amount, cost_currency, cost_conversion_id,
       currency, price_source, price_rule, flagged, included, contract_version, run_id, created_at)
     select $1, id, kind, entry_id, version,
       -- Versions that nothing was claimed of were never billed: the difference is to the last that was.
       case when version > 1 then (select max(b.version) from entry_balance b
         where b.workspace_id = $1 and b.entry_id = r.entry_id and b.version < r.version and b.claimed <> 0) end, $2, $3, project_id, phase_id, task_id, person_id, product_id, product_step,
       position, work_date, description, unit, raw_quantity, quantity, quantity, unit_price, amount, cost_amount, cost_currency, cost_conversion_id, $4, price_source, price_rule,
       flagged, included, contract_version, $5, ${sqlNow}
     from ${from}`,
    [tx.workspaceId, contract.id, contract.clientId, contract.currency, runId, ...params],
  );
  const seconds = new Map<string, number>();
  for (const { candidate, quantity } of items)
    if (candidate.kind === 'labor')
      seconds.set(candidate.projectId, (seconds.get(candidate.projectId) ?? 0) + quantity);
  const pending = sumOf(p.map((row) => row.amount));
  await addDeltas(tx, [
    ...[...seconds].map(([key, sum]) => ({ metric: 'open_seconds', key, value: String(-sum) })),
    { metric: 'pending_amount', key: contract.currency, value: pending.toFixed() },
    ...historyDeltas(
      contract.id,
      items.map(({ candidate, priced }) => ({ kind: candidate.kind, amount: priced.amount })),
    ),
  ]);
  return ids;
}
