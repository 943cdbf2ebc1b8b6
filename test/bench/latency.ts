/**
 * Owns `npm run bench -- --latency`: from the request that approves a ticket until the accounting platform has accepted its
 * invoice, one at a time and many at a time, and where that time goes. `--by-hand` asks for each run instead of waiting for the
 * contract's own trigger; `--samples` says how many one at a time, `--contracts` how many at a time after that.
 */
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type BenchContract, type LatencyFirm, openLatencyFirm } from './latency-firm.ts';
import { type Marks, marksOf, type Segment, segmentsOf } from './latency-marks.ts';

const { values } = parseArgs({
  strict: false,
  options: {
    samples: { type: 'string', default: '100' },
    contracts: { type: 'string', default: '50' },
    'by-hand': { type: 'boolean', default: false },
  },
});
const samples = Number(values.samples);
const byHand = values['by-hand'] === true;
const contracts = Number(values.contracts);
const rounds = 3;
/** A contract gathers what follows an invoice for this long: nobody is to wait for that here. */
const gatherMs = 5_500;
const acceptedWithinMs = 180_000;
/** As one person goes through a list; what follows an invoice (paper, mail, audit) goes on meanwhile. */
const pauseMs = 150;
const ticketsPerDay = 100;
const bounds = { p50: 250, p95: 500 };

const firm = await openLatencyFirm(contracts);
let handedIn = 0;
const waiting = new Map<string, (at: number) => void>();
firm.onAccepted((code) => {
  waiting.get(code)?.(Date.now());
  waiting.delete(code);
});

/** A submitted ticket of five minutes; what is measured begins with its approval. */
async function handIn({ projectId }: BenchContract): Promise<string> {
  handedIn += 1;
  const { id } = await firm.send<{ id: string }>(firm.contractor, 'POST', '/tickets', {
    projectId,
    workDate: firm.dayAgo(1 + Math.floor(handedIn / ticketsPerDay)),
    lines: [{ kind: 'labor', seconds: 300 }],
  });
  await firm.send(firm.contractor, 'POST', `/tickets/${id}/submit`);
  return id;
}

/** Approves, and resolves when the platform has the invoice: the wall-clock instants of request, answer and acceptance. */
async function approve(contract: BenchContract, ticketId: string): Promise<Marks> {
  const accepted = new Promise<number>((resolve) => waiting.set(contract.code, resolve));
  const late = sleep(acceptedWithinMs, null, { ref: false });
  const requestedAt = Date.now();
  await firm.send(firm.manager, 'POST', `/tickets/${ticketId}/approve`, {});
  const answeredAt = Date.now();
  if (byHand)
    await firm.at.post('/billing-runs', {
      scope: { type: 'contract', id: contract.contractId },
      cutoffOn: firm.dayAgo(0),
      reason: 'bench',
      finishAt: 'issue',
    });
  const acceptedAt = await Promise.race([accepted, late]);
  if (acceptedAt === null) {
    const policy = await firm.at.get(`/contracts/${contract.contractId}/billing-policy`);
    throw new Error(
      `${contract.code}: no invoice at the platform within ${acceptedWithinMs / 1000} s: ${JSON.stringify(policy)}`,
    );
  }
  return { requestedAt, answeredAt, acceptedAt };
}

const share = (sorted: readonly number[], part: number) => sorted[Math.ceil(sorted.length * part) - 1]!;
const sorted = (taken: readonly Marks[]) =>
  taken.map(({ requestedAt, acceptedAt }) => acceptedAt - requestedAt).sort((a, b) => a - b);

async function allAtOnce(firmOf: LatencyFirm): Promise<{ taken: Marks[]; wallMs: number }> {
  const tickets: string[] = [];
  for (const contract of firmOf.contracts) tickets.push(await handIn(contract));
  await sleep(gatherMs);
  const started = performance.now();
  const taken = await Promise.all(firmOf.contracts.map((contract, n) => approve(contract, tickets[n]!)));
  return { taken, wallMs: performance.now() - started };
}

function print(name: string, taken: readonly Marks[]): void {
  const took = sorted(taken);
  console.log(
    `${name}: p50 ${share(took, 0.5)} ms, p95 ${share(took, 0.95)} ms, slowest ${share(took, 1)} ms (n = ${took.length})`,
  );
}
function printSegments(segments: readonly Segment[]): void {
  const total = segments.reduce((sum, { meanMs }) => sum + meanMs, 0);
  console.table(
    segments.map(({ what, meanMs }) => ({
      step: what,
      'mean ms': meanMs.toFixed(1),
      share: `${Math.round((meanMs / total) * 100)} %`,
    })),
  );
}

try {
  if (!byHand)
    for (const { contractId } of firm.contracts)
      await firm.at.patch(`/contracts/${contractId}`, { clauses: { triggers: { onApproval: true } } });
  // The first invoice of a client makes it at the platform, and code runs slowly the first times.
  await allAtOnce(firm);
  await sleep(gatherMs);
  const tickets: string[] = [];
  for (let n = 0; n < samples; n += 1) tickets.push(await handIn(firm.contracts[n % contracts]!));
  await sleep(gatherMs);

  const one: Marks[] = [];
  const paths: Awaited<ReturnType<typeof marksOf>>[] = [];
  for (const [n, ticketId] of tickets.entries()) {
    const contract = firm.contracts[n % contracts]!;
    one.push(await approve(contract, ticketId));
    await sleep(pauseMs);
    paths.push(await marksOf(firm.at, contract.contractId, one.at(-1)!));
  }
  console.log(
    `node ${process.version}, ${cpus().length} cores; hub, PostgreSQL (fsync on) and Temporal each a process of their own; approval over HTTP → ${byHand ? 'run asked for over HTTP' : "the contract's own trigger"} → invoice accepted by a loopback QuickBooks`,
  );
  print('one at a time', one);
  printSegments(segmentsOf(paths));

  const many: Marks[] = [];
  const manyPaths: typeof paths = [];
  for (let round = 0; round < rounds; round += 1) {
    const { taken, wallMs } = await allAtOnce(firm);
    many.push(...taken);
    for (const [n, { contractId }] of firm.contracts.entries())
      manyPaths.push(await marksOf(firm.at, contractId, taken[n]!));
    console.log(`${contracts} at once: the last was accepted after ${Math.round(wallMs)} ms`);
  }
  print(`${contracts} at a time`, many);
  printSegments(segmentsOf(manyPaths));
  const took = sorted(one);
  if (share(took, 0.5) > bounds.p50 || share(took, 0.95) > bounds.p95) {
    console.log(`asked for: p50 ${bounds.p50} ms, p95 ${bounds.p95} ms`);
    process.exitCode = 1;
  }
} finally {
  await firm.close();
}
