/** Owns documents of people: asking for them, their versions and reviews, and what a person lacks. */
import { localDay } from '../domain/day.ts';
import {
  approvedUntil,
  type ComplianceState,
  complianceOf,
  type DocumentStatus,
  decideDocument,
  expiryStep,
  nextDocumentStatus,
  type OnFile,
  type RequirementAudience,
  type RequirementKind,
  reviewConflicts,
} from '../domain/document.ts';
import { type DocumentSettings, documentSettings } from '../domain/document-settings.ts';
import { type Doer, keepApart } from '../domain/duties.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { bindAttachments } from './attachments.ts';
import type { WorkspaceTx } from './database.ts';
import { dutyRule, recordDutyExceptions } from './duties.ts';
import { recordEvents } from './events.ts';
import { notify } from './notifications.ts';
import { type Person, people } from './people.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';
import { getWorkspace, zoneOf } from './workspaces.ts';

export interface DocumentRequirement {
  id: string;
  kind: RequirementKind;
  name: string;
  /** For whoever has to upload it. */
  instructions: string | null;
  appliesTo: RequirementAudience;
  /** Each version must say until when it is valid. */
  expires: boolean;
  blocksTickets: boolean;
  blocksPayment: boolean;
  /** Only an active one is required. */
  active: boolean;
  createdAt: Instant;
}
export type NewDocumentRequirement = NewRow<DocumentRequirement, 'kind' | 'name'>;

export const documentRequirements = tenantTable<DocumentRequirement>('document_requirements', {
  kind: 'plain',
  name: 'plain',
  instructions: 'plain',
  appliesTo: 'plain',
  expires: 'plain',
  blocksTickets: 'plain',
  blocksPayment: 'plain',
  active: 'plain',
  createdAt: 'plain',
});

/** A person's document for one requirement. */
export interface PersonDocument extends OnFile {
  id: string;
  personId: string;
  personName: string;
  requirementId: string;
  requirementName: string;
  requirementKind: RequirementKind;
  /** The latest; 0: none was uploaded yet. */
  version: number;
  requestedBy: string | null;
  requestedAt: Instant | null;
  createdAt: Instant;
}
export interface DocumentVersion {
  version: number;
  status: 'uploaded' | 'approved' | 'rejected' | 'superseded' | 'expired';
  attachmentId: string;
  fileName: string;
  mediaType: string;
  bytes: number;
  /** Last day. */
  expiresOn: Day | null;
  uploadedBy: string;
  uploadedAt: Instant;
  reviewedBy: string | null;
  reviewedAt: Instant | null;
  reason: string | null;
}

const columns = `d.id, d.person_id, p.name as person_name, d.requirement_id, r.name as requirement_name, r.kind as requirement_kind,
  d.status, d.version, d.in_force_version, d.expires_on, d.requested_by, d.requested_at, d.created_at`;
const tables = `person_documents d
  join people p on p.workspace_id = d.workspace_id and p.id = d.person_id
  join document_requirements r on r.workspace_id = d.workspace_id and r.id = d.requirement_id`;

/** `ownPersonId`: only if it is that person's; what is somebody else's does not exist. */
export function readDocument(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null = null,
): Promise<PersonDocument | null> {
  return tx.row<PersonDocument>(
    `select ${columns} from ${tables} where d.workspace_id = $1 and d.id = $2 and ($3::uuid is null or d.person_id = $3)`,
    [tx.workspaceId, id, ownPersonId],
  );
}

async function lockDocument(tx: WorkspaceTx, id: string): Promise<PersonDocument> {
  // Locked first, read after: the statement that waited would show what was before.
  await tx.run('select 1 from person_documents where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    id,
  ]);
  return found(await readDocument(tx, id), 'document');
}

