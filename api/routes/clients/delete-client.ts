/** Owns DELETE /clients/:clientId: deleted where nothing refers to it, else archived, and the answer says why. */
import { z } from 'zod';
import { whyKept } from '../../../domain/client.ts';
import { found, invalidField } from '../../../domain/refusal.ts';
import { followReportSetting } from '../../../store/client-reports.ts';
import { clients, lockClient, readHolds, removeClient } from '../../../store/clients.ts';
import { recordDeleted, recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { openToken } from '../../kit/sealed-token.ts';
import { clientSubject } from './client.ts';
import { deletionFacts, deletionOutcome, deletionPurpose } from './client-deletion.ts';

export const deleteClient = defineRoute({
  name: 'delete-client',
  method: 'delete',
  path: '/clients/:clientId',
  summary: 'Delete a client',
  description:
    'Needs the confirmation of GET /clients/{clientId}/deletion. A client with issued invoices, or anything else that refers to it, is archived instead.',
  permission: 'clients.delete',
  query: z.object({ confirmation: z.string().max(2_000).optional() }),
  exampleQuery: { confirmation: 'the token of GET …/deletion' },
  responses: { 200: deletionOutcome },
  errors: ['client.not_confirmed'],
  handler: ({ params, query, actor, deps, transact }) =>
    transact(async (tx) => {
      const before = await lockClient(tx, params.clientId, 'key');
      const token = openToken(deps.secrets, deletionPurpose, query.confirmation ?? '', deletionFacts);
      const isMeant =
        token?.workspaceId === tx.workspaceId &&
        token.facts.clientId === before.id &&
        token.facts.actor === actor.id;
      if (!isMeant)
        throw invalidField(
          '/confirmation',
          'client.not_confirmed',
          'Deleting a client needs a confirmation that was made for it and for you, a few minutes ago at most.',
          'Ask for one with GET /clients/{clientId}/deletion, show what it says, then send it with the DELETE.',
        );
      const because = whyKept(await readHolds(tx, before.id));
      if (because === null) {
        await removeClient(tx, before.id);
        await recordDeleted(tx, actor, clientSubject, before);
        return { status: 200, body: { outcome: 'deleted', because } };
      }
      const after = found(await clients.update(tx, before.id, { status: 'archived' }), 'client');
      await followReportSetting(tx, before, after);
      await recordUpdated(tx, actor, clientSubject, before, after, 'archived');
      return { status: 200, body: { outcome: 'archived', because } };
    }),
});
