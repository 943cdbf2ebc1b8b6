/** Owns which approval state of an entry makes it billable under a contract's release policy. */
import type { ApprovalState } from './work-entry.ts';

export type ApprovalPolicy = 'approved' | 'submitted' | 'any';

/** A rejected entry is never billed. */
export const billableApprovals: Readonly<Record<ApprovalPolicy, readonly ApprovalState[]>> = {
  approved: ['approved'],
  submitted: ['approved', 'submitted'],
  any: ['approved', 'submitted', 'unsubmitted'],
};
