/** Owns DELETE /mapping-rules/:mappingRuleId. */
import { found } from '../../../domain/refusal.ts';
import { mappingRules } from '../../../store/mapping-rules.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { mappingRuleSubject } from './mapping-rule.ts';

export const deleteMappingRule = defineRoute({
  name: 'delete-mapping-rule',
  method: 'delete',
  path: '/mapping-rules/:mappingRuleId',
  summary: 'Delete a mapping rule',
  permission: 'mapping_rules.delete',
  responses: { 204: empty },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = found(await mappingRules.lock(tx, params.mappingRuleId), 'mapping_rule');
      await mappingRules.remove(tx, before.id);
      await recordDeleted(tx, actor, mappingRuleSubject, before);
      return { status: 204 };
    }),
});
