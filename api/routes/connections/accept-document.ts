/** Owns POST /connections/:connectionId/documents/:syncedDocumentId/accept. */
import { z } from 'zod';
import { Refusal } from '../../../domain/refusal.ts';
import { acceptDrift } from '../../../store/pushed-documents.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { connectionSubject } from './connection.ts';
import { documentAtPlatform, lockShown, toDocumentView } from './document-at-platform.ts';

export const acceptDocument = defineRoute({
  name: 'accept-document',
  method: 'post',
  path: '/connections/:connectionId/documents/:syncedDocumentId/accept',
  summary: 'Accept what stands at the platform otherwise than here',
  description: 'It stays drifted, with who accepted it and why, until it changes there again.',
  permission: 'connections.sync',
  body: z.object({ reason: z.string().trim().min(1).max(2000) }),
  example: { reason: 'Their bookkeeper corrected the due date' },
  responses: { 200: documentAtPlatform },
  errors: ['document.not_drifted'],
  handler: ({ params, body: { reason }, actor, transact }) =>
    transact(async (tx) => {
      const before = await lockShown(tx, params);
      if (before.status !== 'drifted')
        throw new Refusal({
          code: 'document.not_drifted',
          message: `It is ${before.status.replaceAll('_', ' ')}: nothing stands there otherwise.`,
        });
      await acceptDrift(tx, before, { reason, actor: actor.id });
      const { subjectType: document, subjectId, difference } = before;
      const payload = { document, subjectId, difference, reason };
      await record(tx, actor, connectionSubject, 'drift_accepted', params.connectionId, payload);
      return { status: 200, body: toDocumentView(await lockShown(tx, params)) };
    }),
});
