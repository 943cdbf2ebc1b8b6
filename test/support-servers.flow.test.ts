import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import pg from 'pg';
import { expect, test } from 'vitest';
import { createTestDatabase } from './support/database.ts';
import { until } from './support/loops.ts';
import { createTestNamespace, type TestNamespace } from './support/temporal.ts';

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'forgotten' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

test('two clones of the template have its tables and see nothing of each other', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await one.database.inSystem((tx) => tx.run("insert into workspaces (name) values ('Harbour Works')"));
  const count = (database: typeof one.database) =>
    database.inSystem((tx) => tx.row<{ n: number }>('select count(*)::int as n from workspaces'));
  expect(await count(one.database)).toEqual({ n: 1 });
  expect(await count(other.database)).toEqual({ n: 0 });
  await Promise.all([one.drop(), other.drop()]);
  await expect(connect(one.url)).rejects.toThrow(/does not exist/);
});

test('a connection that a test leaves open fails the drop, which names it and drops all the same', async () => {
  const scratch = await createTestDatabase();
  const forgotten = await connect(scratch.url);
  await forgotten.query('select 4711');
  await expect(scratch.drop()).rejects.toThrow(
    /left 1 database connections open:\npid \d+, forgotten, idle: select 4711/,
  );
  await expect(connect(scratch.url)).rejects.toThrow(/does not exist/);
});

async function withClient<T>({ address, namespace }: TestNamespace, work: (client: Client) => Promise<T>) {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}

test('two namespaces hold workflows of the same name, each found by its own attributes', async () => {
  const client = defineSearchAttributeKey('SlipwayClient', 'KEYWORD');
  const namespaces = await Promise.all([createTestNamespace(), createTestNamespace()]);
  const start = (value: string) => (temporal: Client) =>
    temporal.workflow.start('waiting', {
      workflowId: 'the-same',
      taskQueue: 'nobody',
      typedSearchAttributes: new TypedSearchAttributes([{ key: client, value }]),
    });
  await withClient(namespaces[0]!, start('ours'));
  await withClient(namespaces[1]!, start('theirs'));
  const found = (namespace: TestNamespace, value: string) =>
    withClient(namespace, async (temporal) => {
      const { count } = await temporal.workflow.count(`SlipwayClient = '${value}'`);
      return count;
    });
  await until('the first is listed', async () => (await found(namespaces[0]!, 'ours')) === 1);
  await until('the second is listed', async () => (await found(namespaces[1]!, 'theirs')) === 1);
  expect(await found(namespaces[0]!, 'theirs')).toBe(0);
});
