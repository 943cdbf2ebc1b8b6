/** Priced examples by hand, on the whole way from an entry to a draft: the words of each line and the sums to the letter. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readClauses } from '../domain/contract-terms.ts';
import type { Doer } from '../domain/duties.ts';
import { adjustItem } from '../store/adjust-item.ts';
import { lockContract, readTimeline } from '../store/contract-versions.ts';
import { contracts } from '../store/contracts.ts';
import { costRates } from '../store/cost-rates.ts';
import { addCurrencyRates } from '../store/currency-rates.ts';
import type { Database, WorkspaceTx } from '../store/database.ts';
import { addDiscount } from '../store/draft-discounts.ts';
import { readInvoiceLines } from '../store/invoices.ts';
import { insertMarkup } from '../store/markups.ts';
import { insertMileageClause } from '../store/mileage-clauses.ts';
import { insertMilestone, reachMilestone } from '../store/milestones.ts';
import { lockPendingItems } from '../store/pending-items.ts';
import { people } from '../store/people.ts';
import { insertListPrice, priceLists } from '../store/price-lists.ts';
import { stateCompletion } from '../store/price-schedules.ts';
import { ensureDefaultProducts, products } from '../store/products.ts';
import { projects } from '../store/projects.ts';
import { insertRateCard } from '../store/rate-cards.ts';
import { insertStrategy } from '../store/strategies.ts';
import { insertTaxRate } from '../store/tax-rates.ts';
import { changeExamples } from './golden/changes.ts';
import { contractExamples } from './golden/contracts.ts';
import { costExamples } from './golden/costs.ts';
import type { Example } from './golden/example.ts';
import { priceExamples } from './golden/prices.ts';
import { rateExamples } from './golden/rates.ts';
import { roundingExamples } from './golden/roundings.ts';
import { taxExamples } from './golden/taxes.ts';
import {
  type Books,
  carryOut,
  entryOf,
  expectBalanced,
  openBooks,
  requestBilling,
  take,
} from './support/books.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

let scratch: TestDatabase;
let database: Database;
beforeAll(async () => {
  scratch = await createTestDatabase();
  database = scratch.database;
});
afterAll(() => scratch.drop());

const groups: Record<string, Example[]> = {
  'rate cards': rateExamples,
  costs: costExamples,
  'tasks, lists and transport': priceExamples,
  roundings: roundingExamples,
  taxes: taxExamples,
  'fixed prices and retainers': contractExamples,
  'discounts and adjustments': changeExamples,
};

describe.each(Object.entries(groups))('%s', (_, examples) => {
  test.each(examples.map((example) => [example.name, example] as const))('%s', async (_name, example) => {
    const books = await openBooks(database, {
      rate: null,
      contract: {
        grouping: { invoice: 'client', line: 'entry' },
        clauses: readClauses(example.clauses),
        ...example.contract,
      },
    });
    await books.in((tx) => agree(tx, books, example));
    let key = 0;
    for (const [round, work] of example.work.entries()) {
      await books.in((tx) => complete(tx, books, example.completion?.[round]));
      await take(
        books,
        work.map((facts) => {
          key += 1;
          return entryOf(String(key), facts);
        }),
        { createMissing: ['person'] },
      );
      await carryOut(
        database,
        books,
        await requestBilling(books, {
          finishAt: 'draft',
          ...(example.cutoffOn && { cutoffOn: example.cutoffOn }),
        }),
      );
    }
    await books.in((tx) => edit(tx, books, example));
    expect(await draftsOf(books)).toEqual({
      lines: example.lines,
      drafts: example.drafts.map((draft) => ({ rounding: '0.00', ...draft })),
    });
    await expectBalanced(database, books);
  });
});

/** Everything that is agreed before the work is taken in. */
async function agree(tx: WorkspaceTx, books: Books, example: Example): Promise<void> {
  const currency = example.contract?.currency ?? 'GBP';
  const { contractId, clientId } = books;
  const scoped = (scopeType: 'contract' | 'client' | 'workspace') => ({
    scopeType,
    scopeId: { contract: contractId, client: clientId, workspace: books.workspaceId }[scopeType],
  });
  for (const { scopeType = 'contract', ...rate } of example.rates ?? [])
    await insertRateCard(tx, { position: '*', currency, ...rate, ...scoped(scopeType) } as Parameters<
      typeof insertRateCard
    >[1]);
  for (const [category, method] of Object.entries(example.strategies ?? {}))
    await insertStrategy(tx, { ...scoped('workspace'), category, method } as Parameters<
      typeof insertStrategy
    >[1]);
  for (const { scopeType = 'contract', ...markup } of example.markups ?? [])
    await insertMarkup(tx, { ...markup, ...scoped(scopeType) });
  await addCurrencyRates(
    tx,
    (example.currencyRates ?? []).map((rate) => ({
      rateOn: '2026-03-02',
      source: 'ECB',
      bothWays: false,
      ...rate,
    })),
    'test',
  );
  for (const clause of example.mileageClauses ?? [])
    await insertMileageClause(tx, { scopeId: clientId, ...('rate' in clause && { currency }), ...clause });
  if (example.costs) {
    const ann = await people.insert(tx, { name: 'Ann Berg', kind: 'employee' });
    for (const cost of example.costs)
      await costRates.insert(tx, {
        personId: ann.id,
        kind: 'labor',
        currency,
        regularRate: '0',
        validFrom: '2026-01-01',
        createdBy: 'test',
        ...cost,
      });
  }
  await projects.update(tx, books.projects.P1!, { price: example.projectPrice });
  for (const { name, price } of example.milestones ?? []) {
    const made = await insertMilestone(tx, {
      projectId: books.projects.P1!,
      name,
      price,
      kind: 'acceptance',
    });
    await reachMilestone(tx, made, { actor: 'test', reason: null });
  }
  const sold = await makeTasks(tx, books, example, currency);
  await taxClient(tx, clientId, example);
  for (const { product, ...rate } of example.taxRates ?? [])
    await insertTaxRate(tx, {
      ...rate,
      region: 'GB',
      ...(product !== undefined && { productId: sold.get(product)! }),
    });
}

