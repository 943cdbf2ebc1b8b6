/** Owns measuring tickets over HTTP: how fast one approval answers, and a thousand in one call. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { startHub } from '../../cli/hub.ts';
import { readConfig } from '../../config.ts';
import type { Database } from '../../store/database.ts';
import { createTicket, submitTicket, type WrittenLine } from '../../store/ticket-editing.ts';
import { openTicketDesk } from '../support/ticket-desk.ts';
import { openTestWorkspace } from '../support/workspace.ts';

const oneByOne = 200;
const atOnce = 1_000;
const ticketsPerDay = 100;
const ticketsPerTransaction = 25;
const pauseMs = 250;
const idleTimeoutMs = 300_000;
const line = {
  id: null,
  taskId: null,
  position: null,
  overtime: false,
  seconds: null,
  amount: null,
  currency: null,
  category: null,
  receiptId: null,
  metres: null,
  transportSeconds: null,
  note: '',
};
/** Regular hours, overtime, an expense and a drive: five entries. */
const lines: WrittenLine[] = [
  { ...line, kind: 'labor', seconds: 300 },
  { ...line, kind: 'labor', seconds: 300, overtime: true },
  { ...line, kind: 'expense', amount: '12.50', currency: 'USD', category: 'Parking' },
  { ...line, kind: 'mileage', metres: 4_200, transportSeconds: 600 },
];

const dataDir = mkdtempSync(join(tmpdir(), 'slipway-bench-tickets-'));
const { PATH, HOME } = process.env;
const hub = await startHub({
  config: readConfig({ PATH, HOME, SLIPWAY_DATA_DIR: dataDir, SLIPWAY_PORT: '0' }),
  logger: pino({ level: 'silent' }),
  version: 'bench',
  parts: { api: true, worker: true },
});

const at = (sorted: readonly number[], share: number) => sorted[Math.ceil(sorted.length * share) - 1]!;
const rows: Record<string, string | number>[] = [];
async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Until no document waits for a look, no event for its number and no mail for its sending. */
async function untilIdle(workspaceId: string, database: Database): Promise<void> {
  const giveUpAt = performance.now() + idleTimeoutMs;
  for (;;) {
    const open = await database.inSystem((tx) =>
      tx.row<{ looks: number; events: number; mails: number }>(
        `select (select count(*) from outbox where workspace_id = $1)::int as looks,
           (select count(*) from events where workspace_id = $1 and seq is null)::int as events,
           (select count(*) from mails where workspace_id = $1 and status = 'queued')::int as mails`,
        [workspaceId],
      ),
    );
    if (!open || open.looks + open.events + open.mails === 0) return;
    if (performance.now() > giveUpAt) throw new Error(`the hub is still busy: ${JSON.stringify(open)}`);
    await sleep(200);
  }
}

try {
  const workspace = await openTestWorkspace(hub, hub.database);
  const desk = await openTicketDesk(workspace, hub.database);
  const { contractor, manager, projectId } = desk;
  const author = { id: `member:${contractor.id}`, personId: contractor.personId };
  const ids: string[] = [];
  for (let from = 0; from < oneByOne + atOnce; from += ticketsPerTransaction)
    await workspace.in(async (tx) => {
      for (let n = from; n < from + ticketsPerTransaction; n += 1) {
        const workDate = desk.dayAgo(1 + Math.floor(n / ticketsPerDay));
        const written = {
          personId: contractor.personId!,
          projectId,
          workDate,
          notes: '',
          correctsTicketId: null,
          lines,
        };
        const ticket = await createTicket(tx, written, author);
        await submitTicket(tx, ticket, author.id);
        ids.push(ticket.id);
      }
    });
  const report = (work: string, p50: number, p95: number, bound: string) =>
    rows.push({ work, 'p50 ms': Math.round(p50), 'p95 ms': Math.round(p95), bound });

  await untilIdle(workspace.workspaceId, hub.database);
  const approving: number[] = [];
  for (const id of ids.slice(0, oneByOne)) {
    approving.push(await timed(() => desk.send(manager, 'POST', `/tickets/${id}/approve`, {})));
    // As one person goes through a list; the workflow, the mail and the audit of the last one go on meanwhile.
    await sleep(pauseMs);
  }
  approving.sort((a, b) => a - b);
  report(`approve one, ${oneByOne} times`, at(approving, 0.5), at(approving, 0.95), '50 ms p95');

  const many = { ids: ids.slice(oneByOne) };
  for (const [work, wanted] of [
    [`approve ${atOnce} in one call`, 'approved'],
    ['the same call again', 'already_approved'],
  ] as const) {
    let outcomes: { outcome: string }[] = [];
    const ms = await timed(async () => {
      outcomes = (
        await desk.send<{ items: { outcome: string }[] }>(manager, 'POST', '/tickets/approve', many)
      ).items;
    });
    const other = outcomes.find(({ outcome }) => outcome !== wanted);
    if (outcomes.length !== atOnce || other)
      throw new Error(`${work}: ${outcomes.length}, ${other?.outcome}`);
    report(work, ms, ms, '3,000 ms');
  }
  const caughtUpMs = await timed(() => untilIdle(workspace.workspaceId, hub.database));
  console.log(
    `node ${process.version}, ${cpus().length} cores; the whole hub over HTTP on its own Postgres (fsync on) and Temporal; tickets of five entries; the workflows of ${atOnce} tickets had seen their approval ${Math.round(caughtUpMs / 1000)} s later`,
  );
  console.table(rows);
} finally {
  await hub.stop();
  await rm(dataDir, { recursive: true, force: true });
}
