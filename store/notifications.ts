/** Owns notifications: telling members something once, in the command's own transaction, and what each has read. */
import {
  fillWords,
  kinds,
  maxParamChars,
  type NotificationKind,
  notificationKinds,
  type ParamsOf,
  placeOf,
} from '../domain/notification.ts';
import { type Permission, type Role, roleScopes, roles, toGrants } from '../domain/permissions.ts';
import { plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

/** Who is told: active members only. A permission counts where a role gives it for all rows. */
export type Recipients =
  | { memberIds: readonly string[] }
  | { personId: string }
  | { permission: Permission }
  | { role: Role };

interface NoticeOf<Kind extends NotificationKind> {
  kind: Kind;
  to: Recipients;
  /** Member ids that are not told, such as who did it. */
  except?: readonly string[];
  /** What makes it one: the same key reaches the same member once, ever, whatever else it says. Up to 300 characters. */
  key: string;
  subjectType: string;
  subjectId: string | null;
  params: ParamsOf<Kind>;
}
/** Something to tell. */
export type Notice = { [Kind in NotificationKind]: NoticeOf<Kind> }[NotificationKind];

/** More mails of one kind to one member at once become one. */
const mailsAtOnce = 5;
const titlesInMail = 50;
const noticesPerStatement = 2_000;

/**
 * Tells members, in this transaction: a row for each, and a mail where they want one, sent after the commit. A key that
 * a member was told already is left out, so that whoever retries tells nothing twice. Answers how many were told.
 */
export async function notify(tx: WorkspaceTx, notices: readonly Notice[]): Promise<number> {
  if (notices.length === 0) return 0;
  const holders = await rolesHolding(tx, notices);
  let told = 0;
  for (let start = 0; start < notices.length; start += noticesPerStatement)
    told += await tell(tx, notices.slice(start, start + noticesPerStatement), holders);
  return told;
}

async function tell(
  tx: WorkspaceTx,
  notices: readonly Notice[],
  holders: ReadonlyMap<Permission, Role[]>,
): Promise<number> {
  const recipients = notices.flatMap((notice, place) =>
    recipientRows(notice.to, holders).map((recipient) => ({ place, ...recipient })),
  );
  const excepted = notices.flatMap(({ except = [] }, place) =>
    except.map((memberId) => ({ place, memberId })),
  );
  const row = await tx.row<{ told: number }>(
    `with notices as (
       select * from unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::jsonb[], $8::boolean[], $9::boolean[], $10::text[], $17::text[], $18::text[])
         as n (place, kind, key, subject_type, subject_id, detail, in_app, email, link, title, label)
     ), recipients as (
       select * from unnest($11::int[], $12::uuid[], $13::uuid[], $14::text[]) as r (place, member_id, person_id, role)
     ), reached as (
       -- One notice may name a member twice, two notices may have one key: the first is told.
       select distinct on (m.id, n.key) n.*, m.id as member_id, m.email as address,
         -- Who belongs to a client that wants no mail is told in the portal only.
         not exists (select from clients c where c.workspace_id = $1 and c.id = m.client_id and not c.mail_notifications) as mailable
       from notices n
       join recipients r on r.place = n.place
       join members m on m.workspace_id = $1 and m.status = 'active'
         and (m.id = r.member_id or m.person_id = r.person_id or m.role = r.role)
       where not exists (
         select from unnest($15::int[], $16::uuid[]) as x (place, member_id) where x.place = n.place and x.member_id = m.id)
       order by m.id, n.key, n.place
     ), wanted as (
       select r.*, coalesce(p.in_app, r.in_app) as wants_word, coalesce(p.email, r.email) and r.mailable as wants_mail from reached r
       left join notification_preferences p on p.workspace_id = $1 and p.member_id = r.member_id and p.kind = r.kind
     ), told as (
       insert into notifications (workspace_id, member_id, kind, key, subject_type, subject_id, detail, in_app)
       select $1, member_id, kind, key, subject_type, subject_id, detail, wants_word from wanted order by member_id, key
       on conflict (workspace_id, member_id, key) do nothing
       returning id, member_id, key
     ), mailing as (
       select t.id, w.*, count(*) over alike as many, row_number() over (alike order by t.id) as nth
       from told t join wanted w on w.member_id = t.member_id and w.key = t.key where w.wants_mail
       window alike as (partition by w.member_id, w.kind)
     ), mailed as (
       insert into mails (workspace_id, key, kind, address, params, link)
       select $1, id::text, kind, address, detail, link from mailing where many <= $19
       union all
       select $1, 'gathered:' || min(id::text), 'gathered', address,
         jsonb_build_object('label', label, 'count', count(*)::text, 'titles', string_agg(title, e'\\n' order by id) filter (where nth <= $20)),
         '/notifications'
       from mailing where many > $19 group by member_id, kind, label, address
     )
     select count(*)::int as told from told`,
    [
      tx.workspaceId,
      notices.map((_, place) => place),
      plainArray(notices.map(({ kind }) => kind)),
      textArray(notices.map(({ key }) => key)),
      textArray(notices.map(({ subjectType }) => subjectType)),
      plainArray(notices.map(({ subjectId }) => subjectId)),
      textArray(notices.map(({ params }) => JSON.stringify(params, bounded))),
      notices.map(({ kind }) => notificationKinds[kind].inApp),
      notices.map(({ kind }) => notificationKinds[kind].email),
      textArray(notices.map(({ subjectType, subjectId }) => placeOf(subjectType, subjectId))),
      recipients.map(({ place }) => place),
      plainArray(recipients.map(({ memberId }) => memberId)),
      plainArray(recipients.map(({ personId }) => personId)),
      plainArray(recipients.map(({ role }) => role)),
      excepted.map(({ place }) => place),
      plainArray(excepted.map(({ memberId }) => memberId)),
      textArray(notices.map(({ kind, params }) => fillWords(kind, params).title.toWellFormed())),
      textArray(notices.map(({ kind }) => notificationKinds[kind].label)),
      mailsAtOnce,
      titlesInMail,
    ],
  );
  return row?.told ?? 0;
}

/** jsonb refuses NUL and lone surrogates; text from outside may hold them, and must not fail the command that tells of it. */
export const bounded = (_: string, part: unknown) =>
  typeof part === 'string'
    ? part.slice(0, maxParamChars).replaceAll('\u0000', '\uFFFD').toWellFormed()
    : part;

interface RecipientRow {
  memberId: string | null;
  personId: string | null;
  role: Role | null;
}
function recipientRows(to: Recipients, holders: ReadonlyMap<Permission, Role[]>): RecipientRow[] {
  const nobody = { memberId: null, personId: null, role: null };
  if ('memberIds' in to) return to.memberIds.map((memberId) => ({ ...nobody, memberId }));
  if ('personId' in to) return [{ ...nobody, personId: to.personId }];
  if ('role' in to) return [{ ...nobody, role: to.role }];
  return (holders.get(to.permission) ?? []).map((role) => ({ ...nobody, role }));
}

/** Which roles give the permissions that the notices go to, for all rows, as this workspace has set them. */
async function rolesHolding(
  tx: WorkspaceTx,
  notices: readonly Notice[],
): Promise<ReadonlyMap<Permission, Role[]>> {
  const wanted = new Set(notices.flatMap(({ to }) => ('permission' in to ? [to.permission] : [])));
  if (wanted.size === 0) return new Map();
  const changed = await tx.rows<{ role: Role; scopes: string[] }>(
    'select role, scopes from role_permissions where workspace_id = $1',
    [tx.workspaceId],
  );
  const scopesOf = new Map<Role, readonly string[]>([
    ...roles.map((role) => [role, roleScopes[role]] as const),
    ...changed.map(({ role, scopes }) => [role, scopes] as const),
  ]);
  const grants = [...scopesOf].map(([role, scopes]) => ({ role, ...toGrants(scopes) }));
  return new Map(
    [...wanted].map((permission) => [
      permission,
      grants.filter(({ permissions }) => permissions.has(permission)).map(({ role }) => role),
    ]),
  );
}

export interface NotificationRow {
  id: string;
  kind: string;
  subjectType: string;
  subjectId: string | null;
  /** What its words are filled with. */
  detail: Record<string, unknown>;
  createdAt: string;
  readAt: string | null;
}
const columns = 'id, kind, subject_type, subject_id, detail, created_at, read_at';

/** A member's own, newest first, after `before` (an id). */
export function listNotifications(
  tx: WorkspaceTx,
  memberId: string,
  filter: { unread: boolean; before: string | null; limit: number },
): Promise<NotificationRow[]> {
  return tx.rows<NotificationRow>(
    `select ${columns} from notifications
     where workspace_id = $1 and member_id = $2 and in_app and ($3::uuid is null or id < $3) ${filter.unread ? 'and read_at is null' : ''}
     order by id desc limit $4`,
    [tx.workspaceId, memberId, filter.before, filter.limit],
  );
}

export async function countUnread(tx: WorkspaceTx, memberId: string): Promise<number> {
  const row = await tx.row<{ unread: number }>(
    `select count(*)::int as unread from notifications
     where workspace_id = $1 and member_id = $2 and in_app and read_at is null`,
    [tx.workspaceId, memberId],
  );
  return row?.unread ?? 0;
}

/** Anybody's of the workspace: only to tell what does not exist from what is another's. */
export function findNotification(tx: WorkspaceTx, id: string): Promise<{ id: string } | null> {
  return tx.row('select id from notifications where workspace_id = $1 and id = $2', [tx.workspaceId, id]);
}

/** Null when the member has no such notification; reading it again keeps the first time. */
export function markRead(tx: WorkspaceTx, memberId: string, id: string): Promise<NotificationRow | null> {
  return tx.row<NotificationRow>(
    `update notifications set read_at = coalesce(read_at, now())
     where workspace_id = $1 and member_id = $2 and id = $3 and in_app returning ${columns}`,
    [tx.workspaceId, memberId, id],
  );
}

/** Answers how many were unread. */
export function markAllRead(tx: WorkspaceTx, memberId: string): Promise<number> {
  return tx.run(
    `update notifications set read_at = now()
     where workspace_id = $1 and member_id = $2 and in_app and read_at is null`,
    [tx.workspaceId, memberId],
  );
}

/** Which channels a member wants a kind by. */
export interface Preference {
  kind: NotificationKind;
  inApp: boolean;
  email: boolean;
}

/** What holds for a member who said nothing. */
export const standardPreferences: readonly Preference[] = kinds.map((kind) => {
  const { inApp, email } = notificationKinds[kind];
  return { kind, inApp, email };
});

/** Every kind, with the default where the member said nothing. */
export async function readPreferences(tx: WorkspaceTx, memberId: string): Promise<Preference[]> {
  const rows = await tx.rows<Preference>(
    'select kind, in_app, email from notification_preferences where workspace_id = $1 and member_id = $2',
    [tx.workspaceId, memberId],
  );
  const own = new Map(rows.map((row) => [row.kind, row]));
  return standardPreferences.map((standard) => own.get(standard.kind) ?? standard);
}

/** Kinds that are left out keep what they had. */
export async function writePreferences(
  tx: WorkspaceTx,
  memberId: string,
  preferences: readonly Preference[],
): Promise<void> {
  await tx.run(
    `insert into notification_preferences (workspace_id, member_id, kind, in_app, email)
     select $1, $2, * from unnest($3::text[], $4::boolean[], $5::boolean[])
     on conflict (workspace_id, member_id, kind) do update set in_app = excluded.in_app, email = excluded.email`,
    [
      tx.workspaceId,
      memberId,
      preferences.map(({ kind }) => kind),
      preferences.map(({ inApp }) => inApp),
      preferences.map(({ email }) => email),
    ],
  );
}
