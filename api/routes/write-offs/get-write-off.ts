/** Owns GET /write-offs/:writeOffId. */
import { found } from '../../../domain/refusal.ts';
import { readWriteOff } from '../../../store/write-off-items.ts';
import { defineRoute } from '../../kit/route.ts';
import { writeOff } from './write-off.ts';

export const getWriteOff = defineRoute({
  name: 'get-write-off',
  method: 'get',
  path: '/write-offs/:writeOffId',
  summary: 'Read a write-off of work',
  permission: 'items.read',
  responses: { 200: writeOff },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await readWriteOff(tx, params.writeOffId), 'write_off'),
    })),
});
