/** Owns what the workflow of a client's quarterly report does: knowing what it waits for, drawing it up, making its file. */
import { quarterEnd, reportGraceDays, reportGraceEnd } from '../domain/client-report.ts';
import type { Instant } from '../domain/work-entry.ts';
import {
  type ClientReport,
  cancelReports,
  drawUpReport,
  findClientReport,
  noteQuarterOver,
  readBooks,
  waitUntil,
  wantsReports,
} from '../store/client-reports.ts';
import { clients } from '../store/clients.ts';
import { clockOf } from '../store/clock.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { getWorkspace, zoneOf } from '../store/workspaces.ts';
import type { ActivityDeps } from './deps.ts';
import { look, type SubjectRef } from './look.ts';

/** Where a report stands; `until` is when it is looked at again, whatever happens. */
export type ClientReportStep =
  | { step: 'wait'; for: 'quarter_end' | 'closed_books'; until: Instant; waitMs: number | null }
  | { step: 'make' }
  | { step: 'done'; status: ClientReport['status'] | 'unknown' };

export interface ReportDeps extends ActivityDeps {
  /** Prints reports and keeps their files; runtime/report-keeper.ts says more. */
  reports: { keep(ref: { workspaceId: string; id: string }): Promise<void> };
}

export function createClientReportActivities(deps: ReportDeps) {
  const { database, reports } = deps;

  return {
    /** What this report needs now; what falls due at a time has a row for it. */
    lookAtClientReport: (ref: SubjectRef): Promise<ClientReportStep> =>
      look(deps, 'client_report', ref, async (tx) => {
        const report = await findClientReport(tx, ref.subjectId, true);
        if (report?.status === 'drawn_up') return { step: 'make' };
        if (report?.status !== 'waiting') return { step: 'done', status: report?.status ?? 'unknown' };
        const client = await clients.find(tx, report.clientId);
        if (client === null || !wantsReports(client)) {
          await cancelReports(tx, report.clientId);
          return { step: 'done', status: 'cancelled' };
        }
        return lookAtWaiting(tx, report);
      }),

    /** Draws it up where that is still to be done, then prints, keeps and mails it; each once. */
    async makeClientReport({ workspaceId, subjectId }: SubjectRef): Promise<void> {
      await database.inWorkspace(workspaceId, async (tx) => {
        const report = await findClientReport(tx, subjectId, true);
        if (report?.status !== 'waiting') return;
        const { now } = await clockOf(tx);
        const { closed } = await readBooks(tx, report, now);
        await drawUpReport(tx, report, closed ? 'books_closed' : 'grace_over');
      });
      await reports.keep({ workspaceId, id: subjectId });
    },
  };
}

async function lookAtWaiting(tx: WorkspaceTx, report: ClientReport): Promise<ClientReportStep> {
  const clock = await clockOf(tx);
  const { settings } = await getWorkspace(tx);
  const zone = zoneOf({ settings });
  const isOver = (at: Instant) => Date.parse(clock.now) >= Date.parse(at);
  const end = quarterEnd(report, zone);
  if (!isOver(end)) {
    await waitUntil(tx, report, 'quarter_ended', end);
    return { step: 'wait', for: 'quarter_end', until: end, waitMs: clock.waitMs(end) };
  }
  await noteQuarterOver(tx, report);
  const graceEnd = reportGraceEnd(report, zone, reportGraceDays(settings));
  const { closed, changesAt } = await readBooks(tx, report, clock.now);
  if (closed || isOver(graceEnd)) {
    await waitUntil(tx, report, 'make', clock.now);
    return { step: 'make' };
  }
  const until = changesAt !== null && Date.parse(changesAt) < Date.parse(graceEnd) ? changesAt : graceEnd;
  await waitUntil(tx, report, 'make', until);
  return { step: 'wait', for: 'closed_books', until, waitMs: clock.waitMs(until) };
}
