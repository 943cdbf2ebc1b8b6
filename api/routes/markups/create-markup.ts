/** Owns POST /markups. */
import { insertMarkup } from '../../../store/markups.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { markup, markupSubject, newMarkup } from './markup.ts';

export const createMarkup = defineRoute({
  name: 'create-markup',
  method: 'post',
  path: '/markups',
  summary: 'Say what is added to a cost from a day on',
  description:
    'It prices where the strategy of the category is markup; the narrowest scope counts, of one scope the latest.',
  permission: 'markups.create',
  body: newMarkup,
  example: {
    scopeType: 'client',
    scopeId: '{clientId}',
    category: 'expenses',
    percentage: '12.5',
    validFrom: '2026-07-01',
  },
  responses: { 201: markup },
  errors: ['reference.unknown', 'markup.dates_conflict'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertMarkup(tx, body);
      await recordCreated(tx, actor, markupSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/markups/${created.id}` } };
    }),
});
