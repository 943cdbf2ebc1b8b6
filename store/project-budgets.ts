/** Owns the budget watch: what is used of each budget, read from the work itself, and the warnings told, each once. */
import {
  type BudgetMeasure,
  daysOfPace,
  exhaustsOn,
  paceDays,
  reachedThresholds,
  usedMoney,
  usedPercent,
} from '../domain/budget.ts';
import { Decimal, round } from '../domain/money.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { reachByThemselves } from './milestones.ts';
import { notify } from './notifications.ts';

/** One side of a budget. Hours are in seconds, money in the currency. */
export interface Measured {
  budget: DecimalText | null;
  used: DecimalText;
  /** Below zero where more was used. */
  remaining: DecimalText | null;
  percent: DecimalText | null;
  /** Of the last `days` days. */
  recent: DecimalText;
  exhaustsOn: Day | null;
}
export interface ProjectBudget {
  projectId: string;
  code: string;
  name: string;
  /** Who runs it and can be told; null: whoever may change projects. */
  managerId: string | null;
  currency: string;
  /** Over so many days goes the pace. */
  days: number;
  hours: Measured;
  money: Measured & {
    priced: DecimalText;
    /** Of labor without a price yet, at the average rate; null: there is none to go by. */
    unpriced: DecimalText | null;
  };
}

interface Facts {
  projectId: string;
  code: string;
  name: string;
  managerId: string | null;
  currency: string;
  budgetSeconds: number | null;
  budgetAmount: DecimalText | null;
}
interface Worked {
  usedSeconds: number;
  recentSeconds: number;
  firstOn: Day | null;
}

/**
 * Measures the budgets of these projects. Hours are all labor of current versions that was not rejected or deleted, billable
 * or not; money is the priced items of it in the project's currency, and open labor at their average rate.
 */
export async function measureBudgets(
  tx: WorkspaceTx,
  projectIds: readonly string[],
  today: Day,
): Promise<ProjectBudget[]> {
  const facts = await tx.rows<Facts>(
    `select p.id as project_id, p.code, p.name, m.id as manager_id, coalesce(k.currency, c.currency) as currency, p.budget_seconds, p.budget_amount
     from projects p join clients c on c.workspace_id = p.workspace_id and c.id = p.client_id
     left join contracts k on k.workspace_id = p.workspace_id and k.id = p.contract_id
     left join members m on m.workspace_id = p.workspace_id and m.id = p.manager_id and m.status = 'active'
     where p.workspace_id = $1 and p.id = any($2::uuid[]) order by p.id`,
    [tx.workspaceId, plainArray(projectIds)],
  );
  const worked = await readWorked(tx, projectIds, today);
  const priced = await readPriced(tx, projectIds);
  const open = await readOpen(tx, projectIds);
  return facts.map((project) => {
    const work = worked.get(project.projectId) ?? { usedSeconds: 0, recentSeconds: 0, firstOn: null };
    const days = daysOfPace(work.firstOn, today);
    const items = priced.get(`${project.projectId}|${project.currency}`);
    const { used, recent, ...parts } = usedMoney(
      {
        priced: items?.priced ?? '0',
        laborAmount: items?.laborAmount ?? '0',
        laborSeconds: items?.laborSeconds ?? 0,
        openSeconds: open.get(project.projectId) ?? 0,
        recentSeconds: work.recentSeconds,
      },
      project.currency,
    );
    const hours = { used: String(work.usedSeconds), recent: String(work.recentSeconds), days };
    const { projectId, code, name, managerId, currency } = project;
    return {
      projectId,
      code,
      name,
      managerId,
      currency,
      days,
      hours: measured(project.budgetSeconds === null ? null : String(project.budgetSeconds), hours, today),
      money: { ...measured(project.budgetAmount, { used, recent, days }, today), ...parts },
    };
  });
}

function measured(
  budget: DecimalText | null,
  { used, recent, days }: { used: DecimalText; recent: DecimalText; days: number },
  today: Day,
): Measured {
  if (budget === null) return { budget, used, remaining: null, percent: null, recent, exhaustsOn: null };
  return {
    budget,
    used,
    remaining: new Decimal(budget).minus(used).toFixed(),
    percent: usedPercent(used, budget),
    recent,
    exhaustsOn: exhaustsOn({ budget, used, recent, days }, today),
  };
}

