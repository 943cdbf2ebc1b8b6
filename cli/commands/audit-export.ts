/** Owns `slipway audit-export`: the audit as a file that anybody can verify. */
import { open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { beginExport, type ExportFormat, exportFormats, exportLines } from '../../store/audit-export.ts';
import { type Command, UsageError } from '../command.ts';
import { chooseWorkspace, withDatabase } from '../with-database.ts';

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const toInstant = (option: string, text: string | undefined): string | undefined => {
  if (text === undefined) return undefined;
  if (/^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) && !Number.isNaN(Date.parse(text)))
    return new Date(text).toISOString();
  throw new UsageError(`--${option} is a day (2026-01-31, from 00:00 UTC) or an instant with its offset.`);
};

export const auditExport: Command = {
  name: 'audit-export',
  usage:
    'slipway audit-export [--workspace W] [--format jsonl|csv] [--from DAY] [--to DAY] [--subject-type T] [--subject-id ID] [--output FILE]',
  summary: 'Write the audit to a new file or the screen; docs/AUDIT.md says how to verify it',
  run: ({ config, args }) => {
    const { values } = parseArgs({
      args,
      options: {
        workspace: { type: 'string' },
        format: { type: 'string', default: 'jsonl' },
        from: { type: 'string' },
        to: { type: 'string' },
        'subject-type': { type: 'string' },
        'subject-id': { type: 'string' },
        output: { type: 'string' },
      },
    });
    const format = values.format as ExportFormat;
    if (!exportFormats.includes(format)) throw new UsageError(`--format is ${exportFormats.join(' or ')}.`);
    const subjectId = values['subject-id'];
    if (subjectId !== undefined && !uuidPattern.test(subjectId))
      throw new UsageError('--subject-id is a UUID.');
    const filter = {
      from: toInstant('from', values.from),
      to: toInstant('to', values.to),
      subjectType: values['subject-type'],
      subjectId,
    };
    return withDatabase(config, async (database) => {
      const workspace = await chooseWorkspace(database, values.workspace);
      const head = await database.inWorkspace(workspace.id, (tx) =>
        beginExport(tx, { format, filter, actor: 'cli' }),
      );
      const lines = Readable.from(exportLines(database, head, { format, filter }));
      if (values.output) await writeNew(values.output, lines);
      else await pipeline(lines, process.stdout, { end: false });
      return 0;
    });
  },
};

/** Personal data in the clear: for this user's eyes; never over a file that is there, and whole or not at all. */
async function writeNew(path: string, lines: Readable): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await pipeline(lines, file.createWriteStream());
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}
