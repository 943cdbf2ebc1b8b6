/** Owns PUT /contracts/:contractId/validation-rules/:ruleCode. */
import { z } from 'zod';
import { found, Refusal } from '../../../domain/refusal.ts';
import { contracts } from '../../../store/contracts.ts';
import { recordEvents } from '../../../store/events.ts';
import { setContractRule as set, workspaceRuleSettings } from '../../../store/rule-settings.ts';
import { defineRoute } from '../../kit/route.ts';
import { id } from '../../kit/schemas.ts';
import { requireRule, ruleCode, settingBody, shownRule, validationRule } from './validation-rule.ts';

export const setContractRule = defineRoute({
  name: 'set-contract-rule',
  method: 'put',
  path: '/contracts/:contractId/validation-rules/:ruleCode',
  summary: 'Set the severity of a rule for a contract, or switch it off',
  description: 'Of the contract pass and the priced pass: what is checked at intake knows no contract yet.',
  permission: 'contracts.update',
  params: ruleCode.extend({ contractId: z.uuid() }),
  body: settingBody,
  example: { setting: 'W' },
  responses: { 200: validationRule },
  errors: ['validation_rule.not_found', 'validation_rule.no_contract_yet', 'contract.not_found'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const contractId = id.parse(params.contractId);
      found(await contracts.lock(tx, contractId), 'contract');
      const rule = requireRule(params.ruleCode);
      if (rule.pass === 'entry')
        throw new Refusal({
          code: 'validation_rule.no_contract_yet',
          message: `${rule.code} is checked when work comes in, before its contract is known.`,
          whatToDo: 'Set it for the workspace: PUT /validation-rules/:ruleCode.',
        });
      const was = await set(tx, contractId, rule.code, body.setting);
      if (was !== body.setting)
        await recordEvents(tx, [
          {
            type: 'contract.rule_set',
            subjectType: 'contract',
            subjectId: contractId,
            actor: actor.id,
            permission: 'contracts.read',
            payload: { rule: rule.code },
            before: { setting: was },
            after: { setting: body.setting },
          },
        ]);
      const { severities } = found(await contracts.find(tx, contractId), 'contract');
      return { status: 200, body: shownRule(rule, await workspaceRuleSettings(tx), severities) };
    }),
});