/** Each entry is reached by its key (lateral, not flattened): see the ledger triggers for why. */
async function readWorked(tx: WorkspaceTx, projectIds: readonly string[], today: Day) {
  const rows = await tx.rows<Worked & { projectId: string }>(
    `select v.project_id, sum(v.quantity)::bigint as used_seconds, min(v.work_date) as first_on,
       coalesce(sum(v.quantity) filter (where v.work_date > $3::date - $4::int and v.work_date <= $3), 0)::bigint as recent_seconds
     from (select x.project_id, x.entry_id, x.version, x.work_date, x.quantity from entry_versions x
       where x.workspace_id = $1 and x.project_id = any($2::uuid[]) and x.kind = 'labor' and x.approval <> 'rejected') v
     cross join lateral (select from work_entries e
       where e.workspace_id = $1 and e.id = v.entry_id and e.current_version = v.version and e.deleted_at is null offset 0) e
     group by 1`,
    [tx.workspaceId, plainArray(projectIds), today, paceDays],
  );
  return new Map(rows.map((row) => [row.projectId, row]));
}

/** Labor of these projects that was not rejected, in seconds; those without any are left out. */
export async function workedSeconds(
  tx: WorkspaceTx,
  projectIds: readonly string[],
  today: Day,
): Promise<ReadonlyMap<string, number>> {
  const worked = await readWorked(tx, projectIds, today);
  return new Map([...worked].map(([id, { usedSeconds }]) => [id, usedSeconds]));
}

/** By project and currency; items are found through the claims of the project's entries. */
async function readPriced(tx: WorkspaceTx, projectIds: readonly string[]) {
  const rows = await tx.rows<{
    key: string;
    priced: DecimalText;
    laborAmount: DecimalText;
    laborSeconds: number;
  }>(
    `select i.project_id || '|' || i.currency as key, sum(i.amount) as priced,
       coalesce(sum(i.amount) filter (where i.kind in ('labor', 'labor_overtime')), 0) as labor_amount,
       coalesce(sum(i.raw_quantity) filter (where i.kind in ('labor', 'labor_overtime')), 0)::bigint as labor_seconds
     from (select distinct c.item_id from (
         select x.entry_id, x.version from entry_versions x where x.workspace_id = $1 and x.project_id = any($2::uuid[])) v
       cross join lateral (select y.item_id from claims y
         where y.workspace_id = $1 and y.entry_id = v.entry_id and y.version = v.version offset 0) c) w
     cross join lateral (select b.project_id, b.currency, b.kind, b.amount, b.raw_quantity from billable_items b
       where b.workspace_id = $1 and b.id = w.item_id and b.project_id = any($2::uuid[]) and b.withdrawn_at is null offset 0) i
     group by 1`,
    [tx.workspaceId, plainArray(projectIds)],
  );
  return new Map(rows.map((row) => [row.key, row]));
}

/** Labor that may still be claimed, by project. */
async function readOpen(tx: WorkspaceTx, projectIds: readonly string[]) {
  const rows = await tx.rows<{ projectId: string; seconds: number }>(
    `select b.project_id, sum(b.quantity - b.claimed)::bigint as seconds
     from (select x.project_id, x.entry_id, x.version, x.quantity, x.claimed from entry_balance x
       where x.workspace_id = $1 and x.project_id = any($2::uuid[]) and x.claimed <> x.quantity) b
     cross join lateral (select from entry_versions v
       where v.workspace_id = $1 and v.entry_id = b.entry_id and v.version = b.version and v.kind = 'labor' and v.approval <> 'rejected' offset 0) v
     group by 1`,
    [tx.workspaceId, plainArray(projectIds)],
  );
  return new Map(rows.map((row) => [row.projectId, row.seconds]));
}

export interface BudgetWarning {
  measure: BudgetMeasure;
  budget: DecimalText;
  threshold: number;
  used: DecimalText;
  reachedOn: Day;
}
const warningsShown = 100;

/** What was told of a project, the latest first. */
export function listBudgetWarnings(tx: WorkspaceTx, projectId: string): Promise<BudgetWarning[]> {
  return tx.rows<BudgetWarning>(
    `select measure, budget, threshold, used, reached_on from budget_warnings
     where workspace_id = $1 and project_id = $2 order by reached_on desc, measure, threshold desc limit $3`,
    [tx.workspaceId, projectId, warningsShown],
  );
}

const projectsAtOnce = 200;

/**
 * Looks at every open project with a budget or a milestone that comes by itself: tells the thresholds that nobody was told of,
 * the highest only where several are new, and marks the milestones. Safe to repeat. Answers how many thresholds are new.
 */
