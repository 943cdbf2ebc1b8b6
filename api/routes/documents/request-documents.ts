/** Owns POST /people/:personId/documents/request. */
import { z } from 'zod';
import { requestDocuments as request } from '../../../store/documents.ts';
import { defineRoute } from '../../kit/route.ts';
import { id } from '../../kit/schemas.ts';
import { personDocument } from './document.ts';

export const requestDocuments = defineRoute({
  name: 'request-documents',
  method: 'post',
  path: '/people/:personId/documents/request',
  summary: 'Ask a person for the documents that are required of them and were never handed in',
  description: 'The person is told of each. Doing it again asks for nothing twice.',
  permission: 'documents.update',
  body: z.object({
    requirementIds: z.array(id).min(1).max(100).optional().meta({ description: 'Default: all of them.' }),
  }),
  example: {},
  responses: {
    200: z.object({
      items: z.array(personDocument).meta({ description: 'Those that were asked for now.' }),
    }),
  },
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: { items: await request(tx, params.personId, body.requirementIds ?? null, actor) },
    })),
});
