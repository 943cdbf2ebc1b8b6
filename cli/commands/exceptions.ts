/** Owns `slipway exceptions`: what waits for a person, counted by rule, or the newest of it one by one. */
import { parseArgs } from 'node:util';
import { hoursText } from '../../domain/hours-text.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { listExceptions } from '../../store/exceptions.ts';
import { summarizeExceptions } from '../../store/reports/exception-summary.ts';
import type { Command } from '../command.ts';
import { say, table } from '../story.ts';
import { chooseWorkspace, withDatabase } from '../with-database.ts';

const shown = 50;
const count = (value: number) => value.toLocaleString('en-US');

export const exceptions: Command = {
  name: 'exceptions',
  usage: 'slipway exceptions [--summary] [--workspace W]',
  summary: `Show the newest ${shown} open exceptions; with --summary all of them by rule, with the hours they cover`,
  run: ({ config, args }) => {
    const { values } = parseArgs({
      args,
      options: { summary: { type: 'boolean', default: false }, workspace: { type: 'string' } },
    });
    return withDatabase(config, async (database) => {
      const workspace = await chooseWorkspace(database, values.workspace);
      await database.inWorkspace(workspace.id, values.summary ? showSummary : showNewest);
      return 0;
    });
  },
};

async function showSummary(tx: WorkspaceTx): Promise<void> {
  const { rules, all, quarantined } = await summarizeExceptions(tx);
  if (rules.length === 0) say('No exception is open.');
  else
    table(
      ['Rule', 'Severity', '>Exceptions', '>Entries', '>Hours'],
      [
        ...rules.map((row) => [row.rule, row.severity, ...toCells(row)]),
        ['all, each entry once', '', ...toCells(all)],
      ],
    );
  say(`  ${count(quarantined)} lines are in quarantine: they could not be read, and are in no count above.`);
}

const toCells = (row: { exceptions: number; entries: number; seconds: number }) => [
  count(row.exceptions),
  count(row.entries),
  hoursText(row.seconds),
];

async function showNewest(tx: WorkspaceTx): Promise<void> {
  const open = await listExceptions(tx, { status: 'open', limit: shown });
  if (open.length === 0) return say('No exception is open.');
  table(
    ['Rule', 'Severity', '>Entries', '>Days old', 'Found'],
    open.map((row) => [
      row.rule,
      row.severity,
      count(row.entryCount),
      count(row.ageDays),
      typeof row.detail.figure === 'string' ? row.detail.figure : row.subjectKey,
    ]),
  );
  if (open.length === shown) say(`  These are the newest ${shown}; --summary counts all.`);
}
