/** Owns up to which amount one person is enough, per person, action and currency (BILLING §8). */
import type { DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';

export const limitedActions = [
  'approve',
  'issue',
  'credit',
  'write_off',
  'bad_debt',
  'release',
  'pay',
  'price_change',
  'account_change',
  'run',
] as const;
export type LimitedAction = (typeof limitedActions)[number];

export interface DutyLimit {
  id: string;
  /** Null: for everybody who has no limit of their own. */
  memberId: string | null;
  action: LimitedAction;
  currency: string;
  amount: DecimalText;
}

/** The member's own limit, else everybody's; null: there is none. */
export async function dutyLimit(
  tx: WorkspaceTx,
  action: LimitedAction,
  memberId: string | null,
  currency: string,
): Promise<DecimalText | null> {
  const row = await tx.row<{ amount: DecimalText }>(
    `select amount from duty_limits where workspace_id = $1 and action = $2 and currency = $3 and (member_id is null or member_id = $4)
     order by member_id nulls last limit 1`,
    [tx.workspaceId, action, currency, memberId],
  );
  return row?.amount ?? null;
}

/** Sets the limit; null takes it away. Answers what was before. */
export async function setDutyLimit(
  tx: WorkspaceTx,
  limit: Omit<DutyLimit, 'id' | 'amount'> & { amount: DecimalText | null },
): Promise<DecimalText | null> {
  const { memberId, action, currency, amount } = limit;
  const before = await tx.row<{ amount: DecimalText }>(
    `delete from duty_limits where workspace_id = $1 and member_id is not distinct from $2 and action = $3 and currency = $4 returning amount`,
    [tx.workspaceId, memberId, action, currency],
  );
  if (amount !== null)
    await tx.run(
      'insert into duty_limits (workspace_id, member_id, action, currency, amount) values ($1, $2, $3, $4, $5)',
      [tx.workspaceId, memberId, action, currency, amount],
    );
  return before?.amount ?? null;
}

const maxLimits = 10_000;
export function listDutyLimits(tx: WorkspaceTx): Promise<DutyLimit[]> {
  return tx.rows<DutyLimit>(
    `select id, member_id, action, currency, amount from duty_limits where workspace_id = $1
     order by action, currency, member_id nulls first limit $2`,
    [tx.workspaceId, maxLimits],
  );
}
