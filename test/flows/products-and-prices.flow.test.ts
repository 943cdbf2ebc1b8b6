/** Owns that docs/PRODUCTS-AND-PRICES.md is true: every row of its tables is run from task to item. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Decimal } from '../../domain/money.ts';
import { productDefaults } from '../../domain/pricing/product-defaults.ts';
import { readRun } from '../../store/runs.ts';
import { carryOut, cutoffOn } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/PRODUCTS-AND-PRICES.md'), 'utf8');

/** The rows of the table with this head, by the names of its columns; `–` is nothing. */
function tableOf(...head: string[]): Record<string, string>[] {
  const lines = page.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const from = lines.findIndex((cells) => cells.join('|') === head.join('|'));
  if (from < 0) throw new Error(`no table ${head.join(', ')}`);
  const rows = lines.slice(
    from + 2,
    lines.findIndex((cells, at) => at > from && cells.length === 0),
  );
  return rows.map((cells) =>
    Object.fromEntries(head.map((name, at) => [name, cells[at] === '–' ? '' : cells[at]!])),
  );
}

const defaults = tableOf('Work', 'Default', 'Unit', 'Price');
const products = tableOf('Product', 'Unit', 'Price', 'Status');
const rows = tableOf('#', 'Work', 'Named', 'Prices', 'Sold as', 'By', 'Unit price', 'From', 'Amount');

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

async function made(firm: Firm, path: string, body: object): Promise<{ id: string }> {
  const answer = await firm.post(path, body);
  expect(answer.status, `${path}: ${answer.text}`).toBe(201);
  return answer.json;
}
async function changed(firm: Firm, path: string, body: object): Promise<void> {
  const answer = await firm.patch(path, body);
  expect(answer.status, `${path}: ${answer.text}`).toBe(200);
}

/** `client Long haul, workspace Fitting` → who → what. */
const pairsOf = (cell: string) =>
  new Map(
    cell
      .split(', ')
      .filter(Boolean)
      .map((pair) => [pair.slice(0, pair.indexOf(' ')), pair.slice(pair.indexOf(' ') + 1)]),
  );

function workOf(cell: string): Record<string, unknown> {
  const [amount, unit, where] = cell.split(' ');
  if (unit === 'h') return { kind: 'labor', seconds: Number(amount) * 3600 };
  if (unit === 'km') return { kind: 'mileage', kilometres: amount };
  // The distance that comes with it is another row's.
  if (unit === 'min' && where === 'road')
    return { kind: 'mileage', kilometres: '1', transportMinutes: Number(amount) };
  if (unit === 'paid') return { kind: 'expense', amount, currency: 'GBP' };
  return { kind: 'goods', count: Number(amount) };
}
const itemKindOf = (cell: string) =>
  cell.endsWith(' h')
    ? 'labor'
    : cell.endsWith(' km')
      ? 'transport_distance'
      : cell.endsWith(' road')
        ? 'transport_time'
        : cell.endsWith(' paid')
          ? 'expense'
          : 'goods';

test('the defaults of the page are those of the code', () => {
  const ofWork = {
    time: 'labor',
    goods: 'goods',
    expenses: 'expense',
    distance: 'mileage_distance',
    'time on the road': 'mileage_time',
  } as const;
  const seen = defaults.flatMap((row) =>
    row
      .Work!.split(', ')
      .map((work) => [
        ofWork[work as keyof typeof ofWork],
        row.Default,
        row.Unit,
        row.Price === 'none' ? null : row.Price,
      ]),
  );
  expect(
    Object.fromEntries(seen.map(([kind, name, unit, price]) => [kind, { name, unit, defaultPrice: price }])),
  ).toEqual(productDefaults);
});

test('there are rows to run', () => {
  expect(rows.length).toBeGreaterThan(35);
  expect(rows.map((row) => row['#'])).toEqual(rows.map((_, at) => String(at + 1)));
});

