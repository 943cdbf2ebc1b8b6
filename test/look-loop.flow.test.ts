/** Owns the promise of the look-loop: whatever a writer changed before it signalled is looked at, however the two race. */
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newId } from '../store/new-id.ts';
import type { SubjectInput } from '../workflows/look-loop.ts';
import type { LookActivities } from './support/look-loop-workflows.ts';
import { sleep, until } from './support/loops.ts';
import { createTestNamespace } from './support/temporal.ts';

/** What writers moved, what looks have seen of it, and how often they looked. */
interface Subject {
  version: number;
  seen: number;
  looks: number;
}
const subjects = new Map<string, Subject>();
const activities: LookActivities = {
  lookAt: async (subjectId) => {
    const subject = subjects.get(subjectId)!;
    // A look reads first and takes its time afterwards: what is written meanwhile, only the next one sees.
    const { version } = subject;
    await sleep(Math.random() * 25);
    const isNew = version > subject.seen;
    subject.seen = Math.max(subject.seen, version);
    subject.looks += 1;
    return isNew;
  },
};

const taskQueue = 'look-loop';
const silent = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
let client: Client;
let worker: Worker;
let running: Promise<void>;
let connections: { close(): Promise<void> }[];
beforeAll(async () => {
  Runtime.install({ logger: silent });
  const { address, namespace } = await createTestNamespace();
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  connections = [connection, native];
  client = new Client({ connection, namespace });
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, 'support', 'look-loop-workflows.ts'),
    logger: silent,
  });
  worker = await Worker.create({ connection: native, namespace, taskQueue, workflowBundle, activities });
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  for (const connection of connections) await connection.close();
});

type Type = 'waiting' | 'ending' | 'continuing';
async function write(type: Type, subjectId: string, durations: Record<string, number>): Promise<void> {
  subjects.get(subjectId)!.version += 1;
  const input: SubjectInput = { workspaceId: 'w', subjectId, durations };
  await client.workflow.signalWithStart(type, {
    workflowId: subjectId,
    taskQueue,
    args: [input],
    signal: 'look',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
  });
}

/** Bursts of writers on each of several subjects; after each burst its last change must be seen, by signals alone. */
async function race(type: Type, durations: Record<string, number> = {}): Promise<string[]> {
  const ids = Array.from({ length: 5 }, () => newId());
  for (const id of ids) subjects.set(id, { version: 0, seen: 0, looks: 0 });
  await Promise.all(
    ids.map(async (id) => {
      for (let burst = 0; burst < 5; burst += 1) {
        const writers = 1 + Math.floor(Math.random() * 12);
        await Promise.all(
          Array.from({ length: writers }, async () => {
            await sleep(Math.random() * 60);
            await write(type, id, durations);
          }),
        );
        const { version } = subjects.get(id)!;
        await until(`${type} sees ${version}`, () => subjects.get(id)!.seen === version, 20_000);
        await sleep(Math.random() * 40);
      }
    }),
  );
  return ids;
}

async function firstRunOf(id: string): Promise<WorkflowHandle> {
  const newest = await client.workflow.getHandle(id).describe();
  const first = newest.raw.workflowExecutionInfo?.firstRunId;
  return client.workflow.getHandle(id, first ?? newest.runId);
}

const looks = [
  { name: 'a local look', durations: { remote: 0 } },
  { name: 'a remote look', durations: { remote: 1 } },
];

it.each(looks)(
  'no wake-up is lost while a subject waits for signals only, with $name',
  async ({ durations }) => {
    for (const id of await race('waiting', durations)) {
      const { status } = await client.workflow.getHandle(id).describe();
      expect(status.name).toBe('RUNNING');
      // Signals of one burst share looks: it is a flag, not a queue.
      expect(subjects.get(id)!.looks).toBeLessThan(subjects.get(id)!.version * 2 + 10);
      await client.workflow.getHandle(id).terminate();
    }
  },
);

it.each(looks)(
  'returns only when clean: a signal that races its end is looked at, with $name',
  async ({ durations }) => {
    for (const id of await race('ending', durations)) {
      await until('it has ended', async () => {
        const { status } = await client.workflow.getHandle(id).describe();
        return status.name === 'COMPLETED';
      });
      expect(subjects.get(id)!.seen).toBe(subjects.get(id)!.version);
    }
  },
);

it('no wake-up is lost over continuing as new at the bound of rounds', async () => {
  // 500 rounds a run and 167 between two looks: each run looks three times.
  for (const id of await race('continuing', { remote: 1, roundsPerLook: 167 })) {
    const first = await firstRunOf(id);
    const { status } = await first.describe();
    expect(status.name).toBe('CONTINUED_AS_NEW');
    await client.workflow.getHandle(id).terminate();
  }
});

it('sleeps until its time where no signal comes, and only then', async () => {
  const id = newId();
  subjects.set(id, { version: 0, seen: 0, looks: 0 });
  const subject = subjects.get(id)!;
  await write('continuing', id, { roundsPerLook: 1_000, waitMs: 1_500 });
  await until('the first look', () => subject.looks === 1);
  const started = performance.now();
  subject.version += 1;
  await sleep(700);
  expect(subject.seen).toBe(1);
  // After its wait it goes on by itself, through the bound, to its next look: in the new run.
  await until('the next look', () => subject.seen === 2);
  expect(performance.now() - started).toBeGreaterThan(1_000);
  await client.workflow.getHandle(id).terminate();
});
