/** Owns the documents that people must have on file: the life of one, whether it holds on a day, and when its end is told. */
import { addDays } from './day.ts';
import type { Conflict, Doer } from './duties.ts';
import { Refusal } from './refusal.ts';
import type { Day } from './work-entry.ts';

export const requirementKinds = ['contract', 'insurance', 'tax_form', 'certificate', 'other'] as const;
export type RequirementKind = (typeof requirementKinds)[number];

export const requirementAudiences = ['contractor', 'employee', 'everyone'] as const;
/** Of whom a document is required. */
export type RequirementAudience = (typeof requirementAudiences)[number];

export const documentStatuses = ['requested', 'uploaded', 'approved', 'rejected', 'expired'] as const;
/** Of the latest version; an older one may still be in force while a successor waits for its review. */
export type DocumentStatus = (typeof documentStatuses)[number];

/** Action → from which status to which; what is not here may not be done. */
export const documentMoves = {
  /** At any time: a better scan, a corrected one, the successor of one that is about to expire. */
  upload: {
    requested: 'uploaded',
    uploaded: 'uploaded',
    approved: 'uploaded',
    rejected: 'uploaded',
    expired: 'uploaded',
  },
  approve: { uploaded: 'approved' },
  reject: { uploaded: 'rejected' },
  expire: { approved: 'expired' },
} as const satisfies Record<string, Partial<Record<DocumentStatus, DocumentStatus>>>;
export type DocumentAction = keyof typeof documentMoves;

export function nextDocumentStatus(action: DocumentAction, from: DocumentStatus): DocumentStatus | null {
  const moves: Partial<Record<DocumentStatus, DocumentStatus>> = documentMoves[action];
  return moves[from] ?? null;
}

export interface ReviewedDocument {
  id: string;
  status: DocumentStatus;
  /** The latest. */
  version: number;
}

/** The status that a decision on this version leads to, or a 409 refusal. */
export function decideDocument(
  action: 'approve' | 'reject',
  document: ReviewedDocument,
  version: number,
): DocumentStatus {
  if (version !== document.version)
    throw new Refusal({
      code: 'document.other_version',
      message: `Version ${document.version} of this document was uploaded; the decision is about version ${version}.`,
      whatToDo: 'Read the document again and decide on its latest version.',
      details: { version: document.version },
    });
  const next = nextDocumentStatus(action, document.status);
  if (next !== null) return next;
  const decided = document.status !== 'requested';
  throw new Refusal({
    code: decided ? 'document.already_decided' : 'document.nothing_uploaded',
    message: decided
      ? `This document is ${document.status} already.`
      : 'Nothing was uploaded for this document yet.',
    whatToDo: decided ? 'Upload another version to have it decided anew.' : 'Wait for the upload.',
    details: { status: document.status },
  });
}

/** Whoever uploaded a version, or whom it is about, does not review it. */
export function reviewConflicts(
  version: { uploadedBy: string; personId: string },
  doer: Pick<Doer, 'id' | 'personId'>,
): Conflict[] {
  return [
    ...(version.uploadedBy === doer.id
      ? [{ code: 'uploaded', message: 'You uploaded this document yourself.', always: true }]
      : []),
    ...(version.personId === doer.personId
      ? [{ code: 'own_document', message: 'This document is your own.', always: true }]
      : []),
  ];
}

/** The last day that is approved with a version: needed where the requirement says so, and not in the past. Refuses with 422. */
export function approvedUntil(
  requirement: { name: string; expires: boolean },
  expiresOn: Day | null,
  today: Day,
): Day | null {
  const wrong =
    expiresOn === null
      ? requirement.expires && `"${requirement.name}" needs the last day on which it is valid.`
      : expiresOn < today && `"${requirement.name}" was valid until ${expiresOn} only.`;
  if (wrong === false) return expiresOn;
  throw new Refusal({
    code: expiresOn === null ? 'document.expiry_required' : 'document.expired_already',
    status: 422,
    message: wrong,
    whatToDo: 'Name its last day, or reject it with a reason.',
    errors: [{ pointer: '/expiresOn', detail: wrong }],
  });
}

export const complianceStates = ['valid', 'expiring', 'missing', 'in_review', 'rejected', 'expired'] as const;
/** What a required document amounts to on a day. Only the first two hold. */
export type ComplianceState = (typeof complianceStates)[number];

/** A document as far as compliance asks; null where there is none. */
export interface OnFile {
  status: DocumentStatus;
  inForceVersion: number | null;
  /** Last day of the version in force; null: without end. */
  expiresOn: Day | null;
}

/** `soonDays`: from so many days before its end on, it shows as expiring. */
export function complianceOf(document: OnFile | null, today: Day, soonDays: number): ComplianceState {
  if (document === null) return 'missing';
  const { status, inForceVersion, expiresOn } = document;
  if (inForceVersion !== null && (expiresOn === null || expiresOn >= today))
    return expiresOn !== null && expiresOn <= addDays(today, soonDays) ? 'expiring' : 'valid';
  if (status === 'uploaded') return 'in_review';
  if (status === 'rejected') return 'rejected';
  return inForceVersion === null ? 'missing' : 'expired';
}
export const isInForce = (state: ComplianceState) => state === 'valid' || state === 'expiring';

export interface ExpiryStep {
  /** What is told now: so many days before the end (0: on the day), or that it has expired. */
  tell: number | 'expired' | null;
  /** The next day on which something is to be told; null: nothing any more. */
  remindOn: Day | null;
}

/**
 * Where a document stands on its way to its end. Of the steps that were missed while nobody looked, the last one
 * counts: who was away for a month is told once. `reminderDays` in any order.
 */
export function expiryStep(expiresOn: Day, reminderDays: readonly number[], today: Day): ExpiryStep {
  if (expiresOn < today) return { tell: 'expired', remindOn: null };
  const steps = [...new Set([...reminderDays, 0])].sort((a, b) => b - a);
  const reached = steps.filter((days) => addDays(expiresOn, -days) <= today).at(-1) ?? null;
  const next = steps.find((days) => addDays(expiresOn, -days) > today);
  return { tell: reached, remindOn: addDays(expiresOn, next === undefined ? 1 : -next) };
}
