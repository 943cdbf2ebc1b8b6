/** Owns GET /quarantine/:quarantineId. */
import { found } from '../../../domain/refusal.ts';
import { readQuarantined } from '../../../store/quarantine.ts';
import { defineRoute } from '../../kit/route.ts';
import { quarantined } from './quarantined.ts';

export const getQuarantined = defineRoute({
  name: 'get-quarantined',
  method: 'get',
  path: '/quarantine/:quarantineId',
  summary: 'Read a quarantined row with all that was kept of it',
  permission: 'quarantine.read',
  responses: { 200: quarantined },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await readQuarantined(tx, params.quarantineId), 'quarantine'),
    })),
});
