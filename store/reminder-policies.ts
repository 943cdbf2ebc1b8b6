/** Owns reminder policies: how and when clients are reminded; one is the default, and a client may name another. */
import type { ReminderStep } from '../domain/reminder.ts';
import type { QuietHours } from '../domain/send-window.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { replanLetters } from './invoice-plan.ts';
import { type NewRow, tenantTable, type Values } from './tenant-table.ts';

export interface ReminderPolicyRow {
  id: string;
  name: string;
  /** For clients that name none. */
  isDefault: boolean;
  active: boolean;
  steps: ReminderStep[];
  interestPercentage: DecimalText | null;
  stopOnDispute: boolean;
  stopOnUnappliedCash: boolean;
  staleAfterHours: number;
  /** Local time at the contract; null: letters go out at any time of the day. */
  quietHours: QuietHours | null;
  weekdays: number[];
  thanks: boolean;
  chaseAfterDays: number | null;
  createdAt: string;
}

const table = tenantTable<ReminderPolicyRow>('reminder_policies', {
  name: 'plain',
  isDefault: 'plain',
  active: 'plain',
  steps: 'json',
  interestPercentage: 'plain',
  stopOnDispute: 'plain',
  stopOnUnappliedCash: 'plain',
  staleAfterHours: 'plain',
  quietHours: 'json',
  weekdays: 'json',
  thanks: 'plain',
  chaseAfterDays: 'plain',
  createdAt: 'plain',
});
export const { find: findReminderPolicy, lock: lockReminderPolicy, list: listReminderPolicies } = table;

const inOrder = <Row extends Values<ReminderPolicyRow>>(values: Row): Row =>
  values.steps ? { ...values, steps: values.steps.toSorted((a, b) => a.days - b.days) } : values;

/** There is one default: the one before is none any more. */
async function makeRoom(tx: WorkspaceTx, isDefault: boolean | undefined): Promise<void> {
  if (isDefault)
    await tx.run('update reminder_policies set is_default = false where workspace_id = $1 and is_default', [
      tx.workspaceId,
    ]);
}

export async function insertReminderPolicy(
  tx: WorkspaceTx,
  values: NewRow<ReminderPolicyRow, 'name' | 'steps'>,
): Promise<ReminderPolicyRow> {
  await makeRoom(tx, values.isDefault);
  const created = await table.insert(tx, inOrder(values));
  await replanLetters(tx, { policyId: created.id, isDefault: created.isDefault });
  return created;
}

export async function changeReminderPolicy(
  tx: WorkspaceTx,
  id: string,
  values: Values<ReminderPolicyRow>,
): Promise<ReminderPolicyRow | null> {
  const wasDefault = (await table.find(tx, id))?.isDefault ?? false;
  await makeRoom(tx, values.isDefault);
  const changed = await table.update(tx, id, inOrder(values));
  if (changed) await replanLetters(tx, { policyId: id, isDefault: wasDefault || changed.isDefault });
  return changed;
}

/** Null: the default. The caller holds the client. */
export async function setClientReminderPolicy(
  tx: WorkspaceTx,
  clientId: string,
  policyId: string | null,
): Promise<void> {
  await tx.run('update clients set reminder_policy_id = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    clientId,
    policyId,
  ]);
  await replanLetters(tx, { clientId });
}
