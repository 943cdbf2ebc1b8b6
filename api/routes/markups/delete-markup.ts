/** Owns DELETE /markups/:markupId. */
import { found } from '../../../domain/refusal.ts';
import { markups } from '../../../store/markups.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { markupSubject } from './markup.ts';

export const deleteMarkup = defineRoute({
  name: 'delete-markup',
  method: 'delete',
  path: '/markups/:markupId',
  summary: 'Delete a markup',
  permission: 'markups.delete',
  responses: { 204: empty },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = found(await markups.lock(tx, params.markupId), 'markup');
      await markups.remove(tx, before.id);
      await recordDeleted(tx, actor, markupSubject, before);
      return { status: 204 };
    }),
});
