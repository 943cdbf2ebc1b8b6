/** Owns `slipway api-key`: a key for a workspace, from the machine of the hub, also when no key is left that could ask. */
import { parseArgs } from 'node:util';
import { type Scope, scopes } from '../../domain/permissions.ts';
import { createApiKey } from '../../store/api-keys.ts';
import { recordEvents } from '../../store/events.ts';
import { type Command, UsageError } from '../command.ts';
import { say } from '../story.ts';
import { chooseWorkspace, withDatabase } from '../with-database.ts';

const isScope = (text: string): text is Scope => (scopes as readonly string[]).includes(text);

/** @throws UsageError naming those that are no scopes */
function toScopes(given: string[]): Scope[] {
  const unknown = given.filter((text) => !isScope(text));
  if (unknown.length > 0)
    throw new UsageError(
      `${unknown.join(', ')}: no such scope. Scopes are a permission (invoices.read), all of a resource (invoices.*), or everything (*).`,
    );
  return given.filter(isScope);
}

export const apiKey: Command = {
  name: 'api-key',
  usage: "slipway api-key [--workspace W] [--name N] [--scope 'SCOPE' …]",
  summary: 'Make an API key and show it once; without --scope it may do everything',
  run: ({ config, args }) => {
    const { values } = parseArgs({
      args,
      options: {
        workspace: { type: 'string' },
        name: { type: 'string', default: 'made on the command line' },
        scope: { type: 'string', multiple: true, default: ['*'] },
      },
    });
    const name = values.name.trim();
    if (name.length === 0 || name.length > 200) throw new UsageError('--name is 1 to 200 characters.');
    const wanted = toScopes(values.scope);
    return withDatabase(config, async (database) => {
      const workspace = await chooseWorkspace(database, values.workspace);
      const key = await database.inWorkspace(workspace.id, async (tx) => {
        const made = await createApiKey(tx, { name, scopes: wanted });
        await recordEvents(tx, [
          {
            type: 'api_key.created',
            subjectType: 'api_key',
            subjectId: made.apiKey.id,
            actor: 'cli',
            permission: 'api_keys.read',
            payload: { name, scopes: wanted },
          },
        ]);
        return made.key;
      });
      say(
        `A key for the workspace "${workspace.name}" (${wanted.join(', ')}). It is shown this once; keep it safe:\n\n  ${key}\n`,
      );
      return 0;
    });
  },
};
