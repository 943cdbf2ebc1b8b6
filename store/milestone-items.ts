/** Owns billing what a fixed price has earned: each milestone that was reached becomes one billable item, once. */
import { type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { localDay } from '../domain/day.ts';
import { beyondPrice } from '../domain/milestone.ts';
import { Decimal } from '../domain/money.ts';
import { showAmount } from '../domain/validation/show-hours.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { ContractForBilling } from './contract-scope.ts';
import type { WorkspaceTx } from './database.ts';
import { closeFixed, type RaisedFinding, raiseFindings } from './exceptions.ts';
import { billOf, openSchedule, type PriceSchedule } from './price-schedules.ts';
import { insertTermItems } from './term-items.ts';

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
 * Of the contract's projects, what was reached before the cutoff under a fixed price by milestones and has a price and no item yet,
 * as far as the contract's price goes: what is beyond it is an exception. Answers how many items there are now for them.
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
  const reached = waiting.flatMap((milestone) => {
    const day = localDay(milestone.reachedAt, contract.zone);
    const terms = termsAt(timeline, day);
    if (
      day >= run.cutoffOn ||
      terms.billingModel.type !== 'fixed_price' ||
      terms.billingModel.by !== 'milestones'
    )
      return [];
    return [{ ...milestone, day, version: terms.version }];
  });
  if (reached.length === 0) return 0;
  const schedule = await openSchedule(
    tx,
    timeline,
    reached
      .map(({ day }) => day)
      .sort()
      .at(-1)!,
  );
  const due = await withinPrice(tx, contract, schedule, reached);
  const ids = await insertTermItems(
    tx,
    contract,
    run.runId,
    due.map(({ projectId, phaseId, day, name, price, version }) => ({
      kind: 'milestone',
      projectId,
      phaseId,
      workDate: day,
      description: name,
      amount: price,
      rule: { milestone: name, price },
      version,
    })),
  );
  await tx.run(
    `update milestones m set item_id = u.item_id from unnest($2::uuid[], $3::uuid[]) as u(id, item_id)
     where m.workspace_id = $1 and m.id = u.id`,
    [tx.workspaceId, plainArray(due.map((each) => each.id)), plainArray(ids)],
  );
  await billOf(
    tx,
    schedule.id,
    'billed',
    due.map(({ price }, index) => ({ itemId: ids[index]!, amount: price })),
  );
  return due.length;
}

/** Those that the price has room for, in their order; the others are an exception each until it is raised. */
async function withinPrice<M extends ReachedMilestone>(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  { price, billed }: PriceSchedule,
  reached: readonly M[],
): Promise<M[]> {
  const due: M[] = [];
  const beyond: RaisedFinding[] = [];
  let sum = new Decimal(billed);
  for (const milestone of reached) {
    const next = sum.plus(milestone.price);
    if (next.lte(price)) {
      due.push(milestone);
      sum = next;
    } else
      beyond.push({
        rule: beyondPrice.code,
        severity: beyondPrice.severity,
        subjectKey: `milestone:${milestone.id}`,
        fingerprint: '',
        subjectType: 'contract',
        subjectId: contract.id,
        contractId: contract.id,
        detail: {
          figure: `${showAmount(next)} ${contract.currency} with the milestone ${milestone.name}, price ${showAmount(price)}`,
          milestoneId: milestone.id,
          amount: next.toFixed(),
          price,
        },
        entries: [],
      });
  }
  await closeFixed(
    tx,
    beyondPrice.code,
    due.map(({ id }) => `milestone:${id}`),
    'the price has room for it',
  );
  await raiseFindings(tx, beyond);
  return due;
}
