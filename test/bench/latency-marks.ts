/** Owns where the time of one invoice went: instants of our rows and of Temporal's histories, in their order on the path. */
import type { SubjectType } from '../../store/outbox.ts';
import type { TestWorkspace } from '../support/workspace.ts';

/** Milliseconds since 1970, by the clock of the machine: all processes run on it. */
export interface Marks {
  requestedAt: number;
  answeredAt: number;
  acceptedAt: number;
}
export interface Mark {
  what: string;
  at: number;
}
export interface Segment {
  what: string;
  meanMs: number;
}

interface PastEvent {
  at: number;
  kind: 'started' | 'signalled' | 'scheduled' | 'begun' | 'done' | 'other';
  activity: string | null;
}

/** Events after `from`, oldest first; none where the workflow never ran. */
async function eventsOf(
  at: TestWorkspace,
  type: SubjectType,
  id: string,
  from: number,
): Promise<PastEvent[]> {
  const handle = at.workflow(type, id);
  const history = await handle.fetchHistory().catch(() => null);
  const names = new Map<string, string>();
  return (history?.events ?? [])
    .map((event): PastEvent => {
      const time = Number(event.eventTime!.seconds) * 1_000 + event.eventTime!.nanos! / 1e6;
      const scheduled = event.activityTaskScheduledEventAttributes;
      const begun = event.activityTaskStartedEventAttributes;
      const done = event.activityTaskCompletedEventAttributes;
      if (scheduled) {
        names.set(String(event.eventId), scheduled.activityType!.name!);
        return { at: time, kind: 'scheduled', activity: scheduled.activityType!.name! };
      }
      if (begun) return { at: time, kind: 'begun', activity: names.get(String(begun.scheduledEventId))! };
      if (done) return { at: time, kind: 'done', activity: names.get(String(done.scheduledEventId))! };
      if (event.workflowExecutionStartedEventAttributes) return { at: time, kind: 'started', activity: null };
      if (event.workflowExecutionSignaledEventAttributes)
        return { at: time, kind: 'signalled', activity: null };
      return { at: time, kind: 'other', activity: null };
    })
    .filter((event) => event.at >= from);
}

const instantOf = (text: string | null) => (text === null ? undefined : Date.parse(text));

/** The marks of the contract's newest invoice, from the request to the acceptance. */
export async function marksOf(at: TestWorkspace, contractId: string, marks: Marks): Promise<Mark[]> {
  const invoice = await at.in((tx) =>
    tx.row<{
      id: string;
      runId: string;
      lookedAt: string;
      billedAt: string | null;
      intentAt: string | null;
    }>(
      // A transaction's now() is its begin.
      `select i.id, i.run_id, r.started_at as looked_at, s.started_at as billed_at, t.created_at as intent_at from client_invoices i
       join runs r on r.workspace_id = $1 and r.id = i.run_id
       left join run_steps s on s.workspace_id = $1 and s.run_id = r.id and s.step = 'issue'
       left join intents t on t.workspace_id = $1 and t.subject_type = 'client_invoice' and t.subject_id = i.id
       where i.workspace_id = $1 and i.contract_id = $2 order by i.id desc limit 1`,
      [at.workspaceId, contractId],
    ),
  );
  const path: Mark[] = [{ what: 'request', at: marks.requestedAt }];
  const add = (what: string, instant: number | undefined) => {
    if (instant !== undefined) path.push({ what, at: instant });
  };
  add('approval answered', marks.answeredAt);
  const policy = await eventsOf(at, 'billing_policy', contractId, marks.requestedAt);
  add('outbox → relay → policy signalled', policy.find(({ kind }) => kind === 'signalled')?.at);
  const run = await eventsOf(at, 'billing_run', invoice!.runId, marks.requestedAt);
  add(
    'policy looks, asks for the run; outbox → relay → run started',
    run.find(({ kind }) => kind === 'started')?.at,
  );
  // In place there is no workflow of the run: its rows say when.
  const inPlace = run.length === 0;
  if (inPlace) {
    add("policy's look begins", instantOf(invoice!.lookedAt));
    add('looks: pulls → a run that begins', instantOf(invoice!.billedAt));
  }
  const steps = [...new Set(run.flatMap(({ activity }) => activity ?? []))];
  const push = await eventsOf(at, 'client_invoice', invoice!.id, marks.requestedAt);
  const pushStarted = push.find(({ kind }) => kind === 'started')?.at;
  const intentAt = instantOf(invoice!.intentAt);
  if (inPlace && intentAt !== undefined && (pushStarted === undefined || intentAt <= pushStarted)) {
    // Pushed in place too: the workflow of the invoice begins after it.
    add('compiled, drafted, issued; what the push needs is read', intentAt);
    add('intent, POST, accepted by the platform', marks.acceptedAt);
    return path;
  }
  for (const step of steps) {
    for (const [kind, words] of [
      ['scheduled', `run looks; ${step} scheduled`],
      ['begun', `${step} taken by a worker`],
      ['done', `${step} done`],
    ] as const) {
      const instant = run.find((event) => event.activity === step && event.kind === kind)?.at;
      // The invoice's own workflow starts at the commit of the step that issues; what the run does after that is beside the path.
      if (instant !== undefined && (pushStarted === undefined || instant <= pushStarted)) add(words, instant);
    }
  }
  add(
    inPlace
      ? 'compiled, drafted, issued; outbox → relay → invoice started'
      : 'issued, outbox → relay → invoice started',
    pushStarted,
  );
  for (const [kind, words] of [
    ['scheduled', 'invoice looks; pushInvoice scheduled'],
    ['begun', 'pushInvoice taken by a worker'],
  ] as const)
    add(words, push.find((event) => event.activity === 'pushInvoice' && event.kind === kind)?.at);
  add('invoice looks; what the push needs is read', intentAt);
  add('intent, POST, accepted by the platform', marks.acceptedAt);
  return path;
}

/** The mean time up to each mark since the one before, over all paths that have it. */
export function segmentsOf(paths: readonly Mark[][]): Segment[] {
  const names = [...new Set(paths.flatMap((path) => path.slice(1).map(({ what }) => what)))];
  const order = paths.reduce((longest, path) => (path.length > longest.length ? path : longest), []);
  names.sort((a, b) => order.findIndex(({ what }) => what === a) - order.findIndex(({ what }) => what === b));
  return names.map((what) => {
    const tooks = paths.flatMap((path) => {
      const at = path.findIndex((mark) => mark.what === what);
      return at > 0 ? [path[at]!.at - path[at - 1]!.at] : [];
    });
    return { what, meanMs: tooks.reduce((sum, took) => sum + took, 0) / paths.length };
  });
}
