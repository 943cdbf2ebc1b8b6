/** Owns PATCH /mapping-rules/:mappingRuleId. */
import { found } from '../../../domain/refusal.ts';
import { mappingRules, retargetMappingRule } from '../../../store/mapping-rules.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { mappingRule, mappingRuleChange, mappingRuleSubject } from './mapping-rule.ts';

export const updateMappingRule = defineRoute({
  name: 'update-mapping-rule',
  method: 'patch',
  path: '/mapping-rules/:mappingRuleId',
  summary: 'Change a mapping rule',
  permission: 'mapping_rules.update',
  body: mappingRuleChange,
  example: { targetId: '{projectId}' },
  responses: { 200: mappingRule },
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await mappingRules.lock(tx, params.mappingRuleId), 'mapping_rule');
      requireCurrent(before);
      const after = await retargetMappingRule(tx, before, body);
      await recordUpdated(tx, actor, mappingRuleSubject, before, after);
      return { status: 200, body: after };
    }),
});