/** Newest first. */
export function readVersions(tx: WorkspaceTx, documentId: string): Promise<DocumentVersion[]> {
  return tx.rows<DocumentVersion>(
    `select v.version, v.status, v.attachment_id, a.file_name, a.media_type, a.bytes, v.expires_on, v.uploaded_by, v.uploaded_at,
       v.reviewed_by, v.reviewed_at, v.reason
     from person_document_versions v join attachments a on a.workspace_id = v.workspace_id and a.id = v.attachment_id
     where v.workspace_id = $1 and v.document_id = $2 order by v.version desc`,
    [tx.workspaceId, documentId],
  );
}

export interface DocumentFilter {
  personId?: string | undefined;
  requirementId?: string | undefined;
  status?: DocumentStatus | undefined;
  /** In force until a day before this one. */
  expiresBefore?: Day | undefined;
}
/** By id; up to limit + 1 rows. */
export function listDocuments(
  tx: WorkspaceTx,
  { personId, requirementId, status, expiresBefore }: DocumentFilter,
  page: { after: string | null; limit: number },
): Promise<PersonDocument[]> {
  return tx.rows<PersonDocument>(
    `select ${columns} from ${tables}
     where d.workspace_id = $1 and ($2::uuid is null or d.person_id = $2) and ($3::uuid is null or d.requirement_id = $3)
       and ($4::text is null or d.status = $4) and ($5::date is null or d.expires_on < $5) and ($6::uuid is null or d.id > $6)
     order by d.id limit $7`,
    [
      tx.workspaceId,
      personId ?? null,
      requirementId ?? null,
      status ?? null,
      expiresBefore ?? null,
      page.after,
      page.limit + 1,
    ],
  );
}

const applies = `(r.applies_to = 'everyone' or r.applies_to = p.kind)`;

/** The workspace's local day, and its settings for documents. */
export async function documentDay(tx: WorkspaceTx): Promise<{ today: Day; settings: DocumentSettings }> {
  const workspace = await getWorkspace(tx);
  const now = workspace.clockAt ?? new Date();
  return { today: localDay(now, zoneOf(workspace)), settings: documentSettings(workspace.settings) };
}

/**
 * Asks a person for what is required of them and is not there at all, or of that only for the requirements named. The
 * person is told of each once. Answers the documents that were asked for now.
 */
export async function requestDocuments(
  tx: WorkspaceTx,
  personId: string,
  requirementIds: readonly string[] | null,
  by: Doer,
): Promise<PersonDocument[]> {
  const person = found(await people.find(tx, personId), 'person');
  const made = await tx.rows<{ id: string }>(
    `insert into person_documents (workspace_id, person_id, requirement_id, status, requested_by, requested_at)
     select $1, p.id, r.id, 'requested', $4, now() from people p
     join document_requirements r on r.workspace_id = $1 and r.active and ${applies}
     where p.workspace_id = $1 and p.id = $2 and ($3::uuid[] is null or r.id = any($3)) order by r.id
     on conflict (workspace_id, person_id, requirement_id) do nothing returning id`,
    [tx.workspaceId, personId, requirementIds && plainArray(requirementIds), by.id],
  );
  const documents = await tx.rows<PersonDocument>(
    `select ${columns} from ${tables} where d.workspace_id = $1 and d.id = any($2::uuid[]) order by d.id`,
    [tx.workspaceId, plainArray(made.map(({ id }) => id))],
  );
  await recordEvents(
    tx,
    documents.map((document) => documentEvent(document, 'requested', by.id)),
  );
  await notify(
    tx,
    documents.map((document) => ({
      ...noticeOf(document),
      kind: 'document.requested' as const,
      to: { personId: person.id },
      except: membersOf(by),
      key: `document.requested:${document.id}`,
    })),
  );
  return documents;
}

const documentEvent = (
  document: PersonDocument,
  participle: string,
  actor: string,
  change: { before?: Record<string, unknown>; after?: Record<string, unknown> } = {},
  payload: Record<string, unknown> = {},
) => ({
  type: `person_document.${participle}`,
  subjectType: 'person_document',
  subjectId: document.id,
  actor,
  permission: 'documents.read' as const,
  payload: { personId: document.personId, requirement: document.requirementName, ...payload },
  ...change,
});
const noticeOf = (document: PersonDocument) => ({
  subjectType: 'person_document',
  subjectId: document.id,
  params: { document: document.requirementName, person: document.personName },
});
const membersOf = (doer: Doer) => (doer.memberId === null ? [] : [doer.memberId]);

