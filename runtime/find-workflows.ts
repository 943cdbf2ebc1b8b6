/** Owns finding workflows at Temporal as an operator looks for them, and saying what each does or waits for. */
import type { Client, WorkflowHandle } from '@temporalio/client';

export interface WorkflowFilter {
  workspaceId: string;
  clientId?: string | undefined;
  contractId?: string | undefined;
  /** A number, `draft`, or the quarter of a report. */
  document?: string | undefined;
  /** Also those that have ended. */
  ended: boolean;
}
export interface FoundWorkflow {
  workflowId: string;
  type: string;
  document: string | null;
  status: string;
  startedAt: string;
  /** In words; null where it has ended. */
  doing: string | null;
  /** Something of it fails, and is tried again and again. */
  failing: boolean;
}

/** A text inside quotes of a visibility query. */
const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

export function visibilityQuery({
  workspaceId,
  clientId,
  contractId,
  document,
  ended,
}: WorkflowFilter): string {
  const is = (name: string, value: string | undefined) =>
    value === undefined ? [] : [`${name} = ${quoted(value)}`];
  return [
    ...is('SlipwayWorkspace', workspaceId),
    ...is('SlipwayClient', clientId),
    ...is('SlipwayContract', contractId),
    ...is('SlipwayDocument', document),
    ...(ended ? [] : [`ExecutionStatus = 'Running'`]),
  ].join(' AND ');
}

const queryTimeoutMs = 2_000;
/** Where a workflow answers what it waits for; a run answers its progress. */
const stateQueries: Readonly<Record<string, string>> = { billingRun: 'progress' };

/** The latest first, at most `limit`; what is open says what it does. */
export async function findWorkflows(
  client: Client,
  filter: WorkflowFilter,
  limit: number,
): Promise<FoundWorkflow[]> {
  const found: FoundWorkflow[] = [];
  for await (const one of client.workflow.list({ query: visibilityQuery(filter), pageSize: limit })) {
    if (found.length === limit) break;
    const isOpen = one.status.name === 'RUNNING';
    const handle = client.workflow.getHandle(one.workflowId, one.runId);
    const { doing, failing } = isOpen
      ? await whatItDoes(client, handle, one.type)
      : { doing: null, failing: false };
    found.push({
      workflowId: one.workflowId,
      type: one.type,
      document: one.typedSearchAttributes.get({ name: 'SlipwayDocument', type: 'KEYWORD' }) ?? null,
      status: one.status.name,
      startedAt: one.startTime.toISOString(),
      doing,
      failing,
    });
  }
  return found;
}

async function whatItDoes(
  client: Client,
  handle: WorkflowHandle,
  type: string,
): Promise<{ doing: string; failing: boolean }> {
  const { raw } = await handle.describe();
  const task = raw.pendingWorkflowTask?.attempt ?? 0;
  if (task > 1)
    return {
      doing: `its workflow code cannot go on: attempt ${task}, see the log of the workers`,
      failing: true,
    };
  const pending = (raw.pendingActivities ?? []).map(({ activityType, attempt, lastFailure }) => ({
    name: activityType?.name ?? 'an activity',
    attempt: attempt ?? 1,
    failure: lastFailure?.cause?.message ?? lastFailure?.message ?? null,
  }));
  const failing = pending.some(({ attempt }) => attempt > 1);
  if (pending.length > 0)
    return {
      doing: pending
        .map(({ name, attempt, failure }) =>
          attempt > 1 ? `${name}, attempt ${attempt}${failure === null ? '' : `: ${failure}`}` : name,
        )
        .join('; '),
      failing,
    };
  const state = await client
    .withDeadline(Date.now() + queryTimeoutMs, () =>
      handle.query<Record<string, unknown> | null>(stateQueries[type] ?? 'state'),
    )
    .catch(() => null);
  return { doing: stateText(state), failing };
}

/** "wait for payment until 2026-05-01T00:00:00.000Z" */
export function stateText(state: Readonly<Record<string, unknown>> | null): string {
  if (state === null) return 'waits';
  const word = (name: string, before: string) =>
    typeof state[name] === 'string' ? [`${before}${state[name]}`] : [];
  return [
    ...word('step', ''),
    ...word('for', 'for '),
    ...word('waitsFor', 'for '),
    ...word('until', 'until '),
  ]
    .join(' ')
    .replaceAll('_', ' ');
}
