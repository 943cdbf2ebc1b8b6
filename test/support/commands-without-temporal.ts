/** Owns commands at a steady rate while Temporal is away: tickets written, submitted and approved, and runs asked for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TicketDesk } from './ticket-desk.ts';
import type { TestWorkspace } from './workspace.ts';

export interface Sent {
  commands: number;
  /** What those that failed answered. */
  failed: string[];
  /** Of the time until each answer, in milliseconds. */
  p50Ms: number;
  p95Ms: number;
  slowestMs: number;
  approvedTickets: number;
  runs: string[];
}

const ticketsPerDay = 100;
/** One in so many commands asks for a billing run, and of the others one approves; the rest writes and submits. */
const runEvery = 20;
const approveEvery = 3;
const secondsPerTicket = 300;

/** Tickets that wait for their approval, as many as `sendCommands` approves of so many commands. */
export async function handInTickets(desk: TicketDesk, commands: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < Math.ceil(commands / approveEvery); n += 1)
    ids.push(
      await desk.handIn(desk.dayAgo(30 + Math.floor(n / ticketsPerDay)), [
        { kind: 'labor', seconds: secondsPerTicket },
      ]),
    );
  return ids;
}

/** Sends `perSecond` commands a second for `forMs`, none waiting for another's answer; resolves when all have answered. */
export async function sendCommands(
  at: TestWorkspace,
  desk: TicketDesk,
  waiting: readonly string[],
  { forMs, perSecond }: { forMs: number; perSecond: number },
): Promise<Sent> {
  const written: string[] = [];
  const toApprove = [...waiting];
  const tookMs: number[] = [];
  const failed: string[] = [];
  const runs: string[] = [];
  let made = 0;
  let approvedTickets = 0;

  const write = async () => {
    made += 1;
    const { id } = await desk.send<{ id: string }>(desk.contractor, 'POST', '/tickets', {
      projectId: desk.projectId,
      workDate: desk.dayAgo(1 + Math.floor(made / ticketsPerDay)),
      lines: [{ kind: 'labor', seconds: secondsPerTicket }],
    });
    written.push(id);
  };
  const submit = async (id: string) => {
    await desk.send(desk.contractor, 'POST', `/tickets/${id}/submit`);
  };
  const approve = async (id: string) => {
    await desk.send(desk.manager, 'POST', `/tickets/${id}/approve`, {});
    approvedTickets += 1;
  };
  const askForRun = async () => {
    const { id } = await at.post<{ id: string }>('/billing-runs', {
      scope: { type: 'workspace', id: at.workspaceId },
      cutoffOn: desk.dayAgo(0),
      reason: 'while Temporal is away',
      finishAt: 'issue',
    });
    runs.push(id);
  };
  const nextCommand = (n: number): (() => Promise<void>) => {
    if (n % runEvery === runEvery - 1) return askForRun;
    const next = n % approveEvery === 0 ? toApprove.shift() : undefined;
    if (next !== undefined) return () => approve(next);
    const toSubmit = written.shift();
    return toSubmit === undefined ? write : () => submit(toSubmit);
  };

  const started = performance.now();
  const sent: Promise<void>[] = [];
  for (let n = 0; n < (forMs / 1_000) * perSecond; n += 1) {
    await sleep(Math.max(0, started + (n * 1_000) / perSecond - performance.now()));
    const command = nextCommand(n);
    const begun = performance.now();
    sent.push(
      command().then(
        () => void tookMs.push(performance.now() - begun),
        (error: unknown) => void failed.push(error instanceof Error ? error.message : String(error)),
      ),
    );
  }
  await Promise.all(sent);
  tookMs.sort((a, b) => a - b);
  const share = (part: number) => tookMs[Math.ceil(tookMs.length * part) - 1] ?? 0;
  return {
    commands: sent.length,
    failed,
    p50Ms: share(0.5),
    p95Ms: share(0.95),
    slowestMs: share(1),
    approvedTickets,
    runs,
  };
}

/** What of these commands has not been carried to its end yet; null when nothing is left. */
export async function leftOf(at: TestWorkspace, sent: Sent): Promise<string | null> {
  const left = await at.in((tx) =>
    tx.row<{ looks: number; runs: number; lost: number; tickets: number }>(
      `select (select count(*) from outbox where workspace_id = $1)::int as looks,
         (select count(*) from runs where workspace_id = $1 and status in ('queued', 'running'))::int as runs,
         (select count(*) from runs where workspace_id = $1 and status in ('failed', 'cancelled'))::int as lost,
         (select count(*) from tickets where workspace_id = $1 and status = 'approved')::int as tickets`,
      [at.workspaceId],
    ),
  );
  if (left!.lost > 0) throw new Error(`${left!.lost} runs did not end well`);
  if (left!.tickets !== sent.approvedTickets)
    throw new Error(`${left!.tickets} of ${sent.approvedTickets} approvals are stored`);
  return left!.looks + left!.runs === 0 ? null : `${left!.looks} looks, ${left!.runs} runs`;
}
