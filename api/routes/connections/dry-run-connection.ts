/** Owns POST /connections/:connectionId/dry-run. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { connections } from '../../../store/connections.ts';
import { endRunningOperations, startOperation } from '../../../store/operations.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { operation } from '../operations/operation.ts';
import { connectionSubject, refOf } from './connection.ts';

const kind = 'dry_run';
const mostUnderWay = 10;

export const dryRunConnection = defineRoute({
  name: 'dry-run-connection',
  method: 'post',
  path: '/connections/:connectionId/dry-run',
  summary: 'Try the first sync: what would come in, without storing any of it',
  description:
    'Reads the first pages since the go-live date. The result of the operation counts what is new, known, outside the scope, settled elsewhere and unreadable, names what nobody here knows, and shows the first 20 rows. A new one ends the one before.',
  permission: 'connections.update',
  responses: { 202: operation },
  errors: ['connection.disconnected', 'connection.too_many_dry_runs'],
  handler: async ({ params, actor, deps, workspaceId, transact }) => {
    if (deps.connectionSetup.dryRunsUnderWay() >= mostUnderWay)
      throw new Refusal({
        code: 'connection.too_many_dry_runs',
        status: 429,
        message: 'Many connections are being tried out at this moment.',
        whatToDo: 'Repeat it in a minute.',
        retryAfterSeconds: 60,
      });
    const answer = await transact(async (tx) => {
      const { id, status } = found(await connections.lock(tx, params.connectionId), 'connection');
      if (status === 'disconnected')
        throw new Refusal({
          code: 'connection.disconnected',
          message: 'This connection was disconnected for good.',
          whatToDo: 'Create a new one.',
        });
      await endRunningOperations(tx, { kind, subjectId: id, message: 'another dry run began' });
      const started = await startOperation(tx, { kind, subjectId: id, total: null, startedBy: actor.id });
      await record(tx, actor, connectionSubject, 'dry_run_asked', id, { operationId: started.id });
      return { status: 202, body: started };
    });
    // After the commit: what is read belongs to an operation that everybody can see.
    deps.connectionSetup.startDryRun(refOf(workspaceId, params), answer.body.id);
    return answer;
  },
});
