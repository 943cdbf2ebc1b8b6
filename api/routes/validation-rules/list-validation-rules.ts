/** Owns GET /validation-rules. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { allRules } from '../../../domain/validation/entry-rules.ts';
import { contracts } from '../../../store/contracts.ts';
import { workspaceRuleSettings } from '../../../store/rule-settings.ts';
import { defineRoute } from '../../kit/route.ts';
import { id } from '../../kit/schemas.ts';
import { shownRule, validationRule } from './validation-rule.ts';

export const listValidationRules = defineRoute({
  name: 'list-validation-rules',
  method: 'get',
  path: '/validation-rules',
  summary: 'List the rules that work and prices are checked by, with their settings',
  permission: 'exceptions.read',
  query: z.object({ contractId: id.optional() }),
  responses: { 200: z.object({ items: z.array(validationRule) }) },
  handler: ({ query, transact }) =>
    transact(async (tx) => {
      const ofWorkspace = await workspaceRuleSettings(tx);
      const ofContract = query.contractId
        ? found(await contracts.find(tx, query.contractId), 'contract').severities
        : {};
      return {
        status: 200,
        body: { items: allRules.map((rule) => shownRule(rule, ofWorkspace, ofContract)) },
      };
    }),
});
