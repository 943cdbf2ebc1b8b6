/** Owns POST /write-offs/:writeOffId/reverse. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { readWriteOff, reverseWriteOff as takeBack } from '../../../store/write-off-items.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { writeOff } from './write-off.ts';

export const reverseWriteOff = defineRoute({
  name: 'reverse-write-off',
  method: 'post',
  path: '/write-offs/:writeOffId/reverse',
  summary: 'Take a write-off back: its items are open again, and held until they are released',
  permission: 'items.write_off',
  idempotency: 'required',
  body: z.object({ reason: note }),
  example: { reason: 'The client agreed to pay for it' },
  responses: { 200: writeOff },
  errors: ['write_off.reversed', 'write_off.empty', 'write_off.credited'],
  handler: ({ params, body: { reason }, actor, transact }) =>
    transact(async (tx) => {
      await takeBack(tx, params.writeOffId, { reason, actor: actor.id });
      return { status: 200, body: found(await readWriteOff(tx, params.writeOffId), 'write_off') };
    }),
});
