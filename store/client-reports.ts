/** Owns the reports that clients get after each quarter: planned with the setting, drawn up once, kept as they were. */
import {
  booksClosed,
  type ClientReportFigures,
  type ClientReportStatus,
  clientReportTransitions,
  type KeptBooks,
  nextQuarter,
  type Quarter,
  quarterEnd,
  quarterNamed,
  quarterOf,
  type ReportAddress,
  type ReportReason,
  reportAddress,
} from '../domain/client-report.ts';
import { clientReportMail } from '../domain/client-report-mail.ts';
import { localDay } from '../domain/day.ts';
import { instantIn } from '../domain/import/to-instant.ts';
import { statusOn } from '../domain/period.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { clockOf } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { mailDocument } from './deliveries.ts';
import { listDocumentFiles } from './document-files.ts';
import { closeDue, doneDue, forgetDue, setDue } from './due.ts';
import { recordEvents } from './events.ts';
import { newId } from './new-id.ts';
import { enqueueLook, enqueueLooks } from './outbox.ts';
import { readClientReport } from './reports/client-report.ts';
import { getWorkspace, zoneOf } from './workspaces.ts';

export interface ClientReport {
  id: string;
  clientId: string;
  clientName: string;
  quarter: string;
  startsOn: Day;
  endsBefore: Day;
  status: ClientReportStatus;
  drawnUpAt: Instant | null;
  drawnUpBecause: ReportReason | null;
  madeAt: Instant | null;
}
const columns = `r.id, r.client_id, c.name as client_name, r.quarter, r.starts_on, r.ends_before, r.status, r.drawn_up_at, r.drawn_up_because, r.made_at`;
const joined = `client_reports r join clients c on c.workspace_id = $1 and c.id = r.client_id`;

export function findClientReport(tx: WorkspaceTx, id: string, lock = false): Promise<ClientReport | null> {
  return tx.row<ClientReport>(
    `select ${columns} from ${joined} where r.workspace_id = $1 and r.id = $2 ${lock ? 'for no key update of r' : ''}`,
    [tx.workspaceId, id],
  );
}

/** As they were when it was drawn up; null before. */
export async function readFigures(tx: WorkspaceTx, id: string): Promise<ClientReportFigures | null> {
  const row = await tx.row<{ figures: ClientReportFigures | null }>(
    'select figures from client_reports where workspace_id = $1 and id = $2',
    [tx.workspaceId, id],
  );
  return row?.figures ?? null;
}

export interface ReportFilter {
  clientId?: string | undefined;
  quarter?: string | undefined;
  status?: ClientReportStatus | undefined;
  /** Only those that the client may see. */
  madeOnly: boolean;
}

/** Newest first, up to limit + 1. */
export function listClientReports(
  tx: WorkspaceTx,
  filter: ReportFilter,
  page: { after: string | null; limit: number },
): Promise<ClientReport[]> {
  return tx.rows<ClientReport>(
    `select ${columns} from ${joined} where r.workspace_id = $1 and ($2::uuid is null or r.client_id = $2) and ($3::text is null or r.quarter = $3)
       and ($4::text is null or r.status = $4) and (not $5::boolean or r.status = 'made') and ($6::uuid is null or r.id < $6)
     order by r.id desc limit $7`,
    [
      tx.workspaceId,
      filter.clientId ?? null,
      filter.quarter ?? null,
      filter.status ?? null,
      filter.madeOnly,
      page.after,
      page.limit + 1,
    ],
  );
}

export interface ReportWish {
  id: string;
  quarterlyReports: boolean;
  internal: boolean;
  status: string;
}
/** Whether the client gets reports: it asked for them, is not the own company, and is still kept. */
export const wantsReports = (client: Omit<ReportWish, 'id'>): boolean =>
  client.quarterlyReports && !client.internal && client.status !== 'archived';

