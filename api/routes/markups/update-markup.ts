/** Owns PATCH /markups/:markupId. */
import { found } from '../../../domain/refusal.ts';
import { changeMarkup, markups } from '../../../store/markups.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { markup, markupChange, markupSubject } from './markup.ts';

export const updateMarkup = defineRoute({
  name: 'update-markup',
  method: 'patch',
  path: '/markups/:markupId',
  summary: 'Change a markup, or end it',
  description: 'What is compiled keeps the markup that it was compiled with.',
  permission: 'markups.update',
  body: markupChange,
  example: { validTo: '2027-01-01' },
  responses: { 200: markup },
  errors: ['markup.dates_conflict'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await markups.lock(tx, params.markupId), 'markup');
      requireCurrent(before);
      const after = await changeMarkup(tx, before, body);
      await recordUpdated(tx, actor, markupSubject, before, after);
      return { status: 200, body: after };
    }),
});
