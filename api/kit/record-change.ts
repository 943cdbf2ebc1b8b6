/** Owns telling the event log what a set-up command did: created, changed from what to what, removed. */
import type { Permission } from '../../domain/permissions.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { recordEvents } from '../../store/events.ts';
import type { Actor } from './auth.ts';

/** How the events of a resource look. */
export interface Subject {
  /** As in `client.created`. */
  type: string;
  /** Who may see them. */
  permission: Permission;
  /** Fields whose values stay out of the log, which cannot be erased: personal ones (invariant 10). */
  privateFields?: readonly string[];
}

/** Records `<type>.created` with the new row. */
export function recordCreated(
  tx: WorkspaceTx,
  actor: Actor,
  subject: Subject,
  row: { id: string },
): Promise<void> {
  return record(tx, actor, subject, 'created', row.id, shownRow(subject, row));
}

/** Records `<type>.deleted` with the row that was. */
export function recordDeleted(
  tx: WorkspaceTx,
  actor: Actor,
  subject: Subject,
  row: { id: string },
): Promise<void> {
  return record(tx, actor, subject, 'deleted', row.id, shownRow(subject, row));
}

/** Records `<type>.updated` with `{ field: [before, after] }`; nothing when nothing changed. */
export async function recordUpdated<Row extends { id: string }>(
  tx: WorkspaceTx,
  actor: Actor,
  subject: Subject,
  before: Row,
  after: Row,
): Promise<void> {
  const changes = Object.entries(after).flatMap(([field, value]) => {
    const old: unknown = before[field as keyof Row];
    if (JSON.stringify(old) === JSON.stringify(value)) return [];
    return [[field, [shownValue(subject, field, old), shownValue(subject, field, value)]]];
  });
  if (changes.length === 0) return;
  await record(tx, actor, subject, 'updated', after.id, { changes: Object.fromEntries(changes) });
}

/** Records another past participle: `revoked`, `sync_requested` … */
export function record(
  tx: WorkspaceTx,
  actor: Actor,
  subject: Subject,
  participle: string,
  subjectId: string,
  payload: Record<string, unknown> = {},
): Promise<void> {
  return recordEvents(tx, [
    {
      type: `${subject.type}.${participle}`,
      subjectType: subject.type,
      subjectId,
      actor: actor.id,
      permission: subject.permission,
      payload,
    },
  ]);
}

function shownRow(subject: Subject, row: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([field, value]) => [field, shownValue(subject, field, value)]),
  );
}

function shownValue(subject: Subject, field: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  return subject.privateFields?.includes(field) ? '(private)' : value;
}
