/** Owns telling the event log what a set-up command did: created, changed from what to what, removed. */
import { changed, type Fields } from '../../domain/changed.ts';
import type { Permission } from '../../domain/permissions.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { recordEvents } from '../../store/events.ts';
import type { PersonalOwner } from '../../store/personal-fields.ts';
import type { Actor } from './auth.ts';

/** How the events of a resource look. */
export interface Subject {
  /** As in `client.created`. */
  type: string;
  /** Who may see them. */
  permission: Permission;
  /** Personal fields (invariant 10): kept as ciphertext, since the log cannot be erased, but a key can. */
  privateFields?: readonly string[];
  /** Whom they are about, where that is not the row itself. */
  ownerOf?: (row: never) => PersonalOwner;
}

type Row = { id: string };
type Change = { payload?: Fields; before?: Fields; after?: Fields };

/** Records `<type>.created` with the new row. */
export function recordCreated(tx: WorkspaceTx, actor: Actor, subject: Subject, row: Row): Promise<void> {
  return recordRow(tx, actor, subject, 'created', row, { after: toFields(row) });
}

/** Records `<type>.deleted` with the row that was. */
export function recordDeleted(tx: WorkspaceTx, actor: Actor, subject: Subject, row: Row): Promise<void> {
  return recordRow(tx, actor, subject, 'deleted', row, { before: toFields(row) });
}

/** Records `<type>.updated`, or another participle, with what differs; nothing when nothing does. */
export async function recordUpdated<R extends Row>(
  tx: WorkspaceTx,
  actor: Actor,
  subject: Subject,
  before: R,
  after: R,
  participle = 'updated',
): Promise<void> {
  const change = changed(before, after);
  if (Object.keys(change.after).length === 0) return;
  await recordRow(tx, actor, subject, participle, after, change);
}

/** Records another past participle that changed no field: `sync_requested` … */
export function record(
  tx: WorkspaceTx,
  actor: Actor,
  subject: Subject,
  participle: string,
  subjectId: string,
  payload: Fields = {},
): Promise<void> {
  return recordRow(tx, actor, subject, participle, { id: subjectId }, { payload });
}

function recordRow(
  tx: WorkspaceTx,
  actor: Actor,
  subject: Subject,
  participle: string,
  row: Row,
  change: Change,
): Promise<void> {
  const { type, privateFields = [], ownerOf } = subject;
  const of = ownerOf ? ownerOf(row as never) : (`${type}:${row.id}` as const);
  return recordEvents(tx, [
    {
      type: `${type}.${participle}`,
      subjectType: type,
      subjectId: row.id,
      actor: actor.id,
      permission: subject.permission,
      ...change,
      ...(privateFields.length > 0 && { personal: { of, fields: privateFields } }),
    },
  ]);
}

const toFields = (row: object): Fields =>
  Object.fromEntries(Object.entries(row).map(([field, value]) => [field, (value as unknown) ?? null]));
