/** Owns GET /clients/:clientId/deletion: what deleting would come to, and the token that confirms it. */
import { z } from 'zod';
import { whyKept } from '../../../domain/client.ts';
import { found } from '../../../domain/refusal.ts';
import { clients, readHolds } from '../../../store/clients.ts';
import { defineRoute } from '../../kit/route.ts';
import { instant } from '../../kit/schemas.ts';
import { sealToken } from '../../kit/sealed-token.ts';
import { deletionMinutes, deletionOutcome, deletionPurpose } from './client-deletion.ts';

export const previewClientDeletion = defineRoute({
  name: 'preview-client-deletion',
  method: 'get',
  path: '/clients/:clientId/deletion',
  summary: 'What deleting a client would come to, and the token that confirms it',
  permission: 'clients.delete',
  responses: {
    200: deletionOutcome.extend({
      confirmation: z.string().meta({
        description: `Send it with the DELETE, within ${deletionMinutes} minutes; it is yours alone.`,
      }),
      expiresAt: instant,
    }),
  },
  handler: ({ params, actor, workspaceId, deps, transact }) =>
    transact(async (tx) => {
      const { id: clientId } = found(await clients.find(tx, params.clientId), 'client');
      const because = whyKept(await readHolds(tx, clientId));
      const expiresAt = new Date(Date.now() + deletionMinutes * 60_000);
      const confirmation = sealToken(
        deps.secrets,
        { workspaceId, purpose: deletionPurpose, expiresAt },
        { clientId, actor: actor.id },
      );
      const outcome = because === null ? 'deleted' : 'archived';
      return { status: 200, body: { outcome, because, confirmation, expiresAt: expiresAt.toISOString() } };
    }),
});
