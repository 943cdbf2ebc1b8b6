/** Owns `slipway verify`: recompute everything and say whether the books balance. */
import { parseArgs } from 'node:util';
import { verifyWorkspace } from '../../store/verify.ts';
import { listWorkspaces } from '../../store/workspaces.ts';
import type { Command } from '../command.ts';
import { heading, say } from '../story.ts';
import { chooseWorkspace, withDatabase } from '../with-database.ts';

export const verify: Command = {
  name: 'verify',
  usage: 'slipway verify [--workspace W]',
  summary:
    'Recompute ledgers, totals, invoices, series and the event chain; exit code 1 when something is off',
  run: ({ config, args }) => {
    const { values } = parseArgs({ args, options: { workspace: { type: 'string' } } });
    return withDatabase(config, async (database) => {
      const workspaces = values.workspace
        ? [await chooseWorkspace(database, values.workspace)]
        : await listWorkspaces(database);
      let good = true;
      for (const workspace of workspaces) {
        heading(`${workspace.name} (${workspace.id})`);
        const { checks, ok } = await verifyWorkspace(database, workspace.id);
        for (const check of checks) say(`  ${check.ok ? '✓' : '✗'} ${check.name}: ${check.detail}`);
        good &&= ok;
      }
      return good ? 0 : 1;
    });
  },
};
