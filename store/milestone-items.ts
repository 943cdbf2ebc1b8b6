/** Owns billing what a fixed price has earned: each milestone that was reached becomes one billable item, once. */
import { type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { localDay } from '../domain/day.ts';
import { Decimal } from '../domain/money.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { ContractForBilling } from './compile.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { addDeltas } from './totals.ts';

interface ReachedMilestone {
  id: string;
  projectId: string;
  phaseId: string | null;
  name: string;
  price: DecimalText;
  reachedAt: Instant;
}
/** More wait for the next run. */
const maxMilestones = 1_000;

/**
 * Of the contract's projects, what was reached before the cutoff under a fixed price and has a price and no item yet. That their
 * sum is within the price is held where milestones are made. Answers how many items there are now for them.
 */
export async function compileMilestones(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  timeline: ContractTimeline,
  run: { runId: string | null; cutoffOn: Day },
): Promise<number> {
  if (!timeline.some((terms) => terms.billingModel.type === 'fixed_price')) return 0;
  const waiting = await tx.rows<ReachedMilestone>(
    `select id, project_id, phase_id, name, price, reached_at from milestones
     where workspace_id = $1 and project_id = any($2::uuid[]) and reached_at is not null and price > 0 and item_id is null
     order by id limit $3 for no key update`,
    [tx.workspaceId, plainArray(contract.projects.map((project) => project.id)), maxMilestones],
  );
  const due = waiting.flatMap((milestone) => {
    const day = localDay(milestone.reachedAt, contract.zone);
    const terms = termsAt(timeline, day);
    if (day >= run.cutoffOn || terms.billingModel.type !== 'fixed_price') return [];
    return [{ ...milestone, day, itemId: newId(), version: terms.version }];
  });
  if (due.length === 0) return 0;
  await tx.run(
    `with r as materialized (
       select * from unnest($6::uuid[], $7::uuid[], $8::uuid[], $9::uuid[], $10::date[], $11::text[], $12::numeric[], $13::int[])
         as u(milestone_id, id, project_id, phase_id, work_date, name, price, version)),
     balanced as (insert into item_balance (workspace_id, item_id, contract_id, quantity) select $1, id, $2, 1 from r),
     named as (
       update milestones m set item_id = r.id from r where m.workspace_id = $1 and m.id = r.milestone_id)
     insert into billable_items (workspace_id, id, kind, contract_id, client_id, project_id, phase_id, work_date, description, unit, raw_quantity,
       rounded_quantity, quantity, unit_price, amount, currency, price_source, price_rule, contract_version, run_id)
     select $1, id, 'milestone', $2, $3, project_id, phase_id, work_date, name, 'milestone', 1, 1, 1, price, price, $4, 'milestone',
       jsonb_build_object('milestone', name, 'price', price::text), version, $5 from r`,
    [
      tx.workspaceId,
      contract.id,
      contract.clientId,
      contract.currency,
      run.runId,
      plainArray(due.map((each) => each.id)),
      plainArray(due.map((each) => each.itemId)),
      plainArray(due.map((each) => each.projectId)),
      plainArray(due.map((each) => each.phaseId)),
      plainArray(due.map((each) => each.day)),
      textArray(due.map((each) => each.name)),
      plainArray(due.map((each) => each.price)),
      plainArray(due.map((each) => each.version)),
    ],
  );
  const amount = due.reduce((sum, each) => sum.plus(each.price), new Decimal(0));
  await addDeltas(tx, [{ metric: 'pending_amount', key: contract.currency, value: amount.toFixed() }]);
  return due.length;
}
