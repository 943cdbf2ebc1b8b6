/** Owns GET /connections/:connectionId/look-ups/:kind. */
import { z } from 'zod';
import { lookUpKinds } from '../../../connectors/kit/define.ts';
import { Refusal } from '../../../domain/refusal.ts';
import { encodeCursor } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { refOf } from './connection.ts';
import { platformErrors } from './list-connection-accounts.ts';

const record = z.object({
  externalId: z.string(),
  name: z.string(),
  code: z.string().nullable(),
  email: z.string().nullable(),
  active: z.boolean(),
  parentExternalId: z
    .string()
    .nullable()
    .meta({ description: 'Of a project its client, of a task its project.' }),
});

/** The platform has no cursor of ours: a later page is read from the beginning, so pages end somewhere. */
const mostSkipped = 10_000;

export const listLookUps = defineRoute({
  name: 'list-look-ups',
  method: 'get',
  path: '/connections/:connectionId/look-ups/:kind',
  params: z.object({ connectionId: z.uuid(), kind: z.enum(lookUpKinds) }),
  summary: "List the platform's people, clients, projects or tasks",
  description:
    'Read from the platform, to map them: POST /mapping-rules with its externalId. The first 10,000.',
  permission: 'connections.read',
  query: z.object({
    ...pageQuery,
    search: z.string().trim().max(200).default('').meta({ description: 'In name, code, e-mail or id.' }),
  }),
  responses: { 200: pageOf(record) },
  errors: [...platformErrors, 'connection.no_such_list'],
  handler: async ({ params: { kind, ...params }, query: { limit, cursor, search }, deps, workspaceId }) => {
    const skip = Math.min(mostSkipped, Math.max(0, Number.parseInt(cursor?.[0] ?? '0', 10) || 0));
    const wanted = { skip, limit, holding: search };
    const records = await deps.connectionSetup.lookUp(refOf(workspaceId, params), kind as 'project', wanted);
    if (records === null)
      throw new Refusal({
        code: 'connection.no_such_list',
        message: `This platform has no list of its ${kind === 'person' ? 'people' : `${kind}s`}.`,
        whatToDo: 'Map what comes in under Exceptions instead.',
      });
    const isMore = records.length > limit && skip + limit <= mostSkipped;
    return {
      status: 200,
      body: {
        items: records.slice(0, limit),
        nextCursor: isMore ? encodeCursor([String(skip + limit)]) : null,
      },
    };
  },
});
