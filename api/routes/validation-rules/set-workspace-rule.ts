/** Owns PUT /validation-rules/:ruleCode. */
import { recordEvents } from '../../../store/events.ts';
import { applyWorkspaceRule } from '../../../store/rule-settings.ts';
import { defineRoute } from '../../kit/route.ts';
import { requireRule, ruleCode, settingBody, shownRule, validationRule } from './validation-rule.ts';

export const setWorkspaceRule = defineRoute({
  name: 'set-workspace-rule',
  method: 'put',
  path: '/validation-rules/:ruleCode',
  summary: 'Set the severity of a rule for the workspace, or switch it off',
  description:
    "A contract's own setting comes before it. What a check at intake found is judged anew at once, what a run found by the next run.",
  permission: 'workspace.update',
  params: ruleCode,
  body: settingBody,
  example: { setting: 'E' },
  responses: { 200: validationRule },
  errors: ['validation_rule.not_found'],
  handler: ({ params, body, actor, workspaceId, transact }) =>
    transact(async (tx) => {
      const rule = requireRule(params.ruleCode);
      const { was, settings } = await applyWorkspaceRule(tx, rule, body.setting);
      if (was !== body.setting)
        await recordEvents(tx, [
          {
            type: 'validation_rule.set',
            subjectType: 'workspace',
            subjectId: workspaceId,
            actor: actor.id,
            permission: 'exceptions.read',
            payload: { rule: rule.code },
            before: { setting: was },
            after: { setting: body.setting },
          },
        ]);
      return { status: 200, body: shownRule(rule, settings, {}) };
    }),
});
