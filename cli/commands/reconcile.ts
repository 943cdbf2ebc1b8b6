/** Owns `slipway reconcile`: what sources and platforms have against the books; exit code 1 where something differs. */
import { parseArgs } from 'node:util';
import { isDay } from '../../domain/day.ts';
import { hoursText } from '../../domain/hours-text.ts';
import type { ReconciledHours } from '../../domain/reconciliation.ts';
import type { Day } from '../../domain/work-entry.ts';
import {
  type MoneyRow,
  type Reconciliation,
  readReconciliation,
} from '../../store/reports/reconciliation.ts';
import { type Command, UsageError } from '../command.ts';
import { say, table } from '../story.ts';
import { chooseWorkspace, withDatabase } from '../with-database.ts';

export const reconcile: Command = {
  name: 'reconcile',
  usage: 'slipway reconcile [--from DAY] [--before DAY] [--workspace W]',
  summary:
    'Compare hours of sources and money at platforms with the books; exit code 1 when something differs',
  run: ({ config, args }) => {
    const { values } = parseArgs({
      args,
      options: { from: { type: 'string' }, before: { type: 'string' }, workspace: { type: 'string' } },
    });
    const startsOn = toDay('from', values.from);
    const endsBefore = toDay('before', values.before);
    if (startsOn !== null && endsBefore !== null && endsBefore <= startsOn)
      throw new UsageError('--before is a day after --from.');
    return withDatabase(config, async (database) => {
      const workspace = await chooseWorkspace(database, values.workspace);
      const report = await database.inWorkspace(workspace.id, (tx) =>
        readReconciliation(tx, { startsOn, endsBefore, sourceId: null }),
      );
      show(report);
      return report.balanced ? 0 : 1;
    });
  },
};

function toDay(option: string, text: string | undefined): Day | null {
  if (text === undefined) return null;
  if (!isDay(text)) throw new UsageError(`--${option} is a day, as 2026-01-31.`);
  return text;
}

function show({ hours, all, money, balanced }: Reconciliation): void {
  if (hours.length === 0) say('No source has any hours.');
  else
    table(
      [
        'Source',
        'Project',
        'Cost centre',
        'Month',
        '>Source h',
        '>Billed',
        '>Unbilled',
        '>Excluded',
        '>Quarantined',
        '>Difference',
      ],
      [
        ...hours.map((row) => [
          row.sourceName,
          row.projectCode ?? '–',
          row.costCentre ?? '–',
          row.period ?? '–',
          ...toCells(row),
        ]),
        ['all', '', '', '', ...toCells(all)],
      ],
    );
  if (all.quarantinedRows > 0)
    say(
      `  ${all.quarantinedRows.toLocaleString('en-US')} lines are in quarantine; most have no hours that can be read.`,
    );
  if (money.length > 0)
    table(
      ['Platform', 'Month', '', '>Issued', '>There', '>On its way', '>Failed', '>Difference'],
      money.map((row) => [row.connectionName, row.period, row.currency, ...toAmounts(row)]),
    );
  say(balanced ? 'Nothing differs.' : 'Something differs: see the last column.');
}

const toCells = (row: ReconciledHours) =>
  [
    row.source,
    row.billed,
    row.unbilled,
    row.nonBillable + row.settledElsewhere + row.writtenOff + row.included,
    row.quarantined,
    row.difference,
  ].map(hoursText);
const toAmounts = ({ total, remoteTotal, waitingTotal, failedTotal, difference }: MoneyRow) => [
  total,
  remoteTotal,
  waitingTotal,
  failedTotal,
  difference,
];