test.each(rows.map((row) => [row['#']!, row.Work!, row.Named!, row.Prices!, row] as const))(
  'row %s: %s, sold as %s, priced by %s',
  async (_, work, named, prices, row) => {
    const firm = await openFirm(api, { rate: null, contract: { approvalPolicy: 'submitted' } });
    const ids = new Map<string, string>();
    for (const { Product: name, Unit: unit, Price: price } of products)
      ids.set(
        name!,
        (await made(firm, '/products', { name, unit, ...(price && { defaultPrice: price }) })).id,
      );
    const says = pairsOf(named);
    const priced = pairsOf(prices);
    const productOf = (who: string) => (says.has(who) ? ids.get(says.get(who)!)! : null);
    const person = await made(firm, '/people', { name: 'Ann' });
    if (says.has('workspace'))
      await changed(firm, '/workspace', { settings: { defaultProductId: productOf('workspace') } });
    if (says.has('client'))
      await changed(firm, `/clients/${firm.books.clientId}`, { defaultProductId: productOf('client') });
    if (says.has('team') || says.has('membership')) {
      const team = await made(firm, '/teams', { name: 'Hull', defaultProductId: productOf('team') });
      await made(firm, '/memberships', {
        teamId: team.id,
        personId: person.id,
        defaultProductId: productOf('membership'),
      });
    }
    if (priced.has('card'))
      await made(firm, '/strategies', {
        scopeType: 'workspace',
        scopeId: firm.books.workspaceId,
        category: 'labor',
        method: 'service_rates',
      });
    if (priced.has('card') && priced.get('card') !== '–')
      await made(firm, '/rate-cards', {
        scopeType: 'contract',
        scopeId: firm.books.contractId,
        position: '*',
        regularRate: priced.get('card'),
        currency: 'GBP',
      });
    if (priced.has('clause'))
      await made(firm, '/mileage-clauses', {
        scopeId: firm.books.clientId,
        kind: 'distance',
        rate: priced.get('clause'),
        currency: 'GBP',
      });
    const list = priced.has('list')
      ? await made(firm, '/price-lists', { name: 'Agreed', currency: 'GBP' })
      : null;
    if (list)
      await made(firm, `/price-lists/${list.id}/prices`, {
        productId: ids.get(row['Sold as']!),
        unitPrice: priced.get('list'),
      });
    const [taskPrice, taskUnit] = priced.get('task')?.split(' per ') ?? [];
    const task = await made(firm, '/tasks', {
      projectId: firm.books.projects.P1,
      name: 'Refit',
      productId: productOf('task'),
      priceListId: list?.id ?? null,
      unitPrice: taskPrice ?? null,
      unit: taskUnit ?? null,
    });
    await made(firm, '/task-entries', {
      ...workOf(work),
      taskId: task.id,
      personId: person.id,
      workDate: '2026-03-02',
      productId: productOf('entry'),
      unitPrice: priced.get('own') ?? null,
      ...(priced.has('cost') && { unitCost: priced.get('cost') }),
    });
    // Archived last: nobody may name an archived product, but a named one may be archived.
    const asked = await archiveAndCompile(firm, ids);
    await carryOut(api.test.database, firm.books, (await firm.books.in((tx) => readRun(tx, asked)))!);
    const items = (await firm.get('/billable-items')).json.items;
    const item = items.find(({ kind }: { kind: string }) => kind === itemKindOf(work));
    const [source, flagged] = row.From!.split(', ');
    expect(item).toMatchObject({
      productName: row['Sold as'],
      productStep: row.By,
      productAutoCreated: row.By === 'default',
      unitPrice: row['Unit price'],
      priceSource: source,
      flagged: flagged === 'flagged',
    });
    expect(new Decimal(item.amount).toFixed(2)).toBe(row.Amount);
  },
);

async function archiveAndCompile(firm: Firm, ids: ReadonlyMap<string, string>): Promise<string> {
  for (const { Product: name, Status: status } of products)
    if (status === 'archived') await changed(firm, `/products/${ids.get(name!)}`, { status });
  const asked = await firm.post('/compilations', {
    scope: { type: 'contract', id: firm.books.contractId },
    cutoffOn,
  });
  expect(asked.status, asked.text).toBe(202);
  return asked.json.subjectId;
}
