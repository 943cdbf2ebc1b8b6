/** Owns `slipway restart-workflows`: Temporal's state can be lost, Postgres knows what is open. */
import { parseArgs } from 'node:util';
import { wakeOpenSubjects } from '../../store/open-subjects.ts';
import { listWorkspaces } from '../../store/workspaces.ts';
import type { Command } from '../command.ts';
import { say } from '../story.ts';
import { withDatabase } from '../with-database.ts';

export const restartWorkflows: Command = {
  name: 'restart-workflows',
  usage: 'slipway restart-workflows',
  summary: 'Start the missing workflow of every open run, invoice and connection',
  run: ({ config, args }) => {
    parseArgs({ args, options: {} });
    return withDatabase(config, async (database, hubRuns) => {
      let count = 0;
      for (const { id } of await listWorkspaces(database))
        count += await database.inWorkspace(id, wakeOpenSubjects);
      say(
        `${count} open documents and connections will look again${hubRuns ? ' now' : ' when the hub starts'}.`,
      );
      return 0;
    });
  },
};
