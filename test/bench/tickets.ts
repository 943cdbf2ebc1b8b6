/** Owns measuring tickets over HTTP: how fast one approval answers, and a thousand in one call. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { startHub } from '../../cli/hub.ts';
import { readConfig } from '../../config.ts';
import { createTicket, submitTicket, type WrittenLine } from '../../store/ticket-editing.ts';
import { openTicketDesk } from '../support/ticket-desk.ts';
import { openTestWorkspace } from '../support/workspace.ts';

const oneByOne = 200;
const atOnce = 1_000;
const ticketsPerDay = 100;
const ticketsPerTransaction = 25;
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
  // What answers a person; the workflows behind have their own figure, and would take turns with it on two cores.
  parts: { api: true, worker: false },
});

const at = (sorted: readonly number[], share: number) => sorted[Math.ceil(sorted.length * share) - 1]!;
const rows: Record<string, string | number>[] = [];
async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
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

  const approving: number[] = [];
  for (const id of ids.slice(0, oneByOne))
    approving.push(await timed(() => desk.send(manager, 'POST', `/tickets/${id}/approve`, {})));
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
  console.log(
    `node ${process.version}, ${cpus().length} cores; the API over HTTP on its own Postgres (fsync on); tickets of five entries`,
  );
  console.table(rows);
} finally {
  await hub.stop();
  await rm(dataDir, { recursive: true, force: true });
}
