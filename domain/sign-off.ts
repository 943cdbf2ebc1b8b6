/** Owns the client's sign-off of a draft: its transition table. */

export const signOffDecisions = ['pending', 'accepted', 'disputed', 'expired', 'superseded'] as const;
export type SignOffDecision = (typeof signOffDecisions)[number];

/** Superseded: the draft changed, or nobody wants it any more. */
export const signOffTransitions: Record<SignOffDecision, readonly SignOffDecision[]> = {
  pending: ['accepted', 'disputed', 'expired', 'superseded'],
  accepted: [],
  disputed: [],
  expired: [],
  superseded: [],
};

/** Where a contract does not say it: so many days before the window ends its client is reminded. */
export const standardSignOffReminders: readonly number[] = [2];

export const disputeStatuses = ['open', 'upheld', 'rejected', 'withdrawn'] as const;
export type DisputeStatus = (typeof disputeStatuses)[number];
/** Of an issued invoice: upheld and rejected by us, withdrawn by the client. */
export const disputeTransitions: Record<DisputeStatus, readonly DisputeStatus[]> = {
  open: ['upheld', 'rejected', 'withdrawn'],
  upheld: [],
  rejected: [],
  withdrawn: [],
};
