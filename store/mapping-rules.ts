/** Owns mapping rules: a person's decision what a source's client, project, task or person is here. */
import type { TargetKind } from '../domain/match.ts';
import { found } from '../domain/refusal.ts';
import type { WorkspaceTx } from './database.ts';
import { requireReference } from './references.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export const matchBys = ['external_id', 'code', 'name', 'pattern', 'email'] as const;

export interface MappingRule {
  id: string;
  /** Null: for every source of the workspace. */
  sourceId: string | null;
  targetKind: TargetKind;
  matchBy: (typeof matchBys)[number];
  matchValue: string;
  targetId: string;
  createdAt: string;
}
export type NewMappingRule = NewRow<MappingRule, 'targetKind' | 'matchBy' | 'matchValue' | 'targetId'>;

export const mappingRules = tenantTable<MappingRule>('mapping_rules', {
  sourceId: 'plain',
  targetKind: 'plain',
  matchBy: 'plain',
  matchValue: 'plain',
  targetId: 'plain',
  createdAt: 'plain',
});

/** Refuses a target that this workspace does not have. */
export async function insertMappingRule(tx: WorkspaceTx, values: NewMappingRule): Promise<MappingRule> {
  await requireReference(tx, values.targetKind, values.targetId, '/targetId');
  return mappingRules.insert(tx, values);
}

/** Points a rule at another record of the same kind. The caller holds the rule's lock. */
export async function retargetMappingRule(
  tx: WorkspaceTx,
  rule: MappingRule,
  { targetId }: { targetId: string },
): Promise<MappingRule> {
  await requireReference(tx, rule.targetKind, targetId, '/targetId');
  return found(await mappingRules.update(tx, rule.id, { targetId }), 'mapping_rule');
}
