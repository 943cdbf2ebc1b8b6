/** Owns `slipway run`: a billing run by hand, followed to its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { addDays, isDay, localDay } from '../../domain/day.ts';
import { Decimal } from '../../domain/money.ts';
import { whyNotClaimed } from '../../domain/why-not-billed.ts';
import { clients } from '../../store/clients.ts';
import type { RunScope } from '../../store/contract-scope.ts';
import type { Database, WorkspaceTx } from '../../store/database.ts';
import { projectsInScope, readOpenFacts } from '../../store/entries.ts';
import { countBlockingExceptions } from '../../store/exceptions.ts';
import { listInvoices } from '../../store/invoices.ts';
import { projects } from '../../store/projects.ts';
import { type Run, readRun, readRunSteps, requestRun } from '../../store/runs.ts';
import { zoneOf } from '../../store/workspaces.ts';
import { type Command, UsageError } from '../command.ts';
import { type Step, say, step, table } from '../story.ts';
import { chooseWorkspace } from '../with-database.ts';
import { withWorkers } from '../with-workers.ts';

const pageSize = 10_000;

async function scopeOf(
  tx: WorkspaceTx,
  values: { client?: string | undefined; project?: string | undefined },
): Promise<RunScope> {
  if (values.project) {
    const all = await projects.list(tx, { limit: pageSize, after: null });
    const fitting = all.filter((row) => row.code === values.project);
    if (fitting.length !== 1)
      throw new UsageError(`${fitting.length} projects have the code "${values.project}".`);
    return { type: 'project', id: fitting[0]!.id };
  }
  if (values.client) {
    const fitting = (await clients.list(tx, { limit: pageSize, after: null })).filter(
      (row) => row.code === values.client || row.name === values.client,
    );
    if (fitting.length !== 1)
      throw new UsageError(`${fitting.length} clients are called "${values.client}".`);
    return { type: 'client', id: fitting[0]!.id };
  }
  return { type: 'workspace', id: tx.workspaceId };
}

async function follow(
  database: Database,
  workspaceId: string,
  runId: string,
  note: Step['note'],
): Promise<Run> {
  while (true) {
    const { run, steps } = await database.inWorkspace(workspaceId, async (tx) => ({
      run: (await readRun(tx, runId))!,
      steps: await readRunSteps(tx, runId),
    }));
    note(
      steps.map((row) => `${row.step} ${row.done.toLocaleString('en-US')}`).join(', ') ||
        (run.waitsForRunId === null ? 'waiting for a worker' : 'waiting for another run of the same work'),
    );
    if (!['queued', 'running'].includes(run.status)) return run;
    await sleep(200);
  }
}

/** At least two decimals, and all that there are. */
export function toMoneyText(amount: string): string {
  const exact = new Decimal(amount);
  return exact.toFixed(Math.max(2, exact.decimalPlaces()));
}

const looked = 20_000;

/** Why a run found nothing to bill: open exceptions first, else what the open entries of its scope lack. */
export async function saysWhatBlocks(tx: WorkspaceTx, scope: RunScope, cutoffOn: string): Promise<string[]> {
  const projectIds = await projectsInScope(tx, scope);
  const blocking = await countBlockingExceptions(tx, projectIds, cutoffOn);
  if (blocking.length > 0)
    return [
      'Nothing was billed. Open exceptions hold work back (E must be fixed, W can be released with a reason):',
      ...blocking.map(
        (row) => `  ${row.severity} ${row.rule}: ${row.entries.toLocaleString('en-US')} entries`,
      ),
    ];
  const reasons = new Map<string, { entries: number; text: string }>();
  for (const facts of await readOpenFacts(tx, projectIds, cutoffOn, looked)) {
    const [reason] = whyNotClaimed(facts);
    if (!reason) continue;
    const known = reasons.get(reason.code);
    const text = known?.text ?? [reason.message, reason.whatToDo].filter(Boolean).join(' ');
    reasons.set(reason.code, { entries: (known?.entries ?? 0) + 1, text });
  }
  if (reasons.size === 0) return [`Nothing was billed: no work before ${cutoffOn} is open here.`];
  return [
    'Nothing was billed. What the open work lacks:',
    ...[...reasons.values()].map((row) => `  ${row.entries.toLocaleString('en-US')} entries: ${row.text}`),
  ];
}

