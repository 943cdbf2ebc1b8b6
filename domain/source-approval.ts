/** Owns whose word approves the entries of a connection: the platform's, or none, where the platform has no approval. */
import type { SourceEntry } from './work-entry.ts';

/**
 * `platform`: an entry is approved where the platform says so, and only there. `automatic`: for platforms and accounts without
 * approvals, every finished entry counts as approved; one that the platform says is rejected does not.
 */
export const sourceApprovals = ['platform', 'automatic'] as const;
export type SourceApproval = (typeof sourceApprovals)[number];

/** By what the ownership card says; anything else than a known word is the platform's. */
export function sourceApprovalOf(ownership: Readonly<Record<string, unknown>>): SourceApproval {
  return ownership.approval === 'automatic' ? 'automatic' : 'platform';
}

export function withApproval(policy: SourceApproval, entry: SourceEntry): SourceEntry {
  if (policy === 'platform' || entry.running || entry.approval === 'rejected') return entry;
  return entry.approval === 'approved' ? entry : { ...entry, approval: 'approved' };
}
