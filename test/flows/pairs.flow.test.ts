/**
 * Owns the way of an hour from one platform to another: each time source to QuickBooks and Xero, and Harvest to each
 * platform that takes invoices. A new connector of the registry is a new pair here without a line.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connectors } from '../../connectors/kit/registry.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { openPair } from '../support/pair.ts';

const called = [...connectors.values()].filter((connector) => !connector.entryReader);
const sources = called.filter(({ timeSource }) => timeSource).map(({ id }) => id);
const targets = called.filter(({ invoiceTarget }) => invoiceTarget).map(({ id }) => id);
const both = ['quickbooks', 'xero'].filter((id) => targets.includes(id));
const pairs = [
  ...sources.flatMap((source) => both.map((target) => [source, target] as const)),
  ...targets.filter((id) => !both.includes(id)).map((target) => ['harvest', target] as const),
];
/** Those that hold the time and make the invoice of it. */
const alone = sources.filter((id) => targets.includes(id));

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ vendorTimeoutMs: 10_000 });
});
afterAll(() => hub.stop());

describe('an approved hour', () => {
  test.each(pairs)('of %s is on one invoice at %s, and the payment there comes back', async (from, to) => {
    const pair = await openPair(await hub.newWorkspace(), from, to);
    onTestFinished(() => pair.close());
    pair.source.time!.add({ day: pair.day(5), seconds: 12_600, notes: 'Frames 12 to 18' });
    pair.source.time!.add({ day: pair.day(4), seconds: 7_200, notes: 'Frames 19 and 20' });
    // What a vendor shows late is shown by now.
    pair.source.later(60);
    await pair.sync(pair.sourceId);
    await pair.entriesBecome(2);
    expect(await pair.bill()).toMatchObject({ status: 'done' });
    const [invoice] = await pair.invoicesBecome(
      'synced',
      (shown) => shown.length === 1 && ['synced', 'failed'].includes(shown[0]!.sync?.status ?? ''),
    );
    expect(invoice).toMatchObject({
      total: '550.00',
      quantitySeconds: 19_800,
      sync: { status: 'synced', failedStep: null },
    });
    const { externalId } = invoice!.sync!;
    expect(pair.target.books!.invoices()).toMatchObject([{ externalId, total: '550.00' }]);

    // Read again, and billed again: nothing more.
    await pair.sync(pair.sourceId);
    expect(await pair.bill()).toMatchObject({ status: 'done' });
    expect(pair.target.books!.invoices()).toHaveLength(1);

    pair.target.later(60);
    pair.target.books!.pay(externalId!, '550.00', pair.day(0));
    pair.target.later(60);
    await pair.sync(pair.targetId);
    await pair.invoicesBecome('settled', ([only]) => only?.status === 'settled');
  });

  test.each(alone)(
    'of %s that is invoiced at the same place is not taken for billed by somebody else',
    async (id) => {
      const workspace = await hub.newWorkspace();
      const pair = await openPair(workspace, id, id);
      onTestFinished(() => pair.close());
      pair.source.time!.add({ day: pair.day(5), seconds: 12_600, notes: 'Frames 12 to 18' });
      pair.source.later(60);
      await pair.sync(pair.sourceId);
      await pair.entriesBecome(1);
      expect(await pair.bill()).toMatchObject({ status: 'done' });
      await pair.invoicesBecome('synced', ([only]) => only?.sync?.status === 'synced');
      pair.source.later(60);
      const before = await workspace.get<{ lastSuccessAt: string }>(`/connections/${pair.sourceId}`);
      await pair.sync(pair.sourceId);
      await until('it was read again', async () => {
        const { lastSuccessAt } = await workspace.get<{ lastSuccessAt: string }>(
          `/connections/${pair.sourceId}`,
        );
        return lastSuccessAt > before.lastSuccessAt;
      });
      const open = await workspace.get<{ items: unknown[] }>('/exceptions?status=open');
      expect(open.items).toEqual([]);
      expect(pair.target.books!.invoices()).toHaveLength(1);
    },
  );
});
