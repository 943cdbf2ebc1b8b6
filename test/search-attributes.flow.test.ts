/** Owns that a workflow is found at Temporal by its workspace, client, contract and document, as an operator looks for it. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { findWorkflows } from '../runtime/find-workflows.ts';
import { registerSearchAttributes, searchAttributes } from '../runtime/search-attributes.ts';
import { createSignalLook, type Subject, subjectWorkflowId } from '../runtime/temporal-signals.ts';
import { taskQueues } from '../runtime/temporal-workers.ts';
import { withSearchValues } from '../store/search-values.ts';
import { runCli } from './support/cli.ts';
import { makeTestDirectory } from './support/directory.ts';
import { startTestHub, type TestHub } from './support/hub.ts';
import { until } from './support/loops.ts';
import { openSpine, type Spine } from './support/spine.ts';
import { createTestNamespace } from './support/temporal.ts';

let hub: TestHub;
let firm: Spine;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  hub = await startTestHub();
  firm = await openSpine(hub);
}, 120_000);
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(async () => {
  await firm?.close();
  await hub?.stop();
});

const idOf = (subjectType: Subject['subjectType'], subjectId: string) =>
  subjectWorkflowId({ workspaceId: hub.workspaceId, subjectType, subjectId });

/** Workflow ids that a search finds, once it finds any: visibility follows a moment later. */
async function search(query: string): Promise<string[]> {
  let found: string[] = [];
  await until(`${query} finds something`, async () => {
    found = [];
    for await (const { workflowId } of hub.hub.temporal.workflow.list({ query })) found.push(workflowId);
    return found.length > 0;
  });
  return found.sort();
}

test('an invoice, its run and its report are found by workspace, client, contract and number', async () => {
  firm.work('NPF-101', 2);
  await firm.sync(firm.harvestId);
  await hub.idle();
  const contractId = firm.contracts.NPF!;
  const run = await firm.bill({ type: 'contract', id: contractId });
  const invoice = await firm.invoiceBecomes('synced', (one) => one.sync?.status === 'synced');
  await hub.patch(`/clients/${invoice.clientId}`, { quarterlyReports: true });
  await hub.idle();
  const { items } = await hub.get<{ items: { id: string; quarter: string }[] }>('/client-reports');
  const ids = {
    invoice: idOf('client_invoice', invoice.id),
    run: idOf('billing_run', run.id),
    report: idOf('client_report', items[0]!.id),
  };
  expect(await search(`SlipwayDocument = '${invoice.number}'`)).toEqual([ids.invoice]);
  expect(await search(`SlipwayDocument = '${items[0]!.quarter}'`)).toEqual([ids.report]);
  expect(await search(`SlipwayContract = '${contractId}'`)).toEqual(
    expect.arrayContaining([ids.invoice, ids.run]),
  );
  expect(await search(`SlipwayClient = '${invoice.clientId}'`)).toEqual(
    expect.arrayContaining([ids.invoice, ids.run, ids.report]),
  );
  const all = await search(`SlipwayWorkspace = '${hub.workspaceId}'`);
  expect(all).toEqual(
    expect.arrayContaining([ids.invoice, ids.run, ids.report, idOf('connection', firm.harvestId)]),
  );
  // As an operator asks at night: what of this client is still open?
  expect(await search(`SlipwayClient = '${invoice.clientId}' AND ExecutionStatus = 'Running'`)).toContain(
    ids.invoice,
  );
  expect(await search(`SlipwayWorkspace = '${hub.workspaceId}' AND WorkflowType = 'clientInvoice'`)).toEqual([
    ids.invoice,
  ]);
});

test('an invoice that waits for its client is found as a draft, and by its number once it has one', async () => {
  const other = await hub.newWorkspace();
  const asking = await openSpine(other);
  stops.push(() => asking.close());
  await other.patch(`/contracts/${asking.contracts.NPF!}`, { clauses: { signOffDays: 5 } });
  asking.work('NPF-101', 1);
  await asking.sync(asking.harvestId);
  await other.idle();
  await asking.bill({ type: 'workspace', id: other.workspaceId });
  const asked = await asking.invoiceBecomes('in sign-off', ({ status }) => status === 'in_sign_off');
  const { workflowId } = other.workflow('client_invoice', asked.id);
  expect(await search(`SlipwayDocument = 'draft'`)).toEqual([workflowId]);
  const { contentHash } = await other.get<{ contentHash: string }>(`/invoices/${asked.id}/sign-off`);
  await other.post(`/invoices/${asked.id}/accept`, { contentHash });
  const ofOthers = `SlipwayWorkspace = '${other.workspaceId}'`;
  expect(await search(`SlipwayDocument = 'NPF-0001' AND ${ofOthers}`)).toEqual([workflowId]);
  const { count } = await hub.hub.temporal.workflow.count(`SlipwayDocument = 'draft'`);
  expect(count).toBe(0);
});

