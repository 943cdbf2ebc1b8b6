/** Owns how a report of the finance team is asked for and shown over the API. */
import { z } from 'zod';
import { localDay } from '../../../domain/day.ts';
import { invalidField } from '../../../domain/refusal.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { type FinanceReportResult, readFinanceReport } from '../../../store/reports/finance-report.ts';
import { financeReports } from '../../../store/reports/finance-reports.ts';
import { getWorkspace, zoneOf } from '../../../store/workspaces.ts';
import { day, id, shortText, storedDay } from '../../kit/schemas.ts';

const names = financeReports.map(({ name }) => name);
export const reportParams = z.object({ report: z.enum(names as [string, ...string[]]) });

export const reportQuery = z.object({
  asOf: day.optional().meta({
    description: 'The last day that counts; what was posted later changes nothing. Without it, today.',
  }),
  startsOn: day
    .optional()
    .meta({ description: 'Of a report over a period: its first day. Without it, the first of the month.' }),
  by: shortText.optional().meta({ description: 'What a row is; each report has its own choices.' }),
  clientId: id.optional(),
  sellerId: id.optional(),
});

const cells = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
export const financeReport = z
  .object({
    report: z.string(),
    title: z.string(),
    by: z.string(),
    startsOn: storedDay.nullable(),
    asOf: storedDay,
    columns: z.array(z.object({ key: z.string(), kind: z.enum(['text', 'day', 'money', 'quantity']) })),
    rows: z.array(cells).meta({ description: "Money is decimal text in the row's currency." }),
    totals: z.array(cells).meta({ description: 'A row a currency: two are never added.' }),
  })
  .meta({ id: 'FinanceReport' });

export async function askedReport(
  tx: WorkspaceTx,
  name: string,
  query: z.infer<typeof reportQuery>,
): Promise<FinanceReportResult> {
  const report = financeReports.find((one) => one.name === name)!;
  const by = query.by ?? report.groupings[0]!;
  if (!report.groupings.includes(by))
    throw invalidField(
      '/by',
      'report.grouping_unknown',
      `This report goes by ${report.groupings.join(', ')}.`,
    );
  const { asOf, startsOn, zone } = await askedDays(tx, query);
  const { clientId = null, sellerId = null } = query;
  return readFinanceReport(tx, report, { asOf, startsOn, by, clientId, sellerId, zone });
}

/** Today, and the first of its month, in the workspace's zone, where nothing is asked for. */
export async function askedDays(
  tx: WorkspaceTx,
  query: { asOf?: string | undefined; startsOn?: string | undefined },
): Promise<{ asOf: string; startsOn: string; zone: string }> {
  const workspace = await getWorkspace(tx);
  const zone = zoneOf(workspace);
  const asOf = query.asOf ?? localDay(workspace.clockAt ?? new Date(), zone);
  const startsOn = query.startsOn ?? `${asOf.slice(0, 8)}01`;
  if (startsOn > asOf)
    throw invalidField('/startsOn', 'report.period_empty', `${startsOn} is after ${asOf}.`);
  return { asOf, startsOn, zone };
}
