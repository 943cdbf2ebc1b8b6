/** Owns how a validation rule and its settings are shown over the API. */
import { z } from 'zod';
import { Refusal } from '../../../domain/refusal.ts';
import { allRules, type RuleFacts } from '../../../domain/validation/entry-rules.ts';
import { type RuleSetting, ruleSettings } from '../../../domain/validation/rule.ts';
import { severity } from '../exceptions/exception.ts';

export const ruleSetting = z
  .enum(ruleSettings)
  .meta({ description: 'Another severity than the rule has, or off.' });
export const ruleCode = z.object({ ruleCode: z.string().max(100) });
export const settingBody = z.object({
  setting: ruleSetting.nullable().meta({ description: 'Null: as it is without one.' }),
});

export const validationRule = z
  .object({
    code: z.string(),
    pass: z.enum(['entry', 'contract', 'priced']),
    severity,
    clause: z.string().nullable().meta({ description: 'The clause of the contract that it reads.' }),
    whatToDo: z.string(),
    workspaceSetting: ruleSetting.nullable(),
    contractSetting: ruleSetting.nullable(),
    effective: ruleSetting,
  })
  .meta({ id: 'ValidationRule' });

type Settings = Readonly<Record<string, RuleSetting>>;

/** The contract's setting before the workspace's, before the rule's own. */
export function shownRule(rule: RuleFacts, workspace: Settings, contract: Settings) {
  const workspaceSetting = workspace[rule.code] ?? null;
  const contractSetting = contract[rule.code] ?? null;
  return {
    ...rule,
    workspaceSetting,
    contractSetting,
    effective: contractSetting ?? workspaceSetting ?? rule.severity,
  };
}

/** Refuses with 404 for a rule that there is not, or that no setting reaches. */
export function requireRule(code: string): RuleFacts {
  const rule = allRules.find((one) => one.code === code);
  if (rule) return rule;
  throw new Refusal({
    code: 'validation_rule.not_found',
    status: 404,
    message: `There is no rule "${code}" with a setting.`,
    whatToDo: 'List them: GET /validation-rules.',
  });
}
