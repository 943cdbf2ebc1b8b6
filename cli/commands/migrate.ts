/** Owns `slipway migrate`. */
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { say } from '../story.ts';
import { withDatabase } from '../with-database.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  usage: 'slipway migrate',
  summary: 'Bring the database up to date (start does it too)',
  run: ({ config, args }) => {
    parseArgs({ args, options: {} });
    return withDatabase(config, async () => {
      say('The database is up to date.');
      return 0;
    });
  },
};
