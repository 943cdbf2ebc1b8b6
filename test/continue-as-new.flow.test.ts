/** Owns that every workflow's history stays short: it continues as new, and a signal in the middle of that is never lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toSearchAttributes } from '../runtime/search-attributes.ts';
import { type SubjectInput, subjectWorkflowType } from '../runtime/temporal-signals.ts';
import { workflowBundle } from '../runtime/workflow-bundle.ts';
import { newId } from '../store/new-id.ts';
import { type SubjectType, subjectTypes } from '../store/outbox.ts';
import * as workflows from '../workflows/index.ts';
import { shareBundles } from './support/cli.ts';
import { makeTestDirectory } from './support/directory.ts';
import { until } from './support/loops.ts';
import { createTestNamespace } from './support/temporal.ts';

/** What writers moved, and what looks have seen of it. */
interface Subject {
  version: number;
  seen: number;
}
const subjects = new Map<string, Subject>();

/** A look as ours are: what is written after it has read, only the next one sees. Answers whether something was new. */
async function look({ subjectId }: { subjectId: string }): Promise<boolean> {
  const subject = subjects.get(subjectId)!;
  const { version } = subject;
  await sleep(Math.random() * 15);
  const isNew = version > subject.seen;
  subject.seen = Math.max(subject.seen, version);
  return isNew;
}
const waitOf = (answer: object) => async (ref: { subjectId: string }) => {
  await look(ref);
  return { step: 'wait', waitMs: null, ...answer };
};

/** The look of each type, as it answers while the subject waits for signals only: no timer mends a lost one. */
const looks: Record<SubjectType, [name: string, look: (ref: { subjectId: string }) => Promise<object>]> = {
  billing_run: ['lookAtBillingRun', waitOf({ for: 'another run' })],
  client_invoice: ['lookAtClientInvoice', waitOf({ for: 'payment', retry: false, number: 'NFE-0001' })],
  connection: ['lookAtConnection', waitOf({})],
  ticket: ['lookAtTicket', waitOf({ status: 'submitted', for: 'decision', until: null })],
  contractor_invoice: [
    'lookAtContractorInvoice',
    waitOf({ status: 'submitted', for: 'decision', until: null }),
  ],
  billing_policy: ['lookAtBillingPolicy', waitOf({ for: 'trigger' })],
  client_report: ['lookAtClientReport', waitOf({ for: 'quarter_end', until: null })],
  // It never waits: it goes on while there is something to do, and ends.
  clock: ['lookAtClock', async (ref) => ({ step: (await look(ref)) ? 'go' : 'done' })],
};

let client: Client;
let worker: Worker;
let running: Promise<void>;
let connections: { close(): Promise<void> }[];
beforeAll(async () => {
  Runtime.install({ logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} } });
  const { address, namespace } = await createTestNamespace();
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  connections = [connection, native];
  client = new Client({ connection, namespace });
  const cacheDir = makeTestDirectory('bundle');
  shareBundles(cacheDir);
  worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue: 'all',
    workflowBundle: { codePath: await workflowBundle(`${cacheDir}/cache`) },
    activities: { ...Object.fromEntries(Object.values(looks)), stepClock: async () => undefined },
  });
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  for (const connection of connections) await connection.close();
});

const workspaceId = newId();
const clientId = newId();
const workflowIdOf = (type: SubjectType, subjectId: string) => `${type}/${subjectId}`;

async function write(type: SubjectType, subjectId: string, roundsPerRun: number): Promise<void> {
  subjects.get(subjectId)!.version += 1;
  const input: SubjectInput = { workspaceId, subjectId, durations: { roundsPerRun } };
  await client.workflow.signalWithStart(subjectWorkflowType(type), {
    workflowId: workflowIdOf(type, subjectId),
    taskQueue: 'all',
    args: [input],
    signal: 'look',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    typedSearchAttributes: toSearchAttributes(workspaceId, { clientId, contractId: null, document: 'draft' }),
  });
}

/** The runs of a workflow, the latest first, with how each ended and how long its history is. */
async function runsOf(type: SubjectType, subjectId: string) {
  const handle = client.workflow.getHandle(workflowIdOf(type, subjectId));
  const runs: { status: string; events: number; runId: string }[] = [];
  let next: string | undefined = (await handle.describe()).runId;
  while (next) {
    const run: WorkflowHandle = client.workflow.getHandle(workflowIdOf(type, subjectId), next);
    const { status } = await run.describe();
    const { events = [] } = await run.fetchHistory();
    runs.push({ status: status.name, events: events?.length ?? 0, runId: next });
    next = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  }
  return runs;
}

it('every type of workflow that is one of a subject is here', () => {
  const types = Object.keys(workflows).filter((type) => type !== 'sweep');
  expect(subjectTypes.map(subjectWorkflowType).sort()).toEqual(types.sort());
});

it.each(subjectTypes)('no signal to a %s is lost while it continues as new', async (type) => {
  const id = newId();
  subjects.set(id, { version: 0, seen: 0 });
  const subject = subjects.get(id)!;
  for (let burst = 0; burst < 6; burst += 1) {
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        await sleep(Math.random() * 80);
        await write(type, id, 2);
      }),
    );
    // By signals alone: what was lost in a burst would stay unseen.
    await until(`${type} sees ${subject.version}`, () => subject.seen === subject.version, 20_000);
  }
  const runs = await runsOf(type, id);
  for (const { events } of runs) expect(events).toBeLessThan(60);
  // The one that ends by itself is started again by the next signal; the others go on as one chain.
  if (type === 'clock') return;
  expect(runs.length).toBeGreaterThan(2);
  expect(runs.slice(1).map(({ status }) => status)).toEqual(runs.slice(1).map(() => 'CONTINUED_AS_NEW'));
  // What it is searched by goes along.
  const { status, typedSearchAttributes } = await client.workflow
    .getHandle(workflowIdOf(type, id))
    .describe();
  expect(status.name).toBe('RUNNING');
  const found = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
  expect(found).toMatchObject({
    SlipwayWorkspace: workspaceId,
    SlipwayClient: clientId,
    SlipwayDocument: type === 'client_invoice' ? 'NFE-0001' : 'draft',
  });
  await client.workflow.getHandle(workflowIdOf(type, id)).terminate();
});

it('a thousand signals leave a chain of short histories, and each was seen', async () => {
  const types: SubjectType[] = ['client_invoice', 'ticket', 'connection', 'billing_policy'];
  const roundsPerRun = 25;
  await Promise.all(
    types.map(async (type) => {
      const id = newId();
      subjects.set(id, { version: 0, seen: 0 });
      const subject = subjects.get(id)!;
      for (let wave = 0; wave < 50; wave += 1) {
        await Promise.all(Array.from({ length: 5 }, () => write(type, id, roundsPerRun)));
        await until(`${type} sees ${subject.version}`, () => subject.seen === subject.version, 20_000);
      }
      expect(subject.version).toBe(250);
      const runs = await runsOf(type, id);
      expect(runs.length).toBeGreaterThan(1);
      // Signals that come in the middle of a look share the next one: a dozen events a round is far more than there are.
      for (const { events } of runs) expect(events, type).toBeLessThan(roundsPerRun * 12);
      await client.workflow.getHandle(workflowIdOf(type, id)).terminate();
    }),
  );
}, 120_000);
