/** Owns `slipway import`: a file of time records into the database, with progress and a plain result. */
import { access, constants, readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type ImportMapping,
  MappingInvalid,
  readMapping,
  withSettings,
} from '../../domain/import/mapping.ts';
import { readyMapping, readyMappingNames } from '../../domain/import/ready-mappings.ts';
import { beginImport, runImport } from '../../runtime/import/run-import.ts';
import { countOpenExceptions } from '../../store/exceptions.ts';
import { countQuarantineReasons } from '../../store/quarantine.ts';
import { createWorkspace } from '../../store/workspaces.ts';
import { type Command, UsageError } from '../command.ts';
import { say, step, table } from '../story.ts';
import { chooseWorkspace, withDatabase } from '../with-database.ts';

/** A ready mapping by name, or a mapping file. */
async function mappingOf(name: string, settings: Parameters<typeof readyMapping>[1]): Promise<ImportMapping> {
  const ready = readyMapping(name, settings);
  if (ready) return ready;
  let text: string;
  try {
    text = await readFile(name, 'utf8');
  } catch {
    throw new UsageError(
      `"${name}" is neither a mapping file nor a ready mapping (${readyMappingNames.join(', ')}).`,
    );
  }
  try {
    return readMapping(
      settings && Object.keys(settings).length > 0
        ? withSettings(JSON.parse(text), settings)
        : JSON.parse(text),
    );
  } catch (error) {
    if (error instanceof MappingInvalid) throw new UsageError(`${name}: ${error.message}`);
    throw new UsageError(`${name} is no JSON: ${(error as Error).message}`);
  }
}

/** Fails in words before anything is made; the reader's own error would come after, and in the words of the system. */
export async function requireReadable(path: string): Promise<void> {
  const words: Record<string, string> = {
    ENOENT: `There is no file ${path}.`,
    ENOTDIR: `There is no file ${path}.`,
    EISDIR: `${path} is a folder; name one file.`,
    EACCES: `${path} may not be read by this user.`,
    EPERM: `${path} may not be read by this user.`,
  };
  try {
    await access(path, constants.R_OK);
    if ((await stat(path)).isDirectory()) throw Object.assign(new Error(path), { code: 'EISDIR' });
  } catch (error) {
    const said = words[(error as NodeJS.ErrnoException).code ?? ''];
    throw said === undefined ? error : new Error(said);
  }
}

const given = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;

export const importFile: Command = {
  name: 'import',
  usage:
    'slipway import FILE --map MAPPING [--source NAME] [--workspace W | --new-workspace NAME] [--day-format F] [--zone Z] [--client NAME]',
  summary: `Import time records from a CSV file; MAPPING is a JSON file or one of ${readyMappingNames.join(', ')}`,
  run: async ({ config, args, untilStopped }) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        map: { type: 'string' },
        source: { type: 'string' },
        workspace: { type: 'string' },
        'new-workspace': { type: 'string' },
        'day-format': { type: 'string' },
        zone: { type: 'string' },
        client: { type: 'string' },
      },
    });
    const [path] = positionals;
    if (!path || positionals.length > 1 || !values.map)
      throw new UsageError('Name one file and its mapping.');
    const mapping = await mappingOf(
      values.map,
      given({ dayFormat: values['day-format'], zone: values.zone, client: values.client }) as Parameters<
        typeof readyMapping
      >[1],
    );
    await requireReadable(path);
    const stop = new AbortController();
    void untilStopped().then(() =>
      stop.abort(new Error('stopped; import the file again to go on, nothing is taken in twice')),
    );
    return withDatabase(config, async (database) => {
      if (values['new-workspace']) {
        const { workspace, key } = await createWorkspace(database, { name: values['new-workspace'] });
        say(
          `Made the workspace "${workspace.name}" (${workspace.id}). Its admin key, shown this once:\n  ${key}`,
        );
        values.workspace = workspace.id;
      }
      const workspace = await chooseWorkspace(database, values.workspace);
      const request = {
        workspaceId: workspace.id,
        source: { path },
        mapping,
        sourceName: values.source ?? mapping.name ?? basename(path),
        startedBy: 'cli',
        signal: stop.signal,
      };
      const operation = await beginImport(database, request);
      const result = await step(
        `Import ${basename(path)}`,
        ({ note }) =>
          runImport(database, operation, {
            ...request,
            onProgress: ({ bytesRead, totalBytes, counts }) => {
              const percent = totalBytes ? `${Math.floor((bytesRead / totalBytes) * 100)} %, ` : '';
              note(
                `${percent}${(counts.created + counts.changed + counts.unchanged).toLocaleString('en-US')} entries`,
              );
            },
          }),
        (done) =>
          `${(done.created + done.changed + done.unchanged + done.stateChanged).toLocaleString('en-US')} entries`,
      );
      table(
        ['Outcome', '>Count'],
        [
          ['new entries', result.created],
          ['unchanged', result.unchanged],
          ['new versions', result.changed],
          ['state changed', result.stateChanged],
          ['lines in quarantine', result.quarantined],
        ].map(([name, count]) => [String(name), Number(count).toLocaleString('en-US')]),
      );
      say(
        `  hours in the file's entries: ${(result.seconds / 3600).toLocaleString('en-US', { minimumFractionDigits: 2 })}`,
      );
      const unread = await database.inWorkspace(workspace.id, (tx) =>
        countQuarantineReasons(tx, request.sourceName, operation.id),
      );
      if (unread.length > 0) {
        say('\n  In quarantine, kept whole until they are mended or dismissed (identical lines count once):');
        table(
          ['Reason', '>Lines', 'For example', ''],
          unread.map((row) => [row.reason, row.rows.toLocaleString('en-US'), row.position, row.detail]),
        );
      }
      const exceptions = await database.inWorkspace(workspace.id, countOpenExceptions);
      if (exceptions.length > 0) {
        say('\n  Open exceptions (E must be fixed, W can be released with a reason):');
        table(
          ['Rule', 'Severity', '>Exceptions', '>Entries'],
          exceptions.map((row) => [row.rule, row.severity, String(row.exceptions), String(row.entries)]),
        );
      }
      return 0;
    });
  },
};
