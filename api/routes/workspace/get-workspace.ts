/** Owns GET /workspace. */
import { getWorkspace as readWorkspace } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { workspace } from './workspace.ts';

export const getWorkspace = defineRoute({
  name: 'get-workspace',
  method: 'get',
  path: '/workspace',
  summary: "Read the key's workspace",
  permission: 'workspace.read',
  responses: { 200: workspace },
  handler: ({ transact }) => transact(async (tx) => ({ status: 200, body: await readWorkspace(tx) })),
});
