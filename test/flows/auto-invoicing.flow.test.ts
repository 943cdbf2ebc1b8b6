/** Owns where work that is approved ends by itself, through the real Temporal: on one draft, at the platform's door, or held. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Run } from '../../store/runs.ts';
import { type Books, entryOf, expectBalanced, invoicesOf, openBooks, take } from '../support/books.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { openTestWorkspace, type TestWorkspace } from '../support/workspace.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

interface Firm {
  books: Books;
  at: TestWorkspace;
}
/** A contract that bills what is approved, each approval by itself. */
async function firmWith(client: Record<string, unknown>): Promise<Firm> {
  const books = await openBooks(hub.test.database, {
    projects: ['P1', 'P2'],
    contract: { grouping: { invoice: 'project', line: 'entry' } },
  });
  const at = await openTestWorkspace(hub.hub, hub.test.database, books.workspaceId);
  await at.patch(`/contracts/${books.contractId}`, {
    clauses: {
      triggers: { onApproval: { windowSeconds: 1 } },
    },
  });
  await at.patch(`/clients/${books.clientId}`, client);
  return { books, at };
}
const approved = async ({ books, at }: Firm, id: string, count: number, code = 'P1') => {
  await take(books, [
    entryOf(id, { quantity: count * 3_600, project: { externalId: null, code, name: code } }),
  ]);
  await at.idle();
};
const becomes = (firm: Firm, wanted: string[]) =>
  until(
    `the invoices are ${wanted.join(', ')}`,
    async () => {
      const shown = (await invoicesOf(firm.books)).map(({ status, total }) => `${status} ${total}`);
      return shown.join() === wanted.join();
    },
    60_000,
  );

test('without auto-invoicing approvals gather on one draft of each grouping, until a person issues it', async () => {
  const firm = await firmWith({ autoInvoicing: false });
  await approved(firm, 'A', 1);
  await becomes(firm, ['draft 80.00']);
  await approved(firm, 'B', 2);
  await becomes(firm, ['draft 240.00']);
  await approved(firm, 'C', 3, 'P2');
  await becomes(firm, ['draft 240.00', 'draft 240.00']);
  const [draft] = await invoicesOf(firm.books);
  await firm.at.post(`/invoices/${draft!.id}/issue`, {});
  await approved(firm, 'D', 4);
  await becomes(firm, ['issued 240.00', 'draft 240.00', 'draft 320.00']);
  await firm.at.idle();
  const runs = (await firm.at.get<{ items: Run[] }>('/billing-runs?trigger=entry')).items;
  // What frees work while a run is at it is looked at by one more, which finds nothing.
  expect(runs.length).toBeGreaterThanOrEqual(4);
  expect(new Set(runs.map(({ status, finishAt }) => `${status} ${finishAt}`))).toEqual(
    new Set(['done draft']),
  );
  await expectBalanced(hub.test.database, firm.books);
});

test('with auto-invoicing what is approved goes out by itself up to the limit; more is held, and a person lets it go', async () => {
  const firm = await firmWith({ autoInvoicing: true, autoInvoiceLimit: '160.00' });
  await approved(firm, 'A', 2);
  await becomes(firm, ['issued 160.00']);
  await approved(firm, 'B', 3);
  await becomes(firm, ['issued 160.00', 'held 240.00']);
  // The clean part is not stopped by it.
  await approved(firm, 'C', 1, 'P2');
  await becomes(firm, ['issued 160.00', 'issued 80.00', 'held 240.00']);
  const held = (await invoicesOf(firm.books)).find(({ status }) => status === 'held')!;
  const retried = await firm.at.post<{ issued: number }>('/invoices/retry-held', {});
  expect(retried.issued).toBe(0);
  await firm.at.post(`/invoices/${held.id}/issue`, { releaseReason: 'the client expects it' });
  await becomes(firm, ['issued 160.00', 'issued 80.00', 'issued 240.00']);
  await expectBalanced(hub.test.database, firm.books);
});
