/** Owns `slipway sandbox`: makes a workspace with a clock of its own, to try things out in. */
import { parseArgs } from 'node:util';
import { isDay, isZone } from '../../domain/day.ts';
import { instantIn } from '../../domain/import/to-instant.ts';
import { createWorkspace, updateWorkspace } from '../../store/workspaces.ts';
import { type Command, UsageError } from '../command.ts';
import { say } from '../story.ts';
import { withDatabase } from '../with-database.ts';

export const sandbox: Command = {
  name: 'sandbox',
  usage: 'slipway sandbox NAME [--start DAY] [--zone ZONE]',
  summary: 'Make a sandbox workspace: its clock begins at a day, and is set forward with slipway clock',
  run: ({ config, args }) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { start: { type: 'string' }, zone: { type: 'string', default: 'UTC' } },
    });
    const name = positionals.join(' ').trim();
    if (name.length === 0 || name.length > 200)
      throw new UsageError('Name the workspace, in 1 to 200 characters.');
    const { start, zone } = values;
    if (!isZone(zone)) throw new UsageError('--zone is an IANA time zone such as Europe/Oslo.');
    if (start !== undefined && !isDay(start)) throw new UsageError('--start is a day such as 2026-01-01.');
    const clockAt = start === undefined ? new Date().toISOString() : instantIn(zone)(start, 0);
    return withDatabase(config, async (database) => {
      const { workspace, key } = await createWorkspace(database, { name, kind: 'sandbox', clockAt });
      await database.inWorkspace(workspace.id, (tx) => updateWorkspace(tx, { settings: { zone } }));
      say(
        `Made the sandbox "${workspace.name}" (${workspace.id}), where it is ${clockAt}. Its admin key, shown this once:\n\n  ${key}\n\nNothing in it reaches anybody: mail stays in the outbox folder. Set its clock forward with\n  slipway clock --workspace ${workspace.id} --by P1M\n`,
      );
      return 0;
    });
  },
};