/** A document of so many versions is a mistake of some program. */
const maxVersions = 100;

export interface NewVersion {
  personId: string;
  requirementId: string;
  attachmentId: string;
  /** The last day, as whoever uploads it says. */
  expiresOn: Day | null;
}
/**
 * Hands in a version of a person's document: the one before, if nobody has decided on it, is superseded; one that is in
 * force stays so until this one is approved. Reviewers are told.
 */
export async function uploadDocument(tx: WorkspaceTx, given: NewVersion, by: Doer): Promise<PersonDocument> {
  const person = found(await people.find(tx, given.personId), 'person');
  const requirement = found(await documentRequirements.find(tx, given.requirementId), 'document_requirement');
  requireApplying(requirement, person);
  const { today } = await documentDay(tx);
  if (given.expiresOn !== null) approvedUntil(requirement, given.expiresOn, today);
  await tx.run(
    `insert into person_documents (workspace_id, person_id, requirement_id, status) values ($1, $2, $3, 'requested')
     on conflict (workspace_id, person_id, requirement_id) do nothing`,
    [tx.workspaceId, person.id, requirement.id],
  );
  const slot = await tx.row<{ id: string }>(
    'select id from person_documents where workspace_id = $1 and person_id = $2 and requirement_id = $3',
    [tx.workspaceId, person.id, requirement.id],
  );
  const before = await lockDocument(tx, found(slot, 'document').id);
  const version = before.version + 1;
  const status = nextDocumentStatus('upload', before.status);
  if (status === null || version > maxVersions)
    throw new Refusal({
      code: 'document.too_many_versions',
      message: `This document has ${before.version} versions.`,
      whatToDo: 'Ask an admin for a requirement of its own.',
      details: { limit: maxVersions },
    });
  const [attachment] = await bindAttachments(
    tx,
    [given.attachmentId],
    { subjectType: 'person_document', subjectId: before.id, personId: person.id },
    by,
  );
  await tx.run(
    `update person_document_versions set status = 'superseded' where workspace_id = $1 and document_id = $2 and status = 'uploaded'`,
    [tx.workspaceId, before.id],
  );
  await tx.run(
    `insert into person_document_versions (workspace_id, document_id, version, attachment_id, expires_on, uploaded_by)
     values ($1, $2, $3, $4, $5, $6)`,
    [tx.workspaceId, before.id, version, given.attachmentId, given.expiresOn, by.id],
  );
  await tx.run('update person_documents set status = $3, version = $4 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    before.id,
    status,
    version,
  ]);
  const after = { ...before, status, version };
  await recordEvents(tx, [
    documentEvent(
      after,
      'uploaded',
      by.id,
      { before: { status: before.status, version: before.version }, after: { status, version } },
      { attachmentId: given.attachmentId, sha256: attachment?.sha256 },
    ),
  ]);
  await notify(tx, [
    {
      ...noticeOf(after),
      kind: 'document.uploaded',
      to: { permission: 'documents.review' },
      except: membersOf(by),
      key: `document.uploaded:${after.id}:${version}`,
    },
  ]);
  return after;
}

function requireApplying(requirement: DocumentRequirement, person: Person): void {
  const { active, appliesTo } = requirement;
  if (active && (appliesTo === 'everyone' || appliesTo === person.kind)) return;
  throw new Refusal({
    code: 'document.not_required',
    status: 422,
    message: active
      ? `"${requirement.name}" is not required of ${person.kind === 'employee' ? 'employees' : 'contractors'}.`
      : `"${requirement.name}" is not required any more.`,
    whatToDo: 'GET /document-requirements says what is.',
    errors: [{ pointer: '/requirementId', detail: 'is not required of this person' }],
  });
}

