/** Owns POST /client-documents/:clientDocumentId/link: a download link that ends by itself. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { findClientDocument } from '../../../store/client-documents.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { instant } from '../../kit/schemas.ts';
import { sealToken } from '../../kit/sealed-token.ts';
import { clientDocumentSubject, linkMinutes, linkPurpose } from './client-document.ts';

export const linkClientDocument = defineRoute({
  name: 'link-client-document',
  method: 'post',
  path: '/client-documents/:clientDocumentId/link',
  summary: 'Make a download link',
  description: `It works for ${linkMinutes} minutes, without signing in, as long as you may read documents.`,
  permission: 'documents.read',
  // A repeat makes a link of its own: a kept one would be out of time.
  idempotency: 'none',
  responses: { 200: z.object({ url: z.string(), expiresAt: instant }) },
  handler: ({ params, actor, workspaceId, deps, transact }) =>
    transact(async (tx) => {
      const { id: documentId } = found(
        await findClientDocument(tx, params.clientDocumentId),
        'client_document',
      );
      const expiresAt = new Date(Date.now() + linkMinutes * 60_000);
      const token = sealToken(
        deps.secrets,
        { workspaceId, purpose: linkPurpose, expiresAt },
        { documentId, memberId: actor.memberId, apiKeyId: actor.apiKeyId },
      );
      await record(tx, actor, clientDocumentSubject, 'linked', documentId, {
        expiresAt: expiresAt.toISOString(),
      });
      const url = `${deps.publicUrl()}/api/v1/downloads?token=${token}`;
      return { status: 200, body: { url, expiresAt: expiresAt.toISOString() } };
    }),
});
