/** Owns telling in time that documents expire: each step once, and in the end that one has expired. */
import { expiryStep, nextDocumentStatus } from '../domain/document.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { documentDay, type PersonDocument } from './documents.ts';
import { recordEvents } from './events.ts';
import { type Notice, notify } from './notifications.ts';

const batchSize = 500;

type Expiring = Pick<
  PersonDocument,
  'id' | 'personId' | 'personName' | 'requirementName' | 'status' | 'inForceVersion'
> & { expiresOn: Day; told: boolean };

/**
 * Tells the person and the admins of documents whose end has come near or has passed, by the workspace's day, and moves
 * those that have passed to `expired`. Whoever does it twice, or at the same time, tells nothing twice; after a time in which
 * nobody did, each document is told of once.
 */
export async function remindOfExpiry(tx: WorkspaceTx): Promise<void> {
  const { today, settings } = await documentDay(tx);
  while ((await remindBatch(tx, today, settings.documentReminderDays)) === batchSize);
}

async function remindBatch(tx: WorkspaceTx, today: Day, reminderDays: readonly number[]): Promise<number> {
  const documents = await tx.rows<Expiring>(
    `select d.id, d.person_id, p.name as person_name, r.name as requirement_name, d.status, d.in_force_version, d.expires_on,
       p.active and r.active as told
     from person_documents d
     join people p on p.workspace_id = d.workspace_id and p.id = d.person_id
     join document_requirements r on r.workspace_id = d.workspace_id and r.id = d.requirement_id
     where d.workspace_id = $1 and d.remind_on <= $2 order by d.id limit $3 for no key update of d skip locked`,
    [tx.workspaceId, today, batchSize],
  );
  if (documents.length === 0) return 0;
  const steps = documents.map((document) => ({
    document,
    ...expiryStep(document.expiresOn, reminderDays, today),
  }));
  await tx.run(
    `update person_documents d set remind_on = n.remind_on from unnest($2::uuid[], $3::date[]) as n (id, remind_on)
     where d.workspace_id = $1 and d.id = n.id`,
    [
      tx.workspaceId,
      plainArray(steps.map(({ document }) => document.id)),
      plainArray(steps.map(({ remindOn }) => remindOn)),
    ],
  );
  await expireDocuments(
    tx,
    steps.filter(({ tell }) => tell === 'expired').map(({ document }) => document),
  );
  await notify(
    tx,
    steps.flatMap(({ document, tell }) => (tell === null || !document.told ? [] : noticesOf(document, tell))),
  );
  return documents.length;
}

function noticesOf(document: Expiring, tell: number | 'expired'): Notice[] {
  const notice = {
    subjectType: 'person_document',
    subjectId: document.id,
    params: {
      document: document.requirementName,
      person: document.personName,
      expiresOn: document.expiresOn,
    },
    kind: tell === 'expired' ? ('document.expired' as const) : ('document.expiring' as const),
    key: `document.expiry:${document.id}:${document.inForceVersion}:${tell}`,
  };
  return [
    { ...notice, to: { personId: document.personId } },
    { ...notice, to: { role: 'admin' } },
  ];
}

/** A successor that waits for its review keeps its own status; what was in force is so no more. */
async function expireDocuments(tx: WorkspaceTx, documents: readonly Expiring[]): Promise<void> {
  if (documents.length === 0) return;
  const ids = plainArray(documents.map(({ id }) => id));
  await tx.run(
    `update person_document_versions v set status = 'expired' from person_documents d
     where v.workspace_id = $1 and v.document_id = any($2::uuid[]) and d.workspace_id = $1 and d.id = v.document_id
       and v.version = d.in_force_version`,
    [tx.workspaceId, ids],
  );
  const moved = documents.filter(({ status }) => nextDocumentStatus('expire', status) !== null);
  await tx.run(
    `update person_documents set status = 'expired' where workspace_id = $1 and id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(moved.map(({ id }) => id))],
  );
  await recordEvents(
    tx,
    documents.map((document) => ({
      type: 'person_document.expired',
      subjectType: 'person_document',
      subjectId: document.id,
      actor: 'system',
      permission: 'documents.read' as const,
      payload: {
        personId: document.personId,
        requirement: document.requirementName,
        version: document.inForceVersion,
        expiresOn: document.expiresOn,
      },
    })),
  );
}

/** After the workspace has set other reminder days: each document is looked at anew with the next day's reminders. */
export async function rescheduleReminders(tx: WorkspaceTx): Promise<void> {
  const { today } = await documentDay(tx);
  await tx.run(
    `update person_documents set remind_on = $2 where workspace_id = $1 and in_force_version is not null and expires_on >= $2`,
    [tx.workspaceId, today],
  );
}