export interface Approval {
  /** The version that was looked at. */
  version: number;
  /** The last day; undefined: what was said at the upload. */
  expiresOn?: Day | null | undefined;
  /** Why somebody who is on their own decides on what they had a hand in. */
  ownReason: string | null;
}
/** Puts the version in force, in the place of the one that was. */
export async function approveDocument(
  tx: WorkspaceTx,
  id: string,
  approval: Approval,
  by: Doer,
): Promise<PersonDocument> {
  const { before, version, status } = await reviewDocument(tx, id, 'approve', approval, by);
  const requirement = found(
    await documentRequirements.find(tx, before.requirementId),
    'document_requirement',
  );
  const { today, settings } = await documentDay(tx);
  const expiresOn = approvedUntil(
    requirement,
    approval.expiresOn === undefined ? version.expiresOn : approval.expiresOn,
    today,
  );
  const remindOn =
    expiresOn === null ? null : expiryStep(expiresOn, settings.documentReminderDays, today).remindOn;
  await tx.run(
    `update person_document_versions set status = 'superseded'
     where workspace_id = $1 and document_id = $2 and status = 'approved'`,
    [tx.workspaceId, id],
  );
  await tx.run(
    `update person_document_versions set status = 'approved', expires_on = $4, reviewed_by = $5, reviewed_at = now()
     where workspace_id = $1 and document_id = $2 and version = $3`,
    [tx.workspaceId, id, version.version, expiresOn, by.id],
  );
  await tx.run(
    `update person_documents set status = $3, in_force_version = $4, expires_on = $5, remind_on = $6 where workspace_id = $1 and id = $2`,
    [tx.workspaceId, id, status, version.version, expiresOn, remindOn],
  );
  const after = { ...before, status, inForceVersion: version.version, expiresOn };
  await recordEvents(tx, [
    documentEvent(
      after,
      'approved',
      by.id,
      {
        before: {
          status: before.status,
          inForceVersion: before.inForceVersion,
          expiresOn: before.expiresOn,
        },
        after: { status, inForceVersion: version.version, expiresOn },
      },
      { version: version.version },
    ),
  ]);
  await notify(tx, [
    {
      ...noticeOf(after),
      kind: 'document.approved',
      to: { personId: after.personId },
      except: membersOf(by),
      key: `document.approved:${id}:${version.version}`,
    },
  ]);
  return after;
}

/** The version before stays in force, if there is one. */
export async function rejectDocument(
  tx: WorkspaceTx,
  id: string,
  rejection: { version: number; reason: string; ownReason: string | null },
  by: Doer,
): Promise<PersonDocument> {
  const { before, version, status } = await reviewDocument(tx, id, 'reject', rejection, by);
  await tx.run(
    `update person_document_versions set status = 'rejected', reviewed_by = $4, reviewed_at = now(), reason = $5
     where workspace_id = $1 and document_id = $2 and version = $3`,
    [tx.workspaceId, id, version.version, by.id, rejection.reason],
  );
  await tx.run('update person_documents set status = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    id,
    status,
  ]);
  const after = { ...before, status };
  await recordEvents(tx, [
    documentEvent(
      after,
      'rejected',
      by.id,
      { before: { status: before.status }, after: { status } },
      { version: version.version, reason: rejection.reason },
    ),
  ]);
  const notice = noticeOf(after);
  await notify(tx, [
    {
      ...notice,
      kind: 'document.rejected',
      to: { personId: after.personId },
      except: membersOf(by),
      key: `document.rejected:${id}:${version.version}`,
      params: { ...notice.params, reason: rejection.reason },
    },
  ]);
  return after;
}

/** Locks the document and holds the reviewer to the rules; what an admin takes on alone goes into the duties report. */
async function reviewDocument(
  tx: WorkspaceTx,
  id: string,
  action: 'approve' | 'reject',
  decision: { version: number; ownReason: string | null },
  by: Doer,
) {
  const before = await lockDocument(tx, id);
  const status = decideDocument(action, before, decision.version);
  const version = (await readVersions(tx, id)).find((one) => one.version === before.version)!;
  const conflicts = keepApart(
    reviewConflicts({ uploadedBy: version.uploadedBy, personId: before.personId }, by),
    await dutyRule(tx, 'documents.review', by),
    decision.ownReason,
  );
  await recordDutyExceptions(
    tx,
    by,
    { type: 'person_document', id, action: `document.${action}` },
    conflicts,
    decision.ownReason,
  );
  return { before, version, status };
}

