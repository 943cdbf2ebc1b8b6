/** Owns GET /entries/:entryId: the whole life of an entry, and why it is not billed. */
import { found } from '../../../domain/refusal.ts';
import { whyNotClaimed, whyNotInvoiced } from '../../../domain/why-not-billed.ts';
import {
  type EntryItemRow,
  readEntry,
  readEntryClaims,
  readEntryFacts,
  readEntryItems,
  readEntryVersions,
} from '../../../store/entries.ts';
import { exceptionsOfEntry } from '../../../store/exceptions.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { entryInFull } from './entry.ts';

export const getEntry = defineRoute({
  name: 'get-entry',
  method: 'get',
  path: '/entries/:entryId',
  summary: 'Read an entry with its versions, claims, items and invoice lines',
  description:
    'whyNotBilled lists every reason why it is not on an issued invoice, with what to do about it.',
  permission: 'entries.read',
  own: true,
  responses: { 200: entryInFull },
  handler: ({ params: { entryId }, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'entries.read');
      const entry = await readEntry(tx, entryId);
      const row = found(own === null || entry?.personId === own ? entry : null, 'entry');
      const facts = found(await readEntryFacts(tx, entryId), 'entry');
      const items = await readEntryItems(tx, entryId);
      const seesItems = actor.permissions.has('items.read');
      return {
        status: 200,
        body: {
          ...row,
          whyNotBilled: [
            ...whyNotClaimed(facts),
            ...whyNotInvoiced(items.map(seesItems ? toItemFacts : toPlainFacts)),
          ],
          versions: await readEntryVersions(tx, entryId),
          claims: await readEntryClaims(tx, entryId),
          items: seesItems ? items : null,
          exceptions: await exceptionsOfEntry(tx, entryId),
        },
      };
    }),
});

const forTheOffice = 'why is for the office to say';
/** Why something is held may name what the client pays, or has ordered: not for whose work it is. */
function toPlainFacts(row: EntryItemRow) {
  const facts = toItemFacts(row);
  return {
    ...facts,
    heldReason: facts.heldReason && forTheOffice,
    invoices: facts.invoices.map((invoice) => ({
      ...invoice,
      holdReason: invoice.holdReason && forTheOffice,
    })),
  };
}

function toItemFacts({ heldReason, included, unallocated, lines }: EntryItemRow) {
  return {
    heldReason,
    included,
    unallocated,
    invoices: lines.map((line) => ({
      id: line.invoiceId,
      number: line.invoiceNumber,
      status: line.invoiceStatus,
      holdReason: line.holdReason,
    })),
  };
}
