/** Owns pushing what follows an invoice or a bill: each document once, compared to the cent, or written into the posting file. */
import { addPostingLines } from '../store/posting-files.ts';
import {
  markNotPushed,
  type PushedDocument,
  queuedOf,
  releaseWaiting,
  waitFor,
} from '../store/pushed-documents.ts';
import { closeIntent, markSynced, markSyncFailed, markSyncing } from '../store/sync.ts';
import type { ActivityDeps } from './deps.ts';
import type { SubjectRef } from './look.ts';
import { type Push, type Pushed, pushActor } from './push.ts';
import { pushBill, pushBillPayment } from './push-bill.ts';
import { pushCreditApplication, pushCreditNote, pushRefund, pushWriteOff } from './push-credit.ts';
import { createPushInvoice, invoiceTargetOf } from './push-invoice.ts';
import { pushInvoiceMail, pushUpdate, pushVoid } from './push-invoice-change.ts';
import { type OpenVendor, openVendor, settleVendorFailure } from './vendor.ts';
import { type WrittenSubject, writeOnce } from './write-once.ts';

type Writer = (push: Push) => Promise<Pushed>;
const writers: Partial<Record<PushedDocument['subjectType'], Writer>> = {
  credit_note: pushCreditNote,
  credit_application: pushCreditApplication,
  bad_debt: pushWriteOff,
  refund: pushRefund,
  contractor_invoice: pushBill,
  contractor_payment: pushBillPayment,
  invoice_mail: pushInvoiceMail,
};
function writerOf({ subjectType, wanted }: PushedDocument): Writer {
  if (wanted === 'void') return pushVoid;
  if (wanted === 'update') return pushUpdate;
  const writer = writers[subjectType];
  if (!writer) throw new Error(`nothing pushes a ${subjectType}`);
  return writer;
}

export function createPushDocuments(deps: ActivityDeps) {
  const { sayInvoice } = createPushInvoice(deps);

  /** Throws what Temporal should retry; every other failure ends in the record of its document and holds up no other. */
  return async function pushDocuments({ workspaceId, subjectId }: SubjectRef): Promise<void> {
    const records = await deps.database.inWorkspace(workspaceId, (tx) => queuedOf(tx, subjectId));
    for (const record of records) {
      const isOpen = await pushOne(workspaceId, record);
      if (!isOpen) return;
    }
  };

  /** False: the connection is not open any more. */
  async function pushOne(workspaceId: string, record: PushedDocument): Promise<boolean> {
    const { connectionId, subjectType, subjectId } = record;
    const fail = (step: string, reason: string, externalId: string | null = null) =>
      deps.database.inWorkspace(workspaceId, (tx) =>
        markSyncFailed(tx, {
          connectionId,
          subjectType,
          subjectId,
          step,
          reason,
          externalId,
          actor: pushActor,
        }),
      );
    try {
      const vendor = await openVendor(deps, workspaceId, connectionId);
      if (!vendor) return false;
      await deps.database.inWorkspace(workspaceId, (tx) =>
        markSyncing(tx, subjectType, subjectId, connectionId),
      );
      const target = invoiceTargetOf(vendor.connector);
      const subject = { workspaceId, subjectType, subjectId, generation: record.generation };
      const once = onceOf(vendor, subject);
      const pushed = await writerOf(record)({ deps, workspaceId, vendor, target, record, sayInvoice, once });
      if (pushed.is === 'different') await fail('total_differs', pushed.difference, pushed.externalId);
      else await keep(workspaceId, record, pushed);
      return true;
    } catch (problem) {
      const settled = await settleVendorFailure(deps, workspaceId, connectionId, problem);
      if (settled.kind !== 'invalid') return false;
      await fail(settled.code === 'total_differs' ? settled.code : record.wanted, settled.reason);
      return true;
    }
  }

  function onceOf(vendor: OpenVendor, subject: WrittenSubject): Push['once'] {
    return async (find, create, action = 'create') => {
      const { remote, intent } = await writeOnce(deps.database, vendor, { ...subject, action }, find, create);
      await deps.database.inWorkspace(subject.workspaceId, (tx) =>
        closeIntent(tx, intent.id, externalIdOf(remote) ?? 'gone'),
      );
      return remote;
    };
  }

  function keep(
    workspaceId: string,
    record: PushedDocument,
    pushed: Exclude<Pushed, { is: 'different' }>,
  ): Promise<void> {
    const { id, connectionId, subjectType, subjectId } = record;
    return deps.database.inWorkspace(workspaceId, async (tx) => {
      switch (pushed.is) {
        case 'there': {
          const { externalId, versionToken, number = null, total = null } = pushed.remote;
          const facts = { externalId, versionToken, total, remoteNumber: number, actor: pushActor };
          await markSynced(tx, { connectionId, subjectType, subjectId, ...facts });
          await releaseWaiting(tx, subjectId);
          return;
        }
        case 'waiting':
          return waitFor(tx, id, pushed.for, pushed.reason);
        case 'declined': {
          const subject = { type: subjectType, id: subjectId, documentId: pushed.documentId };
          await addPostingLines(tx, connectionId, subject, pushed.reason);
          return markNotPushed(tx, id, `posting file: ${pushed.reason}`);
        }
        case 'nothing':
          return markNotPushed(tx, id, pushed.reason);
      }
    });
  }
}

function externalIdOf(remote: unknown): string | null {
  const id = (remote as { externalId?: unknown } | null)?.externalId;
  return typeof id === 'string' ? id : null;
}
