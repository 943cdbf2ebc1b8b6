/** Owns the duties of whoever changes what of an item is billed: not their own work alone, and not beyond their limit. */
import { type Conflict, type Doer, keepApart, requireWithinLimit } from '../domain/duties.ts';
import { Decimal } from '../domain/money.ts';
import type { Permission } from '../domain/permissions.ts';
import { Refusal } from '../domain/refusal.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { approvalLimits, dutyRule, recordDutyExceptions } from './duties.ts';
import { dutyLimit, type LimitedAction } from './duty-limits.ts';
import type { LockedItem } from './pending-items.ts';

/** What is decided on, and what it is worth by currency: what is given up, or asked for beyond what was worked. */
export interface ItemDecision {
  action: Extract<LimitedAction, 'write_off' | 'price_change' | 'release'>;
  permission: Permission;
  subject: { type: string; id: string };
  personIds: readonly (string | null)[];
  amounts: ReadonlyMap<string, Decimal>;
  reason: string;
}

/**
 * BILLING §8: while four eyes are asked for nobody decides on their own work, and above their limit (their own, everybody's,
 * else the workspace's for whoever is no admin) somebody else does. Refuses with 403 `duty.…`.
 */
export async function requireItemDuties(tx: WorkspaceTx, doer: Doer, decision: ItemDecision): Promise<void> {
  const { action, permission, subject, personIds, amounts, reason } = decision;
  const own = personIds.filter((personId) => personId !== null && personId === doer.personId).length;
  const conflicts: Conflict[] =
    own === 0 ? [] : [{ code: 'own_work', message: `${own} of the items are your own work.`, always: false }];
  const standing = keepApart(conflicts, await dutyRule(tx, permission, doer), reason);
  await recordDutyExceptions(tx, doer, { ...subject, action }, standing, reason);
  const limits = await approvalLimits(tx);
  for (const [currency, amount] of amounts) {
    requireWithinLimit(doer, limits, amount.abs().toFixed(), currency);
    requireWithin(await dutyLimit(tx, action, doer.memberId, currency), amount.abs(), currency);
  }
}

/** The same of items as they are: all that they are worth is decided on. */
export const requireDutiesOnItems = (
  tx: WorkspaceTx,
  doer: Doer,
  items: readonly LockedItem[],
  decision: Pick<ItemDecision, 'action' | 'permission' | 'reason'>,
): Promise<void> =>
  requireItemDuties(tx, doer, {
    ...decision,
    subject: { type: 'billable_item', id: items[0]!.id },
    personIds: items.map((item) => item.personId),
    amounts: sumByCurrency(items),
  });

/** Refuses with 403 beyond the limit; null: there is none. */
export function requireWithin(limit: DecimalText | null, amount: Decimal, currency: string): void {
  if (limit === null || amount.lte(limit)) return;
  throw new Refusal({
    code: 'duty.beyond_limit',
    status: 403,
    message: `${amount.toFixed()} ${currency} is more than the ${limit} ${currency} that you decide on.`,
    whatToDo: 'Have somebody with a higher limit decide.',
    details: { limit, amount: amount.toFixed(), currency },
  });
}

/** Σ by currency. */
export function sumByCurrency(
  rows: readonly { currency: string; amount: DecimalText }[],
): Map<string, Decimal> {
  const sums = new Map<string, Decimal>();
  for (const { currency, amount } of rows)
    sums.set(currency, (sums.get(currency) ?? new Decimal(0)).plus(amount));
  return sums;
}
