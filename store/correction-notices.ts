/** Owns who is told of corrections: the second person that a credit waits for, the client's side, and whoever bills them. */
import type { Doer } from '../domain/duties.ts';
import type { CreditNote } from './credit-notes.ts';
import type { WorkspaceTx } from './database.ts';
import { notify } from './notifications.ts';

/** Once a credit note; not whoever wrote it. */
export async function tellSecondPerson(tx: WorkspaceTx, note: CreditNote, doer: Doer): Promise<void> {
  await notify(tx, [
    {
      kind: 'credit_note.waits',
      to: { permission: 'invoices.credit' },
      except: doer.memberId === null ? [] : [doer.memberId],
      key: `credit_note.waits:${note.id}`,
      subjectType: 'credit_note',
      subjectId: note.id,
      params: {
        author: doer.name,
        invoice: note.invoiceNumber,
        amount: `${note.total} ${note.currency}`,
        reason: note.reason,
      },
    },
  ]);
}