/** Takes a request back that nothing was uploaded for; answers what it was. Refuses with 409 once something was. */
export async function withdrawRequest(tx: WorkspaceTx, id: string, by: Doer): Promise<PersonDocument> {
  const document = await lockDocument(tx, id);
  if (document.version > 0)
    throw new Refusal({
      code: 'document.uploaded_already',
      message: 'Something was uploaded for this document; its versions are kept.',
      whatToDo: 'Make the requirement inactive, if it is not required any more.',
      details: { status: document.status, version: document.version },
    });
  await tx.run('delete from person_documents where workspace_id = $1 and id = $2', [tx.workspaceId, id]);
  await recordEvents(tx, [documentEvent(document, 'withdrawn', by.id)]);
  return document;
}

/** One requirement as a person meets it. */
export interface ComplianceLine {
  requirementId: string;
  name: string;
  kind: RequirementKind;
  documentId: string | null;
  state: ComplianceState;
  expiresOn: Day | null;
  blocksTickets: boolean;
  blocksPayment: boolean;
}
export interface PersonCompliance {
  personId: string;
  personName: string;
  personKind: Person['kind'];
  documents: ComplianceLine[];
}

interface ComplianceRow extends Omit<ComplianceLine, 'state'> {
  personId: string;
  personName: string;
  personKind: Person['kind'];
  status: DocumentStatus | null;
  inForceVersion: number | null;
}
/** In force on the day in `$2`; `complianceOf` says the same of one row. */
const holds = '(d.in_force_version is not null and (d.expires_on is null or d.expires_on >= $2::date))';
const required = `people p
  join document_requirements r on r.workspace_id = p.workspace_id and r.active and ${applies}
  left join person_documents d on d.workspace_id = p.workspace_id and d.person_id = p.id and d.requirement_id = r.id`;

const onFile = (row: Omit<OnFile, 'status'> & { status: DocumentStatus | null }): OnFile | null =>
  row.status === null ? null : { ...row, status: row.status };

/** What is required of these people, and what there is of it, by person and name of the requirement. */
async function complianceRows(tx: WorkspaceTx, personIds: readonly string[]): Promise<PersonCompliance[]> {
  const { today, settings } = await documentDay(tx);
  const rows = await tx.rows<ComplianceRow>(
    `select p.id as person_id, p.name as person_name, p.kind as person_kind, r.id as requirement_id, r.name, r.kind, r.blocks_tickets,
       r.blocks_payment, d.id as document_id, d.status, d.in_force_version, d.expires_on
     from ${required} where p.workspace_id = $1 and p.id = any($2::uuid[]) order by p.id, r.name`,
    [tx.workspaceId, plainArray(personIds)],
  );
  const byPerson = new Map<string, PersonCompliance>();
  for (const { personId, personName, personKind, status, inForceVersion, ...line } of rows) {
    const person = byPerson.get(personId) ?? { personId, personName, personKind, documents: [] };
    const document = onFile({ status, inForceVersion, expiresOn: line.expiresOn });
    person.documents.push({ ...line, state: complianceOf(document, today, soonDays(settings)) });
    byPerson.set(personId, person);
  }
  return [...byPerson.values()];
}

/** A document shows as expiring from its first reminder on. */
const soonDays = ({ documentReminderDays }: DocumentSettings) => documentReminderDays[0] ?? 0;

export async function readCompliance(
  tx: WorkspaceTx,
  person: Pick<Person, 'id' | 'name' | 'kind'>,
): Promise<PersonCompliance> {
  const [rows] = await complianceRows(tx, [person.id]);
  return rows ?? { personId: person.id, personName: person.name, personKind: person.kind, documents: [] };
}