/** After a change of the client: plans the report of the quarter that runs, or calls off what nobody wants any more. */
export async function followReportSetting(
  tx: WorkspaceTx,
  before: ReportWish | null,
  after: ReportWish,
): Promise<void> {
  const wanted = before !== null && wantsReports(before);
  const wants = wantsReports(after);
  if (wants === wanted) return;
  if (!wants) return cancelReports(tx, after.id);
  const { now } = await clockOf(tx);
  const zone = zoneOf(await getWorkspace(tx));
  await planReport(tx, after.id, quarterOf(localDay(now, zone)), zone);
}

const actor = 'system:client-report';
const subjectType = 'client_report' as const;
const permission = 'invoices.read' as const;

/** One a client and quarter, however often it is planned. */
async function planReport(tx: WorkspaceTx, clientId: string, quarter: Quarter, zone: string): Promise<void> {
  const row = await tx.row<{ id: string }>(
    `insert into client_reports as r (workspace_id, client_id, quarter, starts_on, ends_before) values ($1, $2, $3, $4, $5)
     on conflict (workspace_id, client_id, quarter) do update set status = 'waiting' where r.status = 'cancelled' returning id`,
    [tx.workspaceId, clientId, quarter.name, quarter.startsOn, quarter.endsBefore],
  );
  if (row === null) return;
  await setDue(tx, {
    subjectType,
    subjectId: row.id,
    kind: 'quarter_ended',
    period: quarter.name,
    dueAt: quarterEnd(quarter, zone),
  });
  await recordEvents(tx, [
    {
      type: 'client_report.planned',
      subjectType,
      subjectId: row.id,
      actor,
      permission,
      payload: { clientId, quarter: quarter.name },
    },
  ]);
  await enqueueLook(tx, { subjectType, subjectId: row.id, lane: 'bulk', reason: 'planned' });
}

/** Those that still wait; what was drawn up goes to the client. */
export async function cancelReports(tx: WorkspaceTx, clientId: string): Promise<void> {
  const rows = await tx.rows<{ id: string; quarter: string }>(
    `update client_reports set status = 'cancelled' where workspace_id = $1 and client_id = $2 and status = 'waiting' returning id, quarter`,
    [tx.workspaceId, clientId],
  );
  await forgetDue(
    tx,
    subjectType,
    rows.map(({ id }) => id),
  );
  await recordEvents(
    tx,
    rows.map(({ id, quarter }) => ({
      type: 'client_report.cancelled',
      subjectType,
      subjectId: id,
      actor,
      permission,
      payload: { clientId, quarter },
    })),
  );
  await enqueueLooks(
    tx,
    rows.map(({ id }) => ({ subjectType, subjectId: id, lane: 'bulk' as const, reason: 'cancelled' })),
  );
}

/** Of a client that is deleted: it has none that was drawn up, or it would be kept. */
export async function removeReports(tx: WorkspaceTx, clientId: string): Promise<void> {
  await cancelReports(tx, clientId);
  await tx.run('delete from client_reports where workspace_id = $1 and client_id = $2', [
    tx.workspaceId,
    clientId,
  ]);
}

/** A seller closed books of these days: reports that wait for that look again. */
export async function wakeReports(
  tx: WorkspaceTx,
  books: Pick<KeptBooks, 'sellerId' | 'startsOn' | 'endsBefore'>,
): Promise<void> {
  const rows = await tx.rows<{ id: string }>(
    `select r.id from client_reports r
     where r.workspace_id = $1 and r.status = 'waiting' and r.starts_on < $3 and r.ends_before > $2
       and exists (select from contracts k where k.workspace_id = $1 and k.client_id = r.client_id and k.seller_id = $4)`,
    [tx.workspaceId, books.startsOn, books.endsBefore, books.sellerId],
  );
  await enqueueLooks(
    tx,
    rows.map(({ id }) => ({ subjectType, subjectId: id, lane: 'bulk' as const, reason: 'books closed' })),
  );
}

const maxBooks = 2_000;