async function complete(
  tx: WorkspaceTx,
  books: Books,
  stated: { percentage: string; on: string } | undefined,
): Promise<void> {
  if (!stated) return;
  await lockContract(tx, books.contractId);
  const contract = (await contracts.find(tx, books.contractId))!;
  const timeline = await readTimeline(tx, contract.id);
  await stateCompletion(tx, contract, timeline, { projectId: books.projects.P1!, ...stated });
}

const editor: Doer = { id: 'key:test', name: 'Test', memberId: null, personId: null, role: 'admin' };

/** What people change on the only draft. */
async function edit(
  tx: WorkspaceTx,
  books: Books,
  { adjustments = [], discounts = [] }: Example,
): Promise<void> {
  if (adjustments.length + discounts.length === 0) return;
  const items = await tx.rows<{ id: string }>(
    'select id from billable_items where workspace_id = $1 order by id',
    [tx.workspaceId],
  );
  for (const { item, change, reason } of adjustments) {
    const [locked] = await lockPendingItems(tx, [items[item]!.id]);
    await adjustItem(tx, locked!, change, { actor: 'test', reason });
  }
  const draft = (await tx.row<{ id: string }>(
    `select id from client_invoices where workspace_id = $1 and status = 'draft'`,
    [books.workspaceId],
  ))!;
  const lines = await readInvoiceLines(tx, draft.id, 0, 100);
  for (const { line, percentage = null, fixedAmount = null } of discounts) {
    const lineId = line === undefined ? null : lines[line]!.id;
    await addDiscount(tx, draft.id, { lineId, percentage, fixedAmount, reason: 'Agreed' }, editor);
  }
}

/** Answers the products that tasks name. */
async function makeTasks(
  tx: WorkspaceTx,
  books: Books,
  { tasks = [] }: Example,
  currency: string,
): Promise<Map<string, string>> {
  const sold = new Map<string, string>();
  for (const { name, unitPrice = null, product, prices } of tasks) {
    if (product !== undefined)
      sold.set(product, (await products.insert(tx, { name: product, unit: 'amount' })).id);
    const list = prices ? await priceLists.insert(tx, { name, currency }) : null;
    const work = (await ensureDefaultProducts(tx)).get('Work')!;
    for (const price of prices ?? [])
      await insertListPrice(tx, { priceListId: list!.id, productId: work.id, ...price });
    await tx.run(
      `insert into tasks (workspace_id, project_id, name, unit_price, product_id, price_list_id) values ($1, $2, $3, $4, $5, $6)`,
      [
        tx.workspaceId,
        books.projects.P1,
        name,
        unitPrice,
        product === undefined ? null : sold.get(product),
        list?.id ?? null,
      ],
    );
  }
  return sold;
}

async function taxClient(tx: WorkspaceTx, clientId: string, { client }: Example): Promise<void> {
  const exempt = client?.treatment === 'exempt' ? client.words : null;
  const reversed = client?.treatment === 'reverse_charge' ? client.words : null;
  await tx.run(
    `update clients set tax_region = 'GB', tax_treatment = $3, tax_exemption_reason = $4, tax_legal_text = $5 where workspace_id = $1 and id = $2`,
    [tx.workspaceId, clientId, client?.treatment ?? 'by_region', exempt, reversed],
  );
}

async function draftsOf(books: Books) {
  return books.in(async (tx) => {
    const drafts = await tx.rows<{ id: string; net: string; tax: string; rounding: string; total: string }>(
      `select id, net, tax, rounding, total from client_invoices where workspace_id = $1 and status <> 'discarded' order by service_from, id`,
      [tx.workspaceId],
    );
    const lines: string[] = [];
    for (const draft of drafts)
      lines.push(...(await readInvoiceLines(tx, draft.id, 0, 100)).map((line) => line.formulaText));
    return { lines, drafts: drafts.map(({ net, tax, rounding, total }) => ({ net, tax, rounding, total })) };
  });
}
