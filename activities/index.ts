/** Owns the list of all activities that a worker offers. */
import { sweepOverdue } from '../runtime/sweeper.ts';
import { doDaily } from '../store/daily.ts';
import { watchTimers } from '../store/timers.ts';
import { createBillingPolicyActivities } from './billing-policy.ts';
import { createBillingRunActivities } from './billing-run.ts';
import { createClientInvoiceActivities } from './client-invoice.ts';
import { createClientReportActivities, type ReportDeps } from './client-report.ts';
import { createClockActivities } from './clock.ts';
import { createConnectionActivities } from './connection.ts';
import { createContractorInvoiceActivities } from './contractor-invoice.ts';
import { createInvoiceFollowUpActivities } from './invoice-follow-up.ts';
import { createSmallRunActivities } from './small-run.ts';
import { createTicketActivities } from './ticket.ts';
import { createWebhookActivities } from './webhook-subscriptions.ts';

export function createActivities(deps: ReportDeps) {
  const ofInvoices = createClientInvoiceActivities(deps);
  return {
    ...createBillingPolicyActivities(deps),
    ...createBillingRunActivities(deps),
    ...ofInvoices,
    ...createClockActivities(deps),
    ...createClientReportActivities(deps),
    ...createConnectionActivities(deps),
    ...createContractorInvoiceActivities(deps),
    ...createInvoiceFollowUpActivities(deps),
    ...createSmallRunActivities(deps, (ref) => ofInvoices.pushInPlace(ref)),
    ...createTicketActivities(deps),
    ...createWebhookActivities(deps),
    /** Wakes the subjects whose due time passed without anybody noticing, and does what each workspace's day asks for. */
    sweepOverdue: async () => {
      const woken = await sweepOverdue(deps.database);
      await doDaily(deps.database);
      await watchTimers(deps.database);
      return woken;
    },
  };
}

export type Activities = ReturnType<typeof createActivities>;