test('what a subject is searched by is read for a whole batch at once, and of another workspace there is nothing', async () => {
  const [invoice] = await firm.invoices();
  const contractId = firm.contracts.NPF!;
  const key = {
    workspaceId: hub.workspaceId,
    subjectType: 'client_invoice' as const,
    subjectId: invoice!.id,
  };
  const read = await hub.hub.database.inSystem((tx) =>
    withSearchValues(tx, [
      key,
      { ...key, subjectType: 'billing_policy' as const, subjectId: contractId },
      { ...key, workspaceId: randomUUID(), subjectType: 'ticket' as const },
      { ...key, subjectType: 'connection' as const, subjectId: firm.harvestId },
    ]),
  );
  const none = { clientId: null, contractId: null, document: null };
  expect(read.map(({ search: values }) => values)).toEqual([
    { clientId: invoice!.clientId, contractId, document: invoice!.number },
    { clientId: invoice!.clientId, contractId, document: null },
    none,
    none,
  ]);
  const foreign = await hub.hub.database.inSystem((tx) =>
    withSearchValues(tx, [{ ...key, workspaceId: randomUUID() }]),
  );
  expect(foreign[0]!.search).toEqual(none);
});

test('an operator asks on the command line what of a client is open, and what keeps failing', async () => {
  const url = hub.test.url;
  const env = {
    DATABASE_URL: url,
    TEMPORAL_ADDRESS: hub.temporal.address,
    TEMPORAL_NAMESPACE: hub.temporal.namespace,
    SLIPWAY_DATA_DIR: makeTestDirectory('operator'),
  };
  const ask = (...args: string[]) => runCli(['workflows', '--workspace', hub.workspaceId, ...args], env);
  const unknown = await ask('--client', 'XXX');
  expect(unknown.code).toBe(2);
  expect(unknown.text).toContain('0 clients are called "XXX"');

  firm.quickbooks.fault({
    kind: 'status',
    status: 503,
    times: 1_000,
    match: (method, path) => method === 'POST' && path.endsWith('/invoice'),
  });
  firm.work('NPF-102', 1);
  await firm.sync(firm.harvestId);
  await until(
    'its hour is here',
    async () => (await hub.get<{ items: unknown[] }>('/entries')).items.length === 2,
  );
  await firm.bill();
  const find = (document: string) =>
    findWorkflows(hub.hub.temporal, { workspaceId: hub.workspaceId, document, ended: false }, 10);
  await until(
    'the push is seen to fail',
    async () => (await find('NPF-0002')).some(({ failing }) => failing),
    60_000,
  );
  const open = await ask('--client', 'NPF');
  expect(open.code, open.text).toBe(0);
  expect(open.text).toMatch(/NPF-0001 +clientInvoice +running .* wait for payment/);
  expect(open.text).toMatch(/NPF-0002 +clientInvoice +FAILING .* pushInvoice, attempt \d+: .*503/);
  expect(await find("it's none")).toEqual([]);
}, 240_000);

/** A namespace of its own, with or without our search attributes, and a look that starts workflows there. */
async function bare(withAttributes: boolean) {
  const { address, namespace } = await createTestNamespace();
  const connection = await Connection.connect({ address });
  stops.push(() => connection.close());
  if (!withAttributes)
    await connection.operatorService.removeSearchAttributes({
      namespace,
      searchAttributes: [...searchAttributes],
    });
  const { workflow: client } = new Client({ connection, namespace });
  const started = createSignalLook(client, taskQueues, { unsearchableMs: 0 });
  return { connection, namespace, client, started };
}

test('they are registered once by however many processes, and workflows that go without are started all the same', async () => {
  const { connection, namespace, client, started } = await bare(false);
  const subjectOf = (): Subject => ({
    workspaceId: randomUUID(),
    subjectType: 'client_invoice',
    subjectId: randomUUID(),
    search: { clientId: randomUUID(), contractId: null, document: 'NFE-0001' },
  });
  const without = subjectOf();
  await started(without);
  const { searchAttributes: none } = await client.getHandle(subjectWorkflowId(without)).describe();
  expect(Object.keys(none)).not.toContain('SlipwayClient');

  await Promise.all([1, 2, 3].map(() => registerSearchAttributes(connection, namespace)));
  expect(await registerSearchAttributes(connection, namespace)).toBe('there');
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining([...searchAttributes]));
  await until('looks give them again', async () => {
    const subject = subjectOf();
    await started(subject);
    const { searchAttributes: given } = await client.getHandle(subjectWorkflowId(subject)).describe();
    return given.SlipwayClient?.[0] === subject.search!.clientId;
  });
});