/** Answers how many there are. */
async function showInvoices(database: Database, workspaceId: string, runId: string): Promise<number> {
  const shown = 20;
  const invoices = await database.inWorkspace(workspaceId, (tx) =>
    listInvoices(tx, { runId, limit: pageSize }),
  );
  if (invoices.length === 0) return 0;
  table(
    ['Number', 'Client', 'Status', '>Hours', '>Net', 'Currency'],
    invoices
      .toReversed()
      .slice(0, shown)
      .map((i) => [
        i.number ?? '(draft)',
        i.clientName,
        i.status,
        (i.quantitySeconds / 3600).toFixed(2),
        i.net,
        i.currency,
      ]),
  );
  if (invoices.length > shown) say(`  … and ${invoices.length - shown} more`);
  for (const held of invoices.filter((i) => i.status === 'held').slice(0, shown))
    say(`  held: ${held.holdReason}`);
  return invoices.length;
}

/** Asks for the run, sees it through with `database`, and prints what came of it. */
async function runAndShow(database: Database, values: RunValues): Promise<number> {
  const workspace = await chooseWorkspace(database, values.workspace);
  const today = localDay(workspace.clockAt ?? new Date(), zoneOf(workspace));
  const asked = await database.inWorkspace(workspace.id, async (tx) =>
    requestRun(tx, {
      scope: await scopeOf(tx, values),
      trigger: 'by_hand',
      pulledBy: 'cli',
      reason: values.reason,
      cutoffOn: values.before ?? addDays(today, 1),
      finishAt: values.draft ? 'draft' : 'issue',
    }),
  );
  const run = await step(
    'Billing run',
    ({ note }) => follow(database, workspace.id, asked.id, note),
    (done) => done.status,
  );
  table(
    ['Count', '>Value'],
    Object.entries(run.counts).map(([name, value]) => [name, Number(value).toLocaleString('en-US')]),
  );
  const steps = await database.inWorkspace(workspace.id, (tx) => readRunSteps(tx, run.id));
  for (const row of steps) {
    const amounts = Object.entries(row.amount).map(
      ([currency, amount]) => `${toMoneyText(amount)} ${currency}`,
    );
    say(
      `  ${row.step}: ${row.done.toLocaleString('en-US')}${amounts.length > 0 ? ` for ${amounts.join(', ')}` : ''}`,
    );
  }
  const invoices = await showInvoices(database, workspace.id, run.id);
  if (invoices === 0 && run.status === 'done') {
    const scope = { type: run.scopeType, id: run.scopeId };
    const blocks = await database.inWorkspace(workspace.id, (tx) => saysWhatBlocks(tx, scope, run.cutoffOn));
    for (const line of blocks) say(`  ${line}`);
  }
  if (run.error) say(run.error);
  return run.status === 'done' ? 0 : 1;
}

interface RunValues {
  client?: string | undefined;
  project?: string | undefined;
  before?: string | undefined;
  reason: string;
  draft: boolean;
  workspace?: string | undefined;
}

export const runCommand: Command = {
  name: 'run',
  usage:
    'slipway run [--project CODE | --client NAME] --reason TEXT [--before DAY] [--draft] [--workspace W]',
  summary: 'Bill what is open and approved, out of cycle; with --draft stop before numbers are given',
  run: async (context) => {
    const { values } = parseArgs({
      args: context.args,
      options: {
        project: { type: 'string' },
        client: { type: 'string' },
        before: { type: 'string' },
        reason: { type: 'string' },
        draft: { type: 'boolean', default: false },
        workspace: { type: 'string' },
      },
    });
    const { reason } = values;
    if (!reason?.trim()) throw new UsageError('A run by hand needs its --reason.');
    if (values.before && !isDay(values.before)) throw new UsageError('--before is a day such as 2026-11-01.');
    const wanted: RunValues = { ...values, reason };
    return withWorkers(context, async (database, workersRun) =>
      workersRun ? runAndShow(database, wanted) : null,
    );
  },
};
