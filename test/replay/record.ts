/**
 * Owns the recording of workflow histories that workflows.replay.test.ts keeps replaying (invariant 11).
 *
 *     npm run record [-- NAME …]
 *
 * Tells the stories below on a hub with servers of its own in a temporary folder (about a minute) and writes one file per
 * workflow to `histories/`, named `<workflow>.<path>.json`: those that have no file yet, or the NAMEs. When to record:
 *   - a new workflow type, or a new path of one: add it to a story here, record it, commit its file;
 *   - never to make a failing replay pass. A history stands for workflows that run at somebody's hub: keep it, and let
 *     the changed workflow carry both ways with `patched()` (docs/decisions/0031-versioning-workflows.md).
 */
import { endRecording, isWanted, named } from './recorder.ts';
import { ends, longInvoice, numberedLater, signOffs } from './stories-of-invoices.ts';
import { contractorDay, report, sweeps, ticketDay } from './stories-of-people.ts';
import { badDay, goodDay } from './stories-of-platforms.ts';
import { billed, followed } from './stories-of-pushes.ts';
import { failedRun, movedClock, otherRuns, policy, waitingRun } from './stories-of-runs.ts';
import { askedToCall } from './stories-of-webhooks.ts';

/** Which histories each story brings. */
const stories: { tell: () => Promise<void>; brings: string[] }[] = [
  {
    tell: goodDay,
    brings: [
      'billing-run.issued',
      'client-invoice.settled',
      'client-invoice.pushed-in-place',
      'connection.payments-polled',
      'connection.disconnected',
    ],
  },
  {
    tell: badDay,
    brings: [
      'client-invoice.mended-by-a-person',
      'client-invoice.left-to-the-queue',
      'connection.reading-given-up',
    ],
  },
  { tell: otherRuns, brings: ['billing-run.cancelled', 'billing-run.undone', 'billing-run.drafted'] },
  { tell: failedRun, brings: ['billing-run.failed'] },
  { tell: waitingRun, brings: ['billing-run.asked-again'] },
  { tell: movedClock, brings: ['clock.moved', 'clock.given-up'] },
  { tell: longInvoice, brings: ['client-invoice.reminded-and-thanked'] },
  {
    tell: signOffs,
    brings: [
      'client-invoice.signed-off',
      'client-invoice.accepted-by-silence',
      'client-invoice.held-by-silence',
    ],
  },
  { tell: ends, brings: ['client-invoice.disputed-then-paid', 'client-invoice.voided'] },
  { tell: contractorDay, brings: ['contractor-invoice.paid'] },
  { tell: ticketDay, brings: ['ticket.paid', 'ticket.rejected'] },
  { tell: policy, brings: ['billing-policy.gathered-and-ended', 'billing-policy.billed-in-place'] },
  { tell: report, brings: ['client-report.made-after-grace'] },
  { tell: numberedLater, brings: ['client-invoice.named-while-waiting'] },
  { tell: followed, brings: ['client-invoice.credited-there', 'connection.documents-looked-at'] },
  { tell: billed, brings: ['contractor-invoice.billed-there'] },
  { tell: sweeps, brings: ['sweep.nothing-overdue'] },
  { tell: askedToCall, brings: ['connection.asked-to-call'] },
];

try {
  const known = stories.flatMap(({ brings }) => brings);
  const unknown = named.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`no story brings ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  for (const { tell, brings } of stories) if (brings.some(isWanted)) await tell();
} finally {
  await endRecording();
}
