/** Owns POST /connections/:connectionId/test. */
import { z } from 'zod';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { connectionSubject, refOf } from './connection.ts';

export const testConnection = defineRoute({
  name: 'test-connection',
  method: 'post',
  path: '/connections/:connectionId/test',
  summary: 'Ask the platform whether the credentials work, and for whom',
  description: 'A platform that says no is an answer, not an error: `ok` is false, and `problem` says why.',
  permission: 'connections.update',
  responses: {
    200: z.object({
      ok: z.boolean(),
      account: z.string().nullable().meta({ description: 'The account at the platform.' }),
      warnings: z.array(z.string()).meta({ description: 'What is worth a look before it starts.' }),
      problem: z
        .object({
          kind: z.string(),
          message: z.string(),
          requestId: z.string().nullable().meta({ description: "To quote to the platform's support." }),
        })
        .nullable(),
    }),
  },
  errors: ['connection.disconnected'],
  handler: async ({ params, actor, deps, workspaceId, transact }) => {
    const tested = await deps.connectionSetup.test(refOf(workspaceId, params));
    return transact(async (tx) => {
      const { ok, account, problem } = tested;
      const facts = { ok, account, problem: problem?.message ?? null };
      await record(tx, actor, connectionSubject, 'tested', params.connectionId, facts);
      return { status: 200, body: tested };
    });
  },
});