/**
 * Whether all books that the report goes by are closed: those of whoever had a contract with the client in the quarter. `changesAt`: when
 * the grace of a soft-closed period ends, the next of them, and it is as good as closed without anybody saying so.
 */
export async function readBooks(
  tx: WorkspaceTx,
  report: ClientReport,
  now: Instant,
): Promise<{ closed: boolean; changesAt: Instant | null }> {
  const sellers = await tx.rows<{ id: string; zone: string }>(
    `select s.id, s.zone from sellers s where s.workspace_id = $1 and exists (
       select from contracts k where k.workspace_id = $1 and k.client_id = $2 and k.seller_id = s.id and k.status <> 'draft'
         and k.starts_on < $4 and (k.ends_before is null or k.ends_before > $3)) order by s.id`,
    [tx.workspaceId, report.clientId, report.startsOn, report.endsBefore],
  );
  const zones = new Map(sellers.map(({ id, zone }) => [id, zone]));
  const books = await tx.rows<KeptBooks & { graceEndsBefore: Day | null }>(
    `select seller_id, area, starts_on, ends_before, status, grace_ends_before from periods
     where workspace_id = $1 and seller_id = any($2::uuid[]) and starts_on < $4 and ends_before > $3 limit $5`,
    [tx.workspaceId, plainArray([...zones.keys()]), report.startsOn, report.endsBefore, maxBooks],
  );
  const today = books.map((one) => ({ ...one, zone: zones.get(one.sellerId)! }));
  const asOfNow = today.map((one) => ({ ...one, status: statusOn(one, localDay(now, one.zone)) }));
  const graceEnds = asOfNow.flatMap(({ status, graceEndsBefore, zone }) =>
    status === 'soft_closed' && graceEndsBefore !== null ? [instantIn(zone)(graceEndsBefore, 0)] : [],
  );
  return {
    closed: booksClosed(report, [...zones.keys()], asOfNow),
    changesAt: graceEnds.toSorted((a, b) => (a < b ? -1 : 1))[0] ?? null,
  };
}

/**
 * Fixes the figures and plans the report of the quarter after it, for as long as the client wants any. The caller holds the
 * report. Answers false where it was drawn up before.
 */
export async function drawUpReport(
  tx: WorkspaceTx,
  report: ClientReport,
  reason: ReportReason,
  by: string = actor,
): Promise<boolean> {
  if (!clientReportTransitions[report.status].includes('drawn_up')) return false;
  const { now } = await clockOf(tx);
  const zone = zoneOf(await getWorkspace(tx));
  const quarter = quarterNamed(report.quarter)!;
  const figures = await readClientReport(tx, report.clientId, quarter, localDay(now, zone));
  await tx.run(
    `update client_reports set status = 'drawn_up', figures = $3, drawn_up_at = $4, drawn_up_because = $5 where workspace_id = $1 and id = $2`,
    [tx.workspaceId, report.id, JSON.stringify(figures), now, reason],
  );
  await noteQuarterOver(tx, report);
  // Until its file is there it stays due: whatever died meanwhile is found by the sweep.
  await waitUntil(tx, report, 'make', now);
  await recordEvents(tx, [
    {
      type: 'client_report.drawn_up',
      subjectType,
      subjectId: report.id,
      actor: by,
      permission,
      payload: { clientId: report.clientId, quarter: report.quarter, reason },
    },
  ]);
  await planReport(tx, report.clientId, nextQuarter(quarter), zone);
  return true;
}

/** Its file is kept. */
export async function markMade(tx: WorkspaceTx, report: ClientReport, sha256: string): Promise<void> {
  const { now } = await clockOf(tx);
  await tx.run(
    `update client_reports set status = 'made', made_at = $3 where workspace_id = $1 and id = $2 and status = 'drawn_up'`,
    [tx.workspaceId, report.id, now],
  );
  await closeDue(tx, subjectType, [report.id]);
  await recordEvents(tx, [
    {
      type: 'client_report.made',
      subjectType,
      subjectId: report.id,
      actor,
      permission,
      payload: { clientId: report.clientId, quarter: report.quarter, sha256 },
    },
  ]);
}

