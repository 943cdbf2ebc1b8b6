/** Owns `slipway release`: warnings released with a reason, from the command line. */
import { parseArgs } from 'node:util';
import { recordEvents } from '../../store/events.ts';
import { releaseWarnings } from '../../store/exceptions.ts';
import { type Command, UsageError } from '../command.ts';
import { say } from '../story.ts';
import { chooseWorkspace, withDatabase } from '../with-database.ts';

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
      const released = await database.inWorkspace(workspace.id, async (tx) => {
        const count = await releaseWarnings(tx, { rules }, 'cli', reason);
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
        return count;
      });
      say(`${released} warnings released.`);
      return 0;
    });
  },
};
