/** Owns products, what work is sold as: the workspace's list, its defaults, and the book that a compile resolves them by. */

import { productDefaults } from '../domain/pricing/product-defaults.ts';
import { type Product, type ResolvedProduct, resolveProduct } from '../domain/pricing/resolve-product.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import type { EntryKind } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { type NewRow, tenantTable, type Values } from './tenant-table.ts';
import { requireUnit } from './units.ts';

export const productStatuses = ['active', 'archived'] as const;
export interface ListedProduct extends Product {
  /** Made by a compile, because nothing else was named. */
  autoCreated: boolean;
}
export type NewProduct = NewRow<ListedProduct, 'name' | 'unit'>;

export const products = tenantTable<ListedProduct>('products', {
  name: 'plain',
  unit: 'plain',
  defaultPrice: 'plain',
  currency: 'plain',
  status: 'plain',
  autoCreated: 'plain',
});

const columns = 'id, name, unit, default_price, currency, status';
const defaults = [
  ...new Map(Object.values(productDefaults).map((product) => [product.name, product])).values(),
];

/** The workspace's default products by name, created once however many compiles race, and marked as auto-created. */
export async function ensureDefaultProducts(tx: WorkspaceTx): Promise<Map<string, Product>> {
  const names = textArray(defaults.map((product) => product.name));
  const read = () =>
    tx.rows<Product>(`select ${columns} from products where workspace_id = $1 and name = any($2::text[])`, [
      tx.workspaceId,
      names,
    ]);
  let rows = await read();
  if (rows.length < defaults.length) {
    await tx.run(
      `insert into products (workspace_id, name, unit, default_price, auto_created)
       select $1, r.name, r.unit, r.price, true from unnest($2::text[], $3::text[], $4::numeric[]) as r(name, unit, price)
       order by r.name on conflict (workspace_id, name) do nothing`,
      [
        tx.workspaceId,
        names,
        textArray(defaults.map((product) => product.unit)),
        plainArray(defaults.map((product) => product.defaultPrice)),
      ],
    );
    rows = await read();
  }
  return new Map(rows.map((row) => [row.name, row]));
}

/** Everything that may name the product of a contract's entries beside entry and task; read once per contract. */
export interface ProductBook {
  /** By name, one for each kind of work. */
  defaults: ReadonlyMap<string, Product>;
  client: string | null;
  workspace: string | null;
  /** Person → what their memberships and teams name, the oldest membership first. */
  ofPerson: ReadonlyMap<string, { membership: string | null; team: string | null }>;
  /** Products by id, as far as anybody named them; grows chunk by chunk. */
  known: Map<string, Product | null>;
}

export async function openProductBook(tx: WorkspaceTx, clientId: string): Promise<ProductBook> {
  const named = await tx.row<{ client: string | null; workspace: string | null }>(
    `select c.default_product_id as client, (w.settings ->> 'defaultProductId')::uuid as workspace
     from clients c join workspaces w on w.id = c.workspace_id where c.workspace_id = $1 and c.id = $2`,
    [tx.workspaceId, clientId],
  );
  const placed = await tx.rows<{ personId: string; membership: string | null; team: string | null }>(
    `select m.person_id, m.default_product_id as membership, t.default_product_id as team from memberships m
     join teams t on t.workspace_id = m.workspace_id and t.id = m.team_id
     where m.workspace_id = $1 and coalesce(m.default_product_id, t.default_product_id) is not null order by m.id`,
    [tx.workspaceId],
  );
  const ofPerson = new Map<string, { membership: string | null; team: string | null }>();
  for (const { personId, membership, team } of placed) {
    const before = ofPerson.get(personId);
    ofPerson.set(personId, {
      membership: before?.membership ?? membership,
      team: before?.team ?? team,
    });
  }
  const book: ProductBook = {
    defaults: await ensureDefaultProducts(tx),
    client: named?.client ?? null,
    workspace: named?.workspace ?? null,
    ofPerson,
    known: new Map(),
  };
  await learnProducts(tx, book, [
    book.client,
    book.workspace,
    ...placed.flatMap(({ membership, team }) => [membership, team]),
  ]);
  return book;
}

/** Reads the products of these ids that the book does not know yet; nothing where there are none. */
export async function learnProducts(
  tx: WorkspaceTx,
  book: ProductBook,
  ids: Iterable<string | null>,
): Promise<void> {
  const missing = new Set<string>();
  for (const id of ids) if (id !== null && !book.known.has(id)) missing.add(id);
  if (missing.size === 0) return;
  const rows = await tx.rows<Product>(
    `select ${columns} from products where workspace_id = $1 and id = any($2::uuid[])`,
    [tx.workspaceId, plainArray([...missing])],
  );
  for (const id of missing) book.known.set(id, null);
  for (const row of rows) book.known.set(row.id, row);
}

/** The book must have learned what the entry and its task name. */
export function productOf(
  book: ProductBook,
  entry: {
    kind: EntryKind;
    personId: string | null;
    productId: string | null;
    taskProductId: string | null;
  },
): ResolvedProduct {
  const person = entry.personId === null ? undefined : book.ofPerson.get(entry.personId);
  return resolveProduct(
    entry.kind,
    {
      entry: entry.productId,
      task: entry.taskProductId,
      client: book.client,
      membership: person?.membership ?? null,
      team: person?.team ?? null,
      workspace: book.workspace,
    },
    (id) => book.known.get(id) ?? undefined,
    book.defaults,
  );
}

/** Refuses with 422 at `pointer` a product that is not here, or is archived; null is none, and what it `was` may stay. */
export async function requireActiveProduct(
  tx: WorkspaceTx,
  productId: string | null | undefined,
  pointer: string,
  was: string | null = null,
): Promise<void> {
  if (productId === null || productId === undefined || productId === was) return;
  if ((await products.find(tx, productId))?.status === 'active') return;
  throw invalidField(
    pointer,
    'product.unfit',
    'There is no active product with this id in this workspace.',
    'Use a product of GET /products?status=active.',
  );
}

/** A default price without a currency counts in any. */
export async function insertProduct(tx: WorkspaceTx, values: NewProduct): Promise<ListedProduct> {
  await requireUnit(tx, values.unit, '/unit');
  return products.insert(tx, values);
}

/** The caller holds the product. What is priced already keeps its price; a default is found by its name, so it keeps that. */
export async function changeProduct(
  tx: WorkspaceTx,
  before: ListedProduct,
  change: Values<ListedProduct>,
): Promise<ListedProduct> {
  if (change.unit !== undefined && change.unit !== before.unit) await requireUnit(tx, change.unit, '/unit');
  const isRenamed = change.name !== undefined && change.name !== before.name;
  if (before.autoCreated && (isRenamed || (change.unit !== undefined && change.unit !== before.unit)))
    throw new Refusal({
      code: 'product.default_fixed',
      message: `${before.name} is a default product: compiles find it by its name, and measure by its unit.`,
      whatToDo: 'Change its price, or name a product of your own as the default of the workspace.',
    });
  return found(await products.update(tx, before.id, change), 'product');
}
