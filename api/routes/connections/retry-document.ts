/** Owns POST /connections/:connectionId/documents/:syncedDocumentId/retry. */
import { Refusal } from '../../../domain/refusal.ts';
import { pushAgain } from '../../../store/pushed-documents.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { connectionSubject } from './connection.ts';
import { documentAtPlatform, lockShown, toDocumentView } from './document-at-platform.ts';

export const retryDocument = defineRoute({
  name: 'retry-document',
  method: 'post',
  path: '/connections/:connectionId/documents/:syncedDocumentId/retry',
  summary: 'Push a document again that failed or drifted',
  description:
    'The platform is asked before anything is posted. What was edited there is replaced by what stands here; what was deleted there is made anew.',
  permission: 'connections.sync',
  responses: { 202: documentAtPlatform },
  errors: ['document.not_to_push_again'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = await lockShown(tx, params);
      if (before.status !== 'failed' && before.status !== 'drifted')
        throw new Refusal({
          code: 'document.not_to_push_again',
          message: `It is ${before.status.replaceAll('_', ' ')}.`,
          whatToDo: 'Only what failed or drifted is pushed again.',
        });
      if (before.difference?.void === true)
        throw new Refusal({
          code: 'document.not_to_push_again',
          message: 'It is void there, and a void document keeps its number.',
          whatToDo: 'Credit it here and accept the difference, or delete the void one there and retry.',
        });
      await pushAgain(tx, before);
      const { subjectType: document, subjectId } = before;
      await record(tx, actor, connectionSubject, 'document_retried', params.connectionId, {
        document,
        subjectId,
      });
      return { status: 202, body: toDocumentView(await lockShown(tx, params)) };
    }),
});
