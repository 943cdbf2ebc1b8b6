/** Owns PATCH /quarantine/:quarantineId. */
import { z } from 'zod';
import { found, Refusal } from '../../../domain/refusal.ts';
import { dismissQuarantined as dismiss, readQuarantined } from '../../../store/quarantine.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { quarantined } from './quarantined.ts';

export const dismissQuarantined = defineRoute({
  name: 'dismiss-quarantined',
  method: 'patch',
  path: '/quarantine/:quarantineId',
  summary: 'Dismiss a quarantined row with a reason',
  description:
    'The same row read again stays dismissed. A mended row needs nothing: it is read as another one.',
  permission: 'quarantine.resolve',
  body: z.object({ status: z.literal('dismissed'), reason: note }),
  example: { status: 'dismissed', reason: 'A total line of the export, not work' },
  responses: { 200: quarantined },
  errors: ['quarantine.not_open'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const row = found(
        await readQuarantined(tx, params.quarantineId, 'for no key update of q'),
        'quarantine',
      );
      requireCurrent(row);
      if (!(await dismiss(tx, row.id, actor.id, body.reason)))
        throw new Refusal({
          code: 'quarantine.not_open',
          message: `This row is ${row.status} already.`,
          whatToDo: 'Nothing: only open rows can be dismissed.',
        });
      return { status: 200, body: { ...row, status: 'dismissed' } };
    }),
});
