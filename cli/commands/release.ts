/** Owns `slipway release`: warnings released with a reason, from the command line. */
import { parseArgs } from 'node:util';
import { exceptionRules } from '../../domain/exception-rules.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { recordEvents } from '../../store/events.ts';
import {
  countByRule,
  countOpenExceptions,
  releasedElsewhere,
  releaseWarnings,
} from '../../store/exceptions.ts';
import { type Command, UsageError } from '../command.ts';
import { say } from '../story.ts';
import { chooseWorkspace, withDatabase } from '../with-database.ts';

/** Refuses what is no rule at all, before anything is released: a slip of the pen must not look like nothing to do. */
export async function requireRules(tx: WorkspaceTx, rules: string[]): Promise<void> {
  const raised = await countByRule(tx, rules);
  const known = new Set([...exceptionRules, ...raised.map((row) => row.rule)]);
  const unknown = rules.filter((rule) => !known.has(rule));
  if (unknown.length === 0) return;
  throw new UsageError(
    `There is no rule ${unknown.map((rule) => `"${rule}"`).join(' and no ')}. The rules are:\n${exceptionRules.map((rule) => `  ${rule}`).join('\n')}`,
  );
}

/** One sentence for each rule that has nothing to release left; read before the release. */
export async function whyNotReleased(tx: WorkspaceTx, rules: string[]): Promise<string[]> {
  const known = new Map((await countByRule(tx, rules)).map((row) => [row.rule, row]));
  const open = (await countOpenExceptions(tx)).filter((row) => row.severity === 'W').map((row) => row.rule);
  const openNames = open.length > 0 ? open.join(', ') : 'none';
  return rules.flatMap((rule) => {
    const counts = known.get(rule);
    if (!counts)
      return `${rule}: no exception of this workspace ever had this rule. Rules with open warnings: ${openNames}.`;
    if (rule === releasedElsewhere) return `${rule}: a held invoice is released by issuing it with a reason.`;
    if (counts.openErrors > 0)
      return `${rule}: ${counts.openErrors} are of severity E, which must be fixed and cannot be released.`;
    return counts.openWarnings === 0 ? `${rule}: nothing is open any more.` : [];
  });
}

export const release: Command = {
  name: 'release',
  usage: 'slipway release --rule RULE [--rule RULE …] --reason TEXT [--workspace W]',
  summary: 'Release open warnings of these rules with a reason',
  run: ({ config, args }) => {
    const { values } = parseArgs({
      args,
      options: {
        rule: { type: 'string', multiple: true },
        reason: { type: 'string' },
        workspace: { type: 'string' },
      },
    });
    const { rule: rules, reason } = values;
    if (!rules?.length || !reason?.trim()) throw new UsageError('Name at least one rule, and the reason.');
    return withDatabase(config, async (database) => {
      const workspace = await chooseWorkspace(database, values.workspace);
      const { count: released, why } = await database.inWorkspace(workspace.id, async (tx) => {
        await requireRules(tx, rules);
        const why = await whyNotReleased(tx, rules);
        const count = await releaseWarnings(tx, { rules }, 'cli', reason);
        if (count === 0) return { count, why };
        await recordEvents(tx, [
          {
            type: 'exceptions.released',
            subjectType: 'workspace',
            subjectId: workspace.id,
            actor: 'cli',
            permission: 'exceptions.read',
            payload: { rules, reason, count },
          },
        ]);
        return { count, why };
      });
      say(`${released} warnings released.`);
      for (const sentence of why) say(`  ${sentence}`);
      return 0;
    });
  },
};
