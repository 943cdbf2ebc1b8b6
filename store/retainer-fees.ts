/** Owns billing retainers: each period that began is one item at its fee, made once, however many runs pass it. */
import { periodEnd, periodStart } from '../domain/contract.ts';
import { type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { laterDay } from '../domain/day.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { ContractForBilling } from './contract-scope.ts';
import type { WorkspaceTx } from './database.ts';
import { modelOn, openRetainer } from './retainer-periods.ts';
import { insertTermItems, repriceTermItem, type TermItem } from './term-items.ts';

export const hasRetainerFee = (timeline: ContractTimeline): boolean =>
  timeline.some(({ billingModel }) => billingModel.type === 'retainer' && billingModel.fee !== null);

/** More wait for the next run. */
const maxPeriods = 600;

interface Billed {
  startsOn: Day;
  feeItemId: string | null;
  version: number | null;
}

/**
 * The fee of every period since the contract's go-live that began before the cutoff: a whole one, in advance. What no document
 * holds yet and an amendment covers since is priced anew. The caller holds the contract's lock.
 */
export async function compileRetainerFees(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  timeline: ContractTimeline,
  run: { runId: string | null; cutoffOn: Day },
): Promise<void> {
  if (!hasRetainerFee(timeline)) return;
  const known = await readBilled(tx, contract.id);
  const due: { retainerId: string; item: TermItem }[] = [];
  for (const { startsOn, billedOn } of periodsOf(contract, timeline, run.cutoffOn)) {
    const model = modelOn(timeline, billedOn)!;
    if (model.fee === null) continue;
    const { version } = termsAt(timeline, billedOn);
    const item: TermItem = {
      kind: 'retainer',
      projectId: null,
      phaseId: null,
      workDate: billedOn,
      description: `Retainer from ${startsOn}`,
      amount: model.fee,
      rule: { period: startsOn, quantity: model.quantity, measure: model.measure, fee: model.fee },
      version,
    };
    const before = known.get(startsOn);
    if (before?.feeItemId) {
      if (before.version !== version) await repriceTermItem(tx, contract, before.feeItemId, item);
    } else due.push({ retainerId: (await openRetainer(tx, timeline, model, startsOn)).id, item });
  }
  const ids = await insertTermItems(
    tx,
    contract,
    run.runId,
    due.map(({ item }) => item),
  );
  await tx.run(
    `update retainers r set fee_item_id = u.item_id from unnest($2::uuid[], $3::uuid[]) as u(id, item_id)
     where r.workspace_id = $1 and r.id = u.id`,
    [tx.workspaceId, plainArray(due.map(({ retainerId }) => retainerId)), plainArray(ids)],
  );
}

/** The first day of each period, and the first of it that is under these terms. */
function* periodsOf(
  contract: ContractForBilling,
  timeline: ContractTimeline,
  cutoffOn: Day,
): Generator<{ startsOn: Day; billedOn: Day }> {
  let day: Day | null = laterDay(contract.startsOn, contract.goLiveOn);
  for (let count = 0; day !== null && day < cutoffOn && count < maxPeriods; count += 1) {
    if (contract.endsBefore !== null && day >= contract.endsBefore) return;
    const model = modelOn(timeline, day);
    if (model === null) {
      const from: Day = day;
      day = timeline.map((terms) => terms.versionStartsOn).find((startsOn) => startsOn > from) ?? null;
      continue;
    }
    const startsOn = periodStart(day, model.period);
    yield { startsOn, billedOn: day };
    day = periodEnd(startsOn, model.period);
  }
}

async function readBilled(tx: WorkspaceTx, contractId: string): Promise<Map<Day, Billed>> {
  const rows = await tx.rows<Billed>(
    `select r.starts_on, r.fee_item_id, i.contract_version as version from retainers r
     left join billable_items i on i.workspace_id = $1 and i.id = r.fee_item_id
     where r.workspace_id = $1 and r.contract_id = $2`,
    [tx.workspaceId, contractId],
  );
  return new Map(rows.map((row) => [row.startsOn, row]));
}
