/** Owns POST /contracts/:contractId/retentions/release. */
import { z } from 'zod';
import { localDay } from '../../../domain/day.ts';
import { found } from '../../../domain/refusal.ts';
import { contracts } from '../../../store/contracts.ts';
import { listRetentions, releaseRetentions as release } from '../../../store/retentions.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { contractSubject, retention } from './contract.ts';

export const releaseRetentions = defineRoute({
  name: 'release-retentions',
  method: 'post',
  path: '/contracts/:contractId/retentions/release',
  summary: 'Release all that is still held back of the invoices of a contract',
  description:
    'The work is complete: what was held back is due from today on. A repeat finds nothing to release.',
  permission: 'contracts.update',
  idempotency: 'required',
  body: z.object({ reason: note }),
  example: { reason: 'Handed over and accepted' },
  responses: { 200: z.object({ items: z.array(retention) }) },
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const contract = found(await contracts.lock(tx, params.contractId), 'contract');
      const released = await release(tx, contract.id, localDay(await workspaceNow(tx), contract.zone));
      if (released.length > 0)
        await record(tx, actor, contractSubject, 'retentions_released', contract.id, {
          reason: body.reason,
          retentions: released,
        });
      return { status: 200, body: { items: await listRetentions(tx, contract.id) } };
    }),
});
