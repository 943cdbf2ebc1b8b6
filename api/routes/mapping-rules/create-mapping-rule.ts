/** Owns POST /mapping-rules. */
import { insertMappingRule } from '../../../store/mapping-rules.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { mappingRule, mappingRuleSubject, newMappingRule } from './mapping-rule.ts';

export const createMappingRule = defineRoute({
  name: 'create-mapping-rule',
  method: 'post',
  path: '/mapping-rules',
  summary: 'Create a mapping rule',
  permission: 'mapping_rules.create',
  body: newMappingRule,
  example: { targetKind: 'project', matchBy: 'name', matchValue: 'Prop change', targetId: '{projectId}' },
  responses: { 201: mappingRule },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertMappingRule(tx, body);
      await recordCreated(tx, actor, mappingRuleSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/mapping-rules/${created.id}` } };
    }),
});
