/** Owns GET /markups/:markupId. */
import { found } from '../../../domain/refusal.ts';
import { markups } from '../../../store/markups.ts';
import { defineRoute } from '../../kit/route.ts';
import { markup } from './markup.ts';

export const getMarkup = defineRoute({
  name: 'get-markup',
  method: 'get',
  path: '/markups/:markupId',
  summary: 'Read a markup',
  permission: 'markups.read',
  responses: { 200: markup },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({ status: 200, body: found(await markups.find(tx, params.markupId), 'markup') })),
});
