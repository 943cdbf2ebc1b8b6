/** Owns a test file's own Temporal namespace, so that files share a server and see nothing of each other. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { inject } from 'vitest';
import { searchAttributes } from '../../runtime/search-attributes.ts';

export type TestNamespace = { address: string; namespace: string };

/** IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const keyword = 2;
const usableTimeoutMs = 10_000;

/** Until reads and the search attributes both answer: the server's parts learn of a namespace at different moments. */
async function waitUntilUsable(connection: Connection, namespace: string): Promise<void> {
  const deadline = Date.now() + usableTimeoutMs;
  for (;;) {
    try {
      const query = searchAttributes.map((name) => `${name} = 'none'`).join(' AND ');
      await connection.workflowService.countWorkflowExecutions({ namespace, query });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(10);
    }
  }
}

/** Registers a namespace with our search attributes, usable when it resolves: about 30 ms. It ends with the server. */
export async function createTestNamespace(): Promise<TestNamespace> {
  const { temporalAddress: address } = inject('servers');
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    const attributes = Object.fromEntries(searchAttributes.map((name) => [name, keyword]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: attributes });
    await waitUntilUsable(connection, namespace);
  } finally {
    await connection.close();
  }
  return { address, namespace };
}
