/** Owns GET /mapping-rules/:mappingRuleId. */
import { found } from '../../../domain/refusal.ts';
import { mappingRules } from '../../../store/mapping-rules.ts';
import { defineRoute } from '../../kit/route.ts';
import { mappingRule } from './mapping-rule.ts';

export const getMappingRule = defineRoute({
  name: 'get-mapping-rule',
  method: 'get',
  path: '/mapping-rules/:mappingRuleId',
  summary: 'Read a mapping rule',
  permission: 'mapping_rules.read',
  responses: { 200: mappingRule },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await mappingRules.find(tx, params.mappingRuleId), 'mapping_rule'),
    })),
});
