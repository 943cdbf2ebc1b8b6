/** Owns the steps of a client invoice: sign-off, print, and the push of it and of what follows it to the accounting platform. */
import { numberLimits } from '../connectors/kit/registry.ts';
import { keepingPlans } from '../store/database.ts';
import { unprintedDocuments } from '../store/document-files.ts';
import { holdInvoices, issueInvoices } from '../store/issue.ts';
import { expireSignOff } from '../store/sign-offs.ts';
import { workspaceNow } from '../store/workspaces.ts';
import { type ClientInvoiceStep, nextStep } from './client-invoice-step.ts';
import type { ActivityDeps } from './deps.ts';
import { look, type SubjectRef } from './look.ts';
import { createPushDocuments } from './push-documents.ts';
import { actor, createPushInvoice } from './push-invoice.ts';

/** More at once would keep the looks of other subjects waiting: these go to the queue of the platforms. */
const mostInPlace = 4;

export function createClientInvoiceActivities(deps: ActivityDeps) {
  const { database } = deps;
  // One document and what belongs to it, by their keys.
  const { pushInvoice } = createPushInvoice({ ...deps, database: keepingPlans(database) });
  let inPlace = 0;

  return {
    /** What this invoice needs now, from its own state and its connection's. */
    lookAtClientInvoice: (ref: SubjectRef): Promise<ClientInvoiceStep> =>
      look(deps, 'client_invoice', ref, (tx) => nextStep(tx, ref.subjectId)),

    /** The files of the invoice and of its credit notes, each made once; its mails go out with them. */
    async printDocuments(ref: SubjectRef): Promise<void> {
      const { workspaceId, subjectId } = ref;
      const unprinted = await database.inWorkspace(workspaceId, (tx) => unprintedDocuments(tx, subjectId));
      for (const document of unprinted) await deps.documents.keep({ workspaceId, ...document });
    },

    /** Nobody answered in time: by the contract a yes, or the draft is held. */
    async expireSignOff({ workspaceId, subjectId }: SubjectRef): Promise<void> {
      await database.inWorkspace(workspaceId, async (tx) => {
        const outcome = await expireSignOff(tx, subjectId, actor, await workspaceNow(tx));
        if (outcome === 'hold')
          await holdInvoices(
            tx,
            [{ id: subjectId, reason: 'its client has not signed it off in time' }],
            actor,
          );
      });
    },

    /** What its client has signed off goes through the same gate as the rest of its run did. */
    async issueSignedOff({ workspaceId, subjectId }: SubjectRef): Promise<void> {
      await database.inWorkspace(workspaceId, async (tx) =>
        issueInvoices(tx, [subjectId], actor, await workspaceNow(tx), null, numberLimits, true),
      );
    },

    pushInvoice,
    /** `pushInvoice` without Temporal in between; false where too many are at it already. */
    async pushInPlace(ref: SubjectRef): Promise<boolean> {
      if (inPlace >= mostInPlace) return false;
      inPlace += 1;
      try {
        await pushInvoice(ref);
        return true;
      } finally {
        inPlace -= 1;
      }
    },
    pushDocuments: createPushDocuments(deps),
  };
}
