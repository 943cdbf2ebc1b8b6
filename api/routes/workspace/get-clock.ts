/** Owns GET /workspace/clock. */
import { defineRoute } from '../../kit/route.ts';
import { readWorkspaceClock, workspaceClock } from './workspace-clock.ts';

export const getClock = defineRoute({
  name: 'get-clock',
  method: 'get',
  path: '/workspace/clock',
  summary: 'What time it is in the workspace, and how its clock is being set forward',
  permission: 'workspace.read',
  responses: { 200: workspaceClock },
  handler: ({ transact }) => transact(async (tx) => ({ status: 200, body: await readWorkspaceClock(tx) })),
});
