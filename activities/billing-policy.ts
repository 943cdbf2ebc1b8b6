/** Owns the look of a contract's billing policy: what is due and was pulled becomes one run, in one transaction. */
import { lookAtPolicy, type PolicyStep } from '../store/billing-policies.ts';
import type { ActivityDeps } from './deps.ts';
import { look, type SubjectRef } from './look.ts';

export type BillingPolicyStep = PolicyStep;

export function createBillingPolicyActivities(deps: ActivityDeps) {
  return {
    /** Asks for the run that is next, where one is, and says what the policy then waits for. */
    lookAtBillingPolicy: (ref: SubjectRef): Promise<BillingPolicyStep> =>
      look(deps, 'billing_policy', ref, (tx) => lookAtPolicy(tx, ref.subjectId)),
  };
}