export async function watchBudgets(tx: WorkspaceTx, today: Day): Promise<number> {
  await reachByThemselves(tx, today, new Map());
  let found = 0;
  for (let after: string | null = null; ; ) {
    const page: { id: string }[] = await tx.rows<{ id: string }>(
      `select id from projects where workspace_id = $1 and status in ('planned', 'active', 'ready_for_billing')
         and (budget_seconds is not null or budget_amount is not null) and ($2::uuid is null or id > $2) order by id limit $3`,
      [tx.workspaceId, after, projectsAtOnce],
    );
    if (page.length === 0) return found;
    const budgets = await measureBudgets(
      tx,
      page.map(({ id }) => id),
      today,
    );
    found += await warn(tx, budgets, today);
    const used = new Map(budgets.map(({ projectId, hours }) => [projectId, Number(hours.used)]));
    await reachByThemselves(tx, today, used);
    after = page.at(-1)!.id;
  }
}

interface Reached {
  project: ProjectBudget;
  measure: BudgetMeasure;
  budget: DecimalText;
  used: DecimalText;
  threshold: number;
}

async function warn(tx: WorkspaceTx, budgets: readonly ProjectBudget[], today: Day): Promise<number> {
  const reached = budgets.flatMap((project) =>
    (['hours', 'money'] as const).flatMap((measure): Reached[] => {
      const { budget, used } = project[measure];
      if (budget === null) return [];
      return reachedThresholds(used, budget).map((threshold) => ({
        project,
        measure,
        budget,
        used,
        threshold,
      }));
    }),
  );
  if (reached.length === 0) return 0;
  const fresh = await tx.rows<{ projectId: string; measure: BudgetMeasure; threshold: number }>(
    `insert into budget_warnings (workspace_id, project_id, measure, budget, threshold, used, reached_on)
     select $1, r.project_id, r.measure, r.budget, r.threshold, r.used, $2
     from unnest($3::uuid[], $4::text[], $5::numeric[], $6::int[], $7::numeric[]) as r(project_id, measure, budget, threshold, used)
     order by r.project_id, r.measure, r.threshold
     on conflict do nothing returning project_id, measure, threshold`,
    [
      tx.workspaceId,
      today,
      plainArray(reached.map(({ project }) => project.projectId)),
      plainArray(reached.map(({ measure }) => measure)),
      plainArray(reached.map(({ budget }) => budget)),
      plainArray(reached.map(({ threshold }) => threshold)),
      plainArray(reached.map(({ used }) => used)),
    ],
  );
  const highest = new Map<string, Reached>();
  for (const row of fresh) {
    const key = `${row.projectId}|${row.measure}`;
    const one = reached.find(
      ({ project, measure, threshold }) =>
        project.projectId === row.projectId && measure === row.measure && threshold === row.threshold,
    )!;
    if (row.threshold > (highest.get(key)?.threshold ?? 0)) highest.set(key, one);
  }
  await tell(tx, [...highest.values()]);
  return fresh.length;
}

async function tell(tx: WorkspaceTx, warnings: readonly Reached[]): Promise<void> {
  await recordEvents(
    tx,
    warnings.map(({ project, measure, budget, used, threshold }) => ({
      type: 'project.budget_reached',
      subjectType: 'project',
      subjectId: project.projectId,
      actor: 'system',
      permission: 'reports.read' as const,
      payload: { measure, threshold, budget, used, exhaustsOn: project[measure].exhaustsOn },
    })),
  );
  await notify(
    tx,
    warnings.map(({ project, measure, budget, used, threshold }) => ({
      kind: 'project.budget_reached' as const,
      to:
        project.managerId === null
          ? ({ permission: 'projects.update' } as const)
          : { memberIds: [project.managerId] },
      key: `project.budget_reached:${project.projectId}:${measure}:${budget}:${threshold}`,
      subjectType: 'project',
      subjectId: project.projectId,
      params: {
        project: `${project.code} ${project.name}`,
        threshold: String(threshold),
        used: shown(measure, used, project.currency),
        budget: shown(measure, budget, project.currency),
        forecast:
          project[measure].exhaustsOn === null
            ? ''
            : `At the pace of the last weeks it is used up on ${project[measure].exhaustsOn}.`,
      },
    })),
  );
}

const shown = (measure: BudgetMeasure, value: DecimalText, currency: string) =>
  measure === 'hours'
    ? `${round(new Decimal(value).div(3600), 2, 'half_up').toFixed()} h`
    : `${value} ${currency}`;
