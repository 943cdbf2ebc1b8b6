/** Owns strategies: which kind of price rules a category of work, by scope (contract → project → client → workspace). */
import type { Category, Method } from '../domain/pricing/price-books.ts';
import type { WorkspaceTx } from './database.ts';
import { requireReference } from './references.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export const strategyScopes = ['contract', 'project', 'client', 'workspace'] as const;
export const strategyCategories = ['labor', 'expenses', 'mileage'] as const satisfies readonly Category[];
export const strategyMethods = [
  'service_rates',
  'markup',
  'entry_or_task_price',
] as const satisfies readonly Method[];

export interface Strategy {
  id: string;
  scopeType: (typeof strategyScopes)[number];
  /** The workspace's own id where the scope is the workspace. */
  scopeId: string;
  category: Category;
  method: Method;
}
export type NewStrategy = NewRow<Strategy, 'scopeType' | 'scopeId' | 'category' | 'method'>;

export const strategies = tenantTable<Strategy>('strategies', {
  scopeType: 'plain',
  scopeId: 'plain',
  category: 'plain',
  method: 'plain',
});

/** Refuses a scope that this workspace does not have. */
export async function insertStrategy(tx: WorkspaceTx, values: NewStrategy): Promise<Strategy> {
  await requireReference(tx, values.scopeType, values.scopeId, '/scopeId');
  return strategies.insert(tx, values);
}