/** Waits until then: a row in `due` for the sweep and the moved clock. */
export async function waitUntil(
  tx: WorkspaceTx,
  report: ClientReport,
  kind: 'quarter_ended' | 'make',
  dueAt: Instant,
): Promise<void> {
  await setDue(tx, { subjectType, subjectId: report.id, kind, period: report.quarter, dueAt });
}
/** Its quarter is over: what it waits for from now on has a time of its own. */
export async function noteQuarterOver(tx: WorkspaceTx, report: ClientReport): Promise<void> {
  await doneDue(tx, { subjectType, subjectId: report.id, kind: 'quarter_ended', period: report.quarter });
}

/** Draws it up now, without waiting for closed books; refuses with 409 while the quarter runs, and where it is past waiting. */
export async function askForReport(tx: WorkspaceTx, report: ClientReport, by: string): Promise<void> {
  if (report.status !== 'waiting')
    throw new Refusal({
      code: 'client_report.not_waiting',
      message: `The report of ${report.quarter} does not wait: it is ${report.status.replace('_', ' ')}.`,
      whatToDo:
        report.status === 'cancelled'
          ? "Switch the client's quarterly reports on; what was called off for an earlier quarter can be read as a preview."
          : 'Read it, or send it again.',
    });
  const { now } = await clockOf(tx);
  const end = quarterEnd(report, zoneOf(await getWorkspace(tx)));
  if (Date.parse(now) < Date.parse(end))
    throw new Refusal({
      code: 'client_report.quarter_runs',
      message: `The quarter ${report.quarter} is not over before ${end}.`,
      whatToDo: 'Read a preview of it, or wait for its end.',
      details: { endsAt: end },
    });
  await drawUpReport(tx, report, 'asked', by);
  await enqueueLook(tx, { subjectType, subjectId: report.id, lane: 'interactive', reason: 'asked for' });
}

/** Whom its mail goes to now; null: nobody. */
export async function readReportAddress(tx: WorkspaceTx, clientId: string): Promise<string | null> {
  const client = await tx.row<ReportAddress>(
    `select mail_notifications, coalesce(email, accounts_payable_email) as email from clients where workspace_id = $1 and id = $2`,
    [tx.workspaceId, clientId],
  );
  return client && reportAddress(client);
}

/** The kept file once more, to the client or to whom `to` names. Refuses with 409 what is not made, and a client without mail. */
export async function sendReportAgain(
  tx: WorkspaceTx,
  report: ClientReport,
  to: string | null,
  by: string,
): Promise<void> {
  const [file] = await listDocumentFiles(tx, subjectType, report.id);
  if (report.status !== 'made' || file === undefined) throw reportNotMade();
  const address = to ?? (await readReportAddress(tx, report.clientId));
  if (address === null)
    throw new Refusal({
      code: 'client_report.no_address',
      message: `${report.clientName} wants no mail, or has no e-mail address.`,
      whatToDo: 'Say in "to" where it goes.',
    });
  const figures = (await readFigures(tx, report.id))!;
  await mailDocument(tx, {
    type: subjectType,
    id: report.id,
    to: address,
    again: newId(),
    ...clientReportMail(figures),
    files: [file],
  });
  await recordEvents(tx, [
    {
      type: 'client_report.sent_again',
      subjectType,
      subjectId: report.id,
      actor: by,
      permission,
      payload: { clientId: report.clientId, quarter: report.quarter, address },
    },
  ]);
}

export const reportNotMade = () =>
  new Refusal({
    code: 'client_report.not_made',
    message: 'This report is not made yet, so there is no file of it.',
    whatToDo:
      'Read a preview of it, or have it made now once its quarter is over (POST /client-reports/:clientReportId/make).',
  });
