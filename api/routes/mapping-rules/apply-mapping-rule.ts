/** Owns POST /mapping-rules/apply. */
import { z } from 'zod';
import { Refusal } from '../../../domain/refusal.ts';
import {
  findLike,
  previewRule,
  type RematchCursor,
  type RuleScope,
  rematchLike,
  rematchStart,
  saveRule,
} from '../../../store/apply-mapping-rule.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { recordEvents } from '../../../store/events.ts';
import { startOperation } from '../../../store/operations.ts';
import { recordCreated, recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { operation } from '../operations/operation.ts';
import { mappingRule, mappingRuleSubject, newMappingRule, scopeOf, touched } from './mapping-rule.ts';

/** Up to so many entries are matched while the caller waits; it takes about a second. */
const entriesAtOnce = 5_000;
const mostWaiting = 20;

export const applyMappingRule = defineRoute({
  name: 'apply-mapping-rule',
  method: 'post',
  path: '/mapping-rules/apply',
  summary: 'Make a mapping rule, and apply it to all names like it',
  description:
    'Entries that wait for a name which the rule fits are matched at once; more than 5,000 in the background, see the operation. A rule about the same name is pointed at the new target. Matched and billed entries stay as they are.',
  permission: 'exceptions.resolve',
  body: newMappingRule,
  example: { targetKind: 'project', matchBy: 'pattern', matchValue: 'Prop*', targetId: '{projectId}' },
  responses: {
    200: z.object({ mappingRule, touched, matched: z.int() }),
    202: z.object({ mappingRule, touched, operation }),
  },
  errors: ['reference.unknown', 'mapping_rule.too_many_names', 'mapping_rule.too_many_running'],
  handler: async ({ body, actor, workspaceId, transact, deps }) => {
    if (deps.rematcher.waiting() >= mostWaiting) throw tooManyRunning();
    const rule = scopeOf(body);
    const answer = await transact(async (tx) => {
      const touches = await previewRule(tx, rule);
      const saved = await saveRule(tx, body);
      if (saved.before) await recordUpdated(tx, actor, mappingRuleSubject, saved.before, saved.rule);
      else await recordCreated(tx, actor, mappingRuleSubject, saved.rule);
      const made = { mappingRule: saved.rule, touched: touches };
      if (touches.entries > entriesAtOnce) {
        const started = await startOperation(tx, {
          kind: 'rematch',
          subjectId: saved.rule.id,
          total: touches.entries,
          startedBy: actor.id,
        });
        return { status: 202, body: { ...made, operation: started } };
      }
      const matched = await rematchAll(tx, rule, actor.id);
      await recordEvents(tx, [
        {
          type: 'mapping_rule.applied',
          subjectType: 'mapping_rule',
          subjectId: saved.rule.id,
          actor: actor.id,
          permission: 'mapping_rules.read',
          payload: { exceptions: touches.exceptions, matched },
        },
      ]);
      return { status: 200, body: { ...made, matched } };
    });
    // Only what is committed is carried out; should the hub stop before, the operation says so.
    if (answer.status === 202) {
      const { operation: started, mappingRule: made } = answer.body;
      deps.rematcher.start({
        workspaceId,
        operationId: started.id,
        ruleId: made.id,
        rule,
        actor: actor.id,
      });
    }
    return answer;
  },
});

async function rematchAll(tx: WorkspaceTx, rule: RuleScope, actor: string): Promise<number> {
  const like = await findLike(tx, rule);
  let matched = 0;
  for (let cursor: RematchCursor | null = rematchStart; cursor !== null; ) {
    const step = await rematchLike(tx, like, cursor, entriesAtOnce, actor);
    matched += step.matched;
    cursor = step.cursor;
  }
  return matched;
}

const tooManyRunning = () =>
  new Refusal({
    code: 'mapping_rule.too_many_running',
    status: 429,
    message: `${mostWaiting} rules are being applied already.`,
    whatToDo: 'Wait until some are done, then apply this one.',
    retryAfterSeconds: 30,
  });
