/** Owns how clients' quarterly reports are shown over the API, and who may see which. */
import { z } from 'zod';
import {
  type ClientReportFigures,
  clientReportStatuses,
  type Quarter,
  quarterNamed,
  quarterOf,
  reportReasons,
} from '../../../domain/client-report.ts';
import { localDay } from '../../../domain/day.ts';
import { printLanguages } from '../../../domain/print-format.ts';
import { found } from '../../../domain/refusal.ts';
import type { Instant } from '../../../domain/work-entry.ts';
import { type ClientReport, findClientReport } from '../../../store/client-reports.ts';
import { clockOf } from '../../../store/clock.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { listDeliveries } from '../../../store/deliveries.ts';
import { readClientReport } from '../../../store/reports/client-report.ts';
import { getWorkspace, zoneOf } from '../../../store/workspaces.ts';
import { type Actor, ownClient } from '../../kit/auth.ts';
import { id, instant, storedDay, storedDecimal } from '../../kit/schemas.ts';

export const quarter = z
  .string()
  .refine((name) => quarterNamed(name) !== null, 'a quarter, such as 2026-Q1')
  .meta({ description: 'A quarter of the calendar.', example: '2026-Q1' });
export const status = z.enum(clientReportStatuses).meta({
  description:
    'Waiting for the end of its quarter and closed books; drawn up: its figures are fixed; made: its file is there.',
});

const facts = {
  id,
  clientId: id,
  clientName: z.string(),
  quarter: z.string(),
  startsOn: storedDay,
  endsBefore: storedDay,
  status,
  drawnUpAt: instant.nullable(),
  drawnUpBecause: z.enum(reportReasons).nullable(),
  madeAt: instant.nullable(),
};
export const clientReport = z.object(facts).meta({ id: 'ClientReport' });

const seconds = z.int().meta({ description: 'Whole seconds.' });
const document = {
  day: storedDay.meta({ description: 'Of its posting.' }),
  number: z.string(),
  currency: z.string(),
  net: storedDecimal,
  tax: storedDecimal,
  total: storedDecimal,
};
const leftOut = z.int().meta({ description: 'Rows beyond what a report names.' });
export const reportFigures = z
  .object({
    quarter: z.string(),
    startsOn: storedDay,
    asOf: storedDay.meta({ description: 'The last day of the quarter: what was posted later is not in it.' }),
    language: z.enum(printLanguages),
    sender: z.string(),
    clientName: z.string(),
    clientCode: z.string(),
    projects: z.array(
      z.object({
        code: z.string(),
        name: z.string(),
        seconds,
        billableSeconds: seconds,
        people: z.array(z.object({ name: z.string().nullable(), seconds })),
      }),
    ),
    invoices: z.array(
      z.object({
        ...document,
        dueDate: storedDay,
        open: storedDecimal.meta({ description: 'At the end of the quarter.' }),
        isVoid: z.boolean(),
      }),
    ),
    credits: z.array(z.object({ ...document, invoiceNumber: z.string() })),
    payments: z.array(
      z.object({
        day: storedDay,
        reference: z.string().nullable(),
        currency: z.string(),
        amount: storedDecimal.meta({ description: 'Below zero: money went back.' }),
      }),
    ),
    accounts: z
      .array(
        z.object({
          sellerName: z.string(),
          currency: z.string(),
          opening: storedDecimal,
          invoiced: storedDecimal,
          credited: storedDecimal,
          paid: storedDecimal,
          other: storedDecimal,
          closing: storedDecimal,
          overdue: storedDecimal,
        }),
      )
      .meta({
        description:
          'The statement of account, added up: opening + invoiced − credited − paid + other = closing.',
      }),
    budgets: z.array(
      z.object({
        code: z.string(),
        name: z.string(),
        currency: z.string(),
        seconds: z.object({ budget: z.int(), used: z.int(), percent: storedDecimal }).nullable(),
        money: z.object({ budget: storedDecimal, used: storedDecimal, percent: storedDecimal }).nullable(),
      }),
    ),
    budgetsAsOf: storedDay,
    leftOut: z.object({ projects: leftOut, invoices: leftOut, credits: leftOut, payments: leftOut }),
  })
  .meta({ id: 'ClientReportFigures' });

export const clientReportInFull = z
  .object({
    ...facts,
    figures: reportFigures.nullable().meta({ description: 'As they were when it was drawn up.' }),
    deliveries: z.array(
      z.object({
        id,
        channel: z.string(),
        address: z.string(),
        status: z.string(),
        rejectionReason: z.string().nullable(),
        createdAt: instant,
        deliveredAt: instant.nullable(),
      }),
    ),
  })
  .meta({ id: 'ClientReportInFull' });

/** A client's member reads their own that are made; all others are as if they did not exist. */
export async function visibleReport(tx: WorkspaceTx, reportId: string, actor: Actor): Promise<ClientReport> {
  const own = ownClient(actor, 'invoices.read');
  const report = found(await findClientReport(tx, reportId), 'client_report');
  const isVisible = own === null || (report.clientId === own && report.status === 'made');
  return found(isVisible ? report : null, 'client_report');
}

export const deliveriesOf = (tx: WorkspaceTx, reportId: string) =>
  listDeliveries(tx, 'client_report', reportId);

/** As the quarter's report would be if it were drawn up now; without a name the quarter that runs. */
export async function previewOf(
  tx: WorkspaceTx,
  clientId: string,
  name: string | undefined,
): Promise<{ figures: ClientReportFigures; now: Instant }> {
  const { now } = await clockOf(tx);
  const today = localDay(now, zoneOf(await getWorkspace(tx)));
  const asked: Quarter = name === undefined ? quarterOf(today) : quarterNamed(name)!;
  return { figures: found(await readClientReport(tx, clientId, asked, today), 'client'), now };
}
