/** Owns POST /mapping-rules/preview. */
import { previewRule } from '../../../store/apply-mapping-rule.ts';
import { defineRoute } from '../../kit/route.ts';
import { newMappingRule, scopeOf, touched } from './mapping-rule.ts';

export const previewMappingRule = defineRoute({
  name: 'preview-mapping-rule',
  method: 'post',
  path: '/mapping-rules/preview',
  summary: 'Count what a mapping rule would touch, without making it',
  permission: 'mapping_rules.read',
  body: newMappingRule,
  example: { targetKind: 'project', matchBy: 'pattern', matchValue: 'Prop*', targetId: '{projectId}' },
  responses: { 200: touched },
  errors: ['reference.unknown', 'mapping_rule.too_many_names'],
  handler: ({ body, transact }) =>
    transact(async (tx) => ({ status: 200, body: await previewRule(tx, scopeOf(body)) })),
});
