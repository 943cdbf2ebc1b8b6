/** Owns that the papers of an invoice wait for its push no longer than they are told, however long the push takes. */
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toSearchAttributes } from '../runtime/search-attributes.ts';
import { subjectWorkflowType } from '../runtime/temporal-signals.ts';
import { workflowBundle } from '../runtime/workflow-bundle.ts';
import { newId } from '../store/new-id.ts';
import { shareBundles } from './support/cli.ts';
import { makeTestDirectory } from './support/directory.ts';
import { createTestNamespace } from './support/temporal.ts';

/** What happens to an invoice whose first look says that its papers wait `printInMs`. */
interface Story {
  printInMs: number;
  looked: number;
  happened: string[];
  /** The push ends with it. */
  push: PromiseWithResolvers<void>;
  printed: PromiseWithResolvers<void>;
}
const stories = new Map<string, Story>();
const storyOf = ({ subjectId }: { subjectId: string }): Story => stories.get(subjectId)!;

const activities = {
  lookAtClientInvoice: async (ref: { subjectId: string }) => {
    const story = storyOf(ref);
    story.looked += 1;
    return story.looked === 1
      ? { step: 'sync', number: 'NFE-0001', printInMs: story.printInMs }
      : { step: 'done', number: 'NFE-0001' };
  },
  pushInvoice: async (ref: { subjectId: string }) => {
    const story = storyOf(ref);
    await story.push.promise;
    story.happened.push('pushed');
  },
  printDocuments: async (ref: { subjectId: string }) => {
    const story = storyOf(ref);
    story.happened.push('printed');
    story.printed.resolve();
  },
};

let client: Client;
let workers: Worker[];
let running: Promise<unknown>;
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
  const codePath = await workflowBundle(`${cacheDir}/cache`);
  workers = await Promise.all(
    ['all', 'vendor', 'bulk'].map((taskQueue) =>
      Worker.create({
        connection: native,
        namespace,
        taskQueue,
        activities,
        ...(taskQueue === 'all' && { workflowBundle: { codePath } }),
      }),
    ),
  );
  running = Promise.all(workers.map((worker) => worker.run()));
});
afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await running;
  for (const connection of connections) await connection.close();
});

async function follow(printInMs: number): Promise<{ story: Story; ended: Promise<unknown> }> {
  const [workspaceId, subjectId] = [newId(), newId()];
  const story: Story = {
    printInMs,
    looked: 0,
    happened: [],
    push: Promise.withResolvers(),
    printed: Promise.withResolvers(),
  };
  stories.set(subjectId, story);
  const handle = await client.workflow.start(subjectWorkflowType('client_invoice'), {
    taskQueue: 'all',
    workflowId: `client-invoice/${workspaceId}/${subjectId}`,
    args: [{ workspaceId, subjectId, durations: {} }],
    typedSearchAttributes: toSearchAttributes(workspaceId, {
      clientId: newId(),
      contractId: null,
      document: 'NFE-0001',
    }),
  });
  return { story, ended: handle.result() };
}

it('is printed beside a push that goes on for longer than the papers wait', async () => {
  const { story, ended } = await follow(200);
  await story.printed.promise;
  expect(story.happened).toEqual(['printed']);
  story.push.resolve();
  await ended;
  expect(story.happened).toEqual(['printed', 'pushed']);
});

it('is left to the look after a push that was quicker', async () => {
  const { story, ended } = await follow(3_600_000);
  story.push.resolve();
  await ended;
  expect([story.happened, story.looked]).toEqual([['pushed'], 2]);
});
