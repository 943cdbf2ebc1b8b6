/** Owns markups: what is added to the cost of a category of work, by scope and day. */
import type { Category } from '../domain/pricing/price-books.ts';
import { found, invalidField } from '../domain/refusal.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { requireReference } from './references.ts';
import type { strategyScopes } from './strategies.ts';
import { type NewRow, tenantTable, type Values } from './tenant-table.ts';

export interface Markup {
  id: string;
  scopeType: (typeof strategyScopes)[number];
  /** The workspace's own id where the scope is the workspace. */
  scopeId: string;
  category: Category;
  /** Percent on cost; -100 gives it away. */
  percentage: DecimalText;
  validFrom: Day;
  /** First day on which it no longer holds; null: until a later one of its scope takes over. */
  validTo: Day | null;
}
export type NewMarkup = NewRow<Markup, 'scopeType' | 'scopeId' | 'category' | 'percentage'>;

export const markups = tenantTable<Markup>('markups', {
  scopeType: 'plain',
  scopeId: 'plain',
  category: 'plain',
  percentage: 'plain',
  validFrom: 'plain',
  validTo: 'plain',
});

/** Refuses a scope that this workspace does not have. */
export async function insertMarkup(tx: WorkspaceTx, values: NewMarkup): Promise<Markup> {
  await requireReference(tx, values.scopeType, values.scopeId, '/scopeId');
  requireDatesInOrder(values);
  return markups.insert(tx, values);
}

export async function changeMarkup(
  tx: WorkspaceTx,
  before: Markup,
  change: Values<Pick<Markup, 'percentage' | 'validFrom' | 'validTo'>>,
): Promise<Markup> {
  const { validFrom = before.validFrom, validTo = before.validTo } = change;
  requireDatesInOrder({ validFrom, validTo });
  return found(await markups.update(tx, before.id, change), 'markup');
}

function requireDatesInOrder({ validFrom, validTo }: Pick<NewMarkup, 'validFrom' | 'validTo'>): void {
  if (!validTo || !validFrom || validTo > validFrom) return;
  throw invalidField('/validTo', 'markup.dates_conflict', 'The markup ends before it begins.');
}
