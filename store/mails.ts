/** Owns mails on their way: queued with the command that causes them, claimed by one sender at a time, and how each ended. */
import type { MailKind, ParamsOf } from '../domain/notification.ts';
import type { Tx, WorkspaceTx } from './database.ts';
import { bounded } from './notifications.ts';

/** One mail to an address that is no member's yet, or not any more. Members are told by `notify`. */
export interface NewMail<Kind extends MailKind = MailKind> {
  to: string;
  template: Kind;
  params: ParamsOf<Kind>;
  /** The same key is mailed once, ever. Up to 300 characters. */
  key: string;
  /** Where its button leads: a path of the hub's, such as `/invitations/…`; null: no button. */
  link: string | null;
  /** Kept files that it carries. */
  attachments?: readonly MailAttachment[];
}
export interface MailAttachment {
  /** Hex. */
  sha256: string;
  fileName: string;
  mediaType: string;
}

/** Queues a mail in this transaction; it is sent after the commit. Answers false when the key was mailed before. */
export async function queueMail<Kind extends MailKind>(
  tx: WorkspaceTx,
  mail: NewMail<Kind>,
): Promise<boolean> {
  const queued = await tx.run(
    `insert into mails (workspace_id, key, kind, address, params, link, attachments) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (workspace_id, key) do nothing`,
    [
      tx.workspaceId,
      mail.key,
      mail.template,
      mail.to,
      JSON.stringify(mail.params, bounded),
      mail.link,
      JSON.stringify(mail.attachments ?? []),
    ],
  );
  return queued === 1;
}

/** Of a mail that its sender holds. */
export async function attachFile(tx: WorkspaceTx, id: string, file: MailAttachment): Promise<void> {
  await tx.run(
    'update mails set attachments = attachments || $3::jsonb where workspace_id = $1 and id = $2',
    [tx.workspaceId, id, JSON.stringify([file])],
  );
}

export const mailStatuses = ['queued', 'failed', 'sent', 'given_up'] as const;
export type MailStatus = (typeof mailStatuses)[number];

export interface MailRow {
  id: string;
  kind: string;
  address: string;
  params: Record<string, unknown>;
  link: string | null;
  status: MailStatus;
  attempts: number;
  lastError: string | null;
  nextAttemptAt: string;
  /** Not tried any more after that. */
  giveUpAt: string;
  createdAt: string;
  sentAt: string | null;
}
const columns =
  'id, kind, address, params, link, status, attempts, last_error, next_attempt_at, give_up_at, created_at, sent_at';

/** Newest first, after `before` (an id). */
export function listMails(
  tx: WorkspaceTx,
  filter: { status: MailStatus | null; before: string | null; limit: number },
): Promise<MailRow[]> {
  return tx.rows<MailRow>(
    `select ${columns} from mails where workspace_id = $1 and ($2::text is null or status = $2) and ($3::uuid is null or id < $3)
     order by id desc limit $4`,
    [tx.workspaceId, filter.status, filter.before, filter.limit],
  );
}

export function readMail(tx: WorkspaceTx, id: string): Promise<(MailRow & { key: string }) | null> {
  return tx.row(`select ${columns}, key from mails where workspace_id = $1 and id = $2`, [
    tx.workspaceId,
    id,
  ]);
}

/** A mail that one sender holds until its claim ends. */
export interface ClaimedMail extends MailRow {
  workspaceId: string;
  workspaceName: string;
  /** A sandbox's mails never leave the hub. */
  workspaceKind: 'live' | 'sandbox';
  key: string;
  attachments: MailAttachment[];
}

/**
 * Claims up to `limit` mails whose time has come, of all workspaces, the longest waiting first. Each counts as attempted
 * from now on; a sender that dies leaves it to others once `claimMs` have passed.
 */
export function claimMails(tx: Tx, options: { limit: number; claimMs: number }): Promise<ClaimedMail[]> {
  return tx.rows<ClaimedMail>(
    `with chosen as materialized (
       select workspace_id, id from mails
       where status in ('queued', 'failed') and next_attempt_at <= now() and (claimed_until is null or claimed_until < now())
       order by next_attempt_at limit $1 for update skip locked
     ), claimed as (
       update mails m set attempts = m.attempts + 1, claimed_until = now() + $2::interval
       from chosen c where m.workspace_id = c.workspace_id and m.id = c.id returning m.*
     )
     select m.workspace_id, w.name as workspace_name, w.kind as workspace_kind, m.key, m.attachments, ${columns
       .split(', ')
       .map((column) => `m.${column}`)
       .join(', ')}
     from claimed m join workspaces w on w.id = m.workspace_id order by m.next_attempt_at, m.id`,
    [options.limit, `${options.claimMs} milliseconds`],
  );
}

/** It left. `forgetLink`: what the link gives away is not kept. */
export async function markSent(tx: WorkspaceTx, id: string, options: { forgetLink: boolean }): Promise<void> {
  await tx.run(
    `update mails set status = 'sent', sent_at = now(), claimed_until = null, last_error = null,
       link = case when $3 then null else link end
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, id, options.forgetLink],
  );
}

const maxErrorChars = 500;

/** Not sent, to be tried again after `waitMs`. */
export async function markFailed(
  tx: WorkspaceTx,
  id: string,
  failure: { reason: string; waitMs: number },
): Promise<void> {
  await tx.run(
    `update mails set status = 'failed', claimed_until = null, last_error = $3, next_attempt_at = now() + $4::interval
     where workspace_id = $1 and id = $2 and status <> 'sent'`,
    [
      tx.workspaceId,
      id,
      failure.reason.slice(0, maxErrorChars),
      `${Math.round(failure.waitMs)} milliseconds`,
    ],
  );
}

/** Not sent, and not tried again. True for the one call that gave it up. */
export async function giveUpMail(tx: WorkspaceTx, id: string, reason: string): Promise<boolean> {
  const changed = await tx.run(
    `update mails set status = 'given_up', claimed_until = null, last_error = $3
     where workspace_id = $1 and id = $2 and status in ('queued', 'failed')`,
    [tx.workspaceId, id, reason.slice(0, maxErrorChars)],
  );
  return changed === 1;
}

/** Has a mail that was given up tried again, from now on. Null when there is none such. */
export function retryMail(tx: WorkspaceTx, id: string): Promise<MailRow | null> {
  return tx.row<MailRow>(
    `update mails set status = 'queued', attempts = 0, next_attempt_at = now(), give_up_at = now() + interval '3 days'
     where workspace_id = $1 and id = $2 and status = 'given_up' returning ${columns}`,
    [tx.workspaceId, id],
  );
}
