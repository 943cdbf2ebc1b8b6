/** Owns pauses: somebody has said that no letter goes out about an invoice, or about any of a client, until a day or an end. */
import { localDay } from '../domain/day.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import { clockOf } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { replanLetters } from './invoice-plan.ts';
import { newId } from './new-id.ts';
import { getWorkspace, zoneOf } from './workspaces.ts';

export interface ReminderPause {
  id: string;
  clientId: string;
  /** Null: about any of the client. */
  invoiceId: string | null;
  reason: string;
  /** On this day it is over by itself; null: when somebody ends it. */
  untilOn: Day | null;
  pausedBy: string;
  createdAt: Instant;
  endedBy: string | null;
  endedAt: Instant | null;
}
const columns = 'id, client_id, invoice_id, reason, until_on, paused_by, created_at, ended_by, ended_at';

/** Newest first, after `after` (an id). */
export function listReminderPauses(
  tx: WorkspaceTx,
  filter: { clientId: string | null; invoiceId: string | null; open: boolean },
  page: { after: string | null; limit: number },
): Promise<ReminderPause[]> {
  return tx.rows<ReminderPause>(
    `select ${columns} from reminder_pauses where workspace_id = $1 and ($2::uuid is null or client_id = $2)
       and ($3::uuid is null or invoice_id = $3) and (not $4 or ended_at is null) and ($5::uuid is null or id < $5) order by id desc limit $6`,
    [tx.workspaceId, filter.clientId, filter.invoiceId, filter.open, page.after, page.limit],
  );
}

interface WantedPause {
  clientId: string;
  invoiceId: string | null;
  reason: string;
  untilOn: Day | null;
  actor: string;
}

/** The caller holds the client. Refuses where the same is paused already, and a day that has come. */
export async function pauseReminders(tx: WorkspaceTx, wanted: WantedPause): Promise<ReminderPause> {
  const { clientId, invoiceId, reason, untilOn, actor } = wanted;
  const today = localDay((await clockOf(tx)).now, zoneOf(await getWorkspace(tx)));
  if (untilOn !== null && untilOn <= today)
    throw new Refusal({
      code: 'reminder_pause.over',
      status: 422,
      message: `A pause until ${untilOn} would be over already.`,
      whatToDo: 'Name a later day, or none: then it lasts until somebody ends it.',
    });
  await tx.run(
    `update reminder_pauses set ended_at = now(), ended_by = 'system:reminders'
     where workspace_id = $1 and client_id = $2 and ended_at is null and until_on <= $3`,
    [tx.workspaceId, clientId, today],
  );
  const pause = await tx.row<ReminderPause>(
    `insert into reminder_pauses (workspace_id, id, client_id, invoice_id, reason, until_on, paused_by) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict do nothing returning ${columns}`,
    [tx.workspaceId, newId(), clientId, invoiceId, reason, untilOn, actor],
  );
  if (!pause)
    throw new Refusal({
      code: 'reminder_pause.exists',
      message: 'Its reminders are paused already.',
      whatToDo: 'End that pause first (GET /reminder-pauses?open=true), then pause anew.',
    });
  await record(tx, pause, 'paused', actor, { reason, untilOn });
  return pause;
}

/** Letters go on, with the step that has come meanwhile. Null: there is no such pause. */
export async function endReminderPause(
  tx: WorkspaceTx,
  id: string,
  actor: string,
): Promise<ReminderPause | null> {
  const known = await tx.row<ReminderPause>(
    `select ${columns} from reminder_pauses where workspace_id = $1 and id = $2 for no key update`,
    [tx.workspaceId, id],
  );
  if (!known) return null;
  if (known.endedAt !== null)
    throw new Refusal({
      code: 'reminder_pause.ended',
      message: 'This pause is over.',
      whatToDo: 'Nothing: read it again.',
    });
  const ended = await tx.row<ReminderPause>(
    `update reminder_pauses set ended_at = now(), ended_by = $3 where workspace_id = $1 and id = $2 returning ${columns}`,
    [tx.workspaceId, id, actor],
  );
  await record(tx, known, 'resumed', actor, {});
  return ended;
}

async function record(
  tx: WorkspaceTx,
  { id, clientId, invoiceId }: ReminderPause,
  what: 'paused' | 'resumed',
  actor: string,
  payload: Record<string, unknown>,
): Promise<void> {
  await recordEvents(tx, [
    {
      type: `reminders.${what}`,
      subjectType: invoiceId === null ? 'client' : 'client_invoice',
      subjectId: invoiceId ?? clientId,
      actor,
      permission: 'reminders.read',
      payload: { reminderPauseId: id, ...payload },
    },
  ]);
  await replanLetters(tx, invoiceId === null ? { clientId } : { invoiceId });
}
