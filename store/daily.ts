/** Owns what a workspace does once a day by its own clock and zone: the digest of what is open, and the alarm of age. */
import { listRules } from '../domain/announcement.ts';
import { localDay } from '../domain/day.ts';
import { digestLines, digestSettings, localTime, type OpenWork } from '../domain/digest.ts';
import type { Day } from '../domain/work-entry.ts';
import { confirmationDays, followConfirmations } from './client-confirmations.ts';
import { sqlNow } from './clock.ts';
import { readClockMove } from './clock-moves.ts';
import type { Database, WorkspaceTx } from './database.ts';
import { remindOfExpiry } from './document-reminders.ts';
import { watchLatestDates } from './latest-invoice-dates.ts';
import { notify } from './notifications.ts';
import { watchBudgets } from './project-budgets.ts';
import { sendStatements } from './send-statements.ts';
import { watchCorrections } from './waiting-corrections.ts';
import { getWorkspace, listWorkspaces, type Workspace, zoneOf } from './workspaces.ts';

/** The workspace's day, once its time for the digest has come; null before. */
function dayOf(workspace: Workspace): Day | null {
  const now = workspace.clockAt ?? new Date().toISOString();
  const zone = zoneOf(workspace);
  return localTime(now, zone) >= digestSettings(workspace.settings).digestTime ? localDay(now, zone) : null;
}

/**
 * Does for every workspace what its day asks for and nobody has done. Safe to repeat, and from several places: a hub that
 * was down does today's at its next sweep, and not those of the days it missed. Answers how many workspaces had theirs.
 */
export async function doDaily(database: Database): Promise<number> {
  let done = 0;
  for (const workspace of await listWorkspaces(database)) {
    // Whoever sets a clock forward does each day on the way, once all is idle that came before it.
    const isMoving =
      workspace.clockAt !== null && (await database.inWorkspace(workspace.id, (tx) => readClockMove(tx)));
    if (!isMoving && (await doDailyOf(database, workspace))) done += 1;
  }
  return done;
}

/** The same for one workspace. False where its day was done before, or its time has not come. */
export async function doDailyOf(database: Database, workspace: Workspace): Promise<boolean> {
  const day = dayOf(workspace);
  if (day === null) return false;
  const told = await database.inWorkspace(workspace.id, (tx) => tellDay(tx, day));
  await database.inWorkspace(workspace.id, (tx) => writeToClients(tx, day));
  return told;
}

/** The due row is what makes it once: whoever inserts it does the work, in the same transaction. */
async function isFirst(tx: WorkspaceTx, kind: 'daily' | 'statements', day: Day): Promise<boolean> {
  const inserted = await tx.run(
    `insert into due (workspace_id, subject_type, subject_id, kind, period, due_at, done_at)
     values ($1, 'workspace', $1, $3, $2, now(), now()) on conflict do nothing`,
    [tx.workspaceId, day, kind],
  );
  return inserted === 1;
}

async function writeToClients(tx: WorkspaceTx, day: Day): Promise<void> {
  if (!(await isFirst(tx, 'statements', day))) return;
  const { settings } = await getWorkspace(tx);
  if (settings.monthlyStatements === true && day.endsWith('-01')) await sendStatements(tx, day);
}

/** False when this day's was done before. */
async function tellDay(tx: WorkspaceTx, day: Day): Promise<boolean> {
  if (!(await isFirst(tx, 'daily', day))) return false;
  const workspace = await getWorkspace(tx);
  await remindOfExpiry(tx);
  await followConfirmations(tx, confirmationDays(workspace.settings));
  await watchBudgets(tx, day);
  await watchLatestDates(tx, day);
  await watchCorrections(tx, day);
  await alarmOfAge(tx, day, digestSettings(workspace.settings).exceptionAgeDays);
  const lines = digestLines(await readOpenWork(tx, zoneOf(workspace)));
  if (lines.length > 0)
    await notify(tx, [
      {
        kind: 'digest.finance',
        to: { permission: 'exceptions.resolve' },
        key: `digest.finance:${day}`,
        subjectType: 'workspace',
        subjectId: null,
        params: { day, open: lines.join('\n') },
      },
    ]);
  return true;
}

/** Each exception raises it once, when it has been open for more than so many days. */
async function alarmOfAge(tx: WorkspaceTx, day: Day, days: number): Promise<void> {
  const aged = await tx.rows<{ rule: string; exceptions: number }>(
    `with aged as (
       update exceptions set alarmed_at = now()
       where workspace_id = $1 and status = 'open' and alarmed_at is null and coalesce(sandbox_at, created_at) < ${sqlNow} - $2 * interval '1 day' returning rule)
     select rule, count(*)::int as exceptions from aged group by 1`,
    [tx.workspaceId, days],
  );
  if (aged.length === 0) return;
  await notify(tx, [
    {
      kind: 'exception.aged',
      to: { permission: 'exceptions.resolve' },
      key: `exception.aged:${day}`,
      subjectType: 'exception',
      subjectId: null,
      params: {
        days: String(days),
        count: String(aged.reduce((sum, { exceptions }) => sum + exceptions, 0)),
        rules: listRules(aged),
      },
    },
  ]);
}

const connectionsShown = 20;

async function readOpenWork(tx: WorkspaceTx, zone: string): Promise<OpenWork> {
  const exceptions = await tx.rows<{ rule: string; exceptions: number }>(
    `select rule, count(*)::int as exceptions from exceptions where workspace_id = $1 and status = 'open' and rule <> 'invoice.held' group by 1`,
    [tx.workspaceId],
  );
  const paused = await tx.rows<{ name: string }>(
    `select name from connections where workspace_id = $1 and status in ('paused', 'authorization_lost') order by name limit $2`,
    [tx.workspaceId, connectionsShown],
  );
  const counts = await tx.row<Omit<OpenWork, 'exceptions' | 'pausedConnections'>>(
    `select (select (min(coalesce(sandbox_at, created_at)) at time zone $2)::date from exceptions where workspace_id = $1 and status = 'open') as oldest_exception_on,
       (select count(*) from client_invoices where workspace_id = $1 and status = 'held')::int as held_invoices,
       (select count(*) from quarantine where workspace_id = $1 and status = 'open')::int as quarantined_rows,
       (select count(*) from tickets where workspace_id = $1 and status = 'submitted')::int as tickets_waiting,
       (select count(*) from contractor_invoices where workspace_id = $1 and status = 'submitted')::int as contractor_invoices_waiting,
       (select count(*) from runs where workspace_id = $1 and status = 'queued' and approval = 'asked')::int as runs_waiting,
       (select count(*) from mails where workspace_id = $1 and status = 'given_up' and created_at > now() - interval '4 days')::int as mails_given_up`,
    [tx.workspaceId, zone],
  );
  return { ...counts!, exceptions, pausedConnections: paused.map(({ name }) => name) };
}