/** Active people of whom something is required, by id; `lacking`: only those who lack some of it. Up to limit + 1. */
export async function listCompliance(
  tx: WorkspaceTx,
  filter: { lacking: boolean; kind?: Person['kind'] | undefined },
  page: { after: string | null; limit: number },
): Promise<PersonCompliance[]> {
  const { today } = await documentDay(tx);
  const rows = await tx.rows<{ id: string }>(
    `select p.id from people p where p.workspace_id = $1 and p.active and ($3::text is null or p.kind = $3) and ($4::uuid is null or p.id > $4)
       and exists (select from document_requirements r
         left join person_documents d on d.workspace_id = $1 and d.person_id = p.id and d.requirement_id = r.id
         where r.workspace_id = $1 and r.active and ${applies} and (not $5::boolean or not ${holds}))
       and $2::date is not null
     order by p.id limit $6`,
    [tx.workspaceId, today, filter.kind ?? null, page.after, filter.lacking, page.limit + 1],
  );
  return complianceRows(
    tx,
    rows.map(({ id }) => id),
  );
}

/** How many required documents of active people are in which state, and how many people lack some. */
export async function countCompliance(
  tx: WorkspaceTx,
): Promise<{ states: Partial<Record<ComplianceState, number>>; people: number; peopleLacking: number }> {
  const { today, settings } = await documentDay(tx);
  // By what decides about the state, so that the rule is said once: some rows a day of expiry, however many people.
  const groups = await tx.rows<Omit<OnFile, 'status'> & { status: DocumentStatus | null; count: number }>(
    `select d.status, d.expires_on, case when d.in_force_version is not null then 1 end as in_force_version, count(*) as count
     from ${required} where p.workspace_id = $1 and p.active group by 1, 2, 3`,
    [tx.workspaceId],
  );
  const states: Partial<Record<ComplianceState, number>> = {};
  for (const group of groups) {
    const state = complianceOf(onFile(group), today, soonDays(settings));
    states[state] = (states[state] ?? 0) + group.count;
  }
  const counted = await tx.row<{ people: number; peopleLacking: number }>(
    `select count(distinct p.id) as people, count(distinct p.id) filter (where not ${holds}) as people_lacking
     from ${required} where p.workspace_id = $1 and p.active`,
    [tx.workspaceId, today],
  );
  return { states, people: counted?.people ?? 0, peopleLacking: counted?.peopleLacking ?? 0 };
}

export type CompliancePurpose = 'tickets' | 'payment';

/** Names of the documents without which the person is kept from this today; none: they may. */
export async function lackingDocuments(
  tx: WorkspaceTx,
  personId: string,
  purpose: CompliancePurpose,
): Promise<string[]> {
  const { today } = await documentDay(tx);
  const rows = await tx.rows<{ name: string }>(
    `select r.name from ${required}
     where p.workspace_id = $1 and p.id = $3 and ${purpose === 'tickets' ? 'r.blocks_tickets' : 'r.blocks_payment'} and not ${holds}
     order by r.name`,
    [tx.workspaceId, today, personId],
  );
  return rows.map(({ name }) => name);
}

/** Whether a person has every document in force that this asks for. */
export async function isCompliant(
  tx: WorkspaceTx,
  personId: string,
  purpose: CompliancePurpose,
): Promise<boolean> {
  return (await lackingDocuments(tx, personId, purpose)).length === 0;
}

/** Like isCompliant, as a 409 refusal that names what is lacking. */
export async function requireCompliant(
  tx: WorkspaceTx,
  personId: string,
  purpose: CompliancePurpose,
): Promise<void> {
  const lacking = await lackingDocuments(tx, personId, purpose);
  if (lacking.length === 0) return;
  throw new Refusal({
    code: 'document.not_compliant',
    message: `${purpose === 'tickets' ? 'Tickets cannot be submitted' : 'No payment can be made'} while documents are missing or expired: ${lacking.join(', ')}.`,
    whatToDo: 'Upload them, and have them approved.',
    details: { personId, purpose, lacking },
  });
}
