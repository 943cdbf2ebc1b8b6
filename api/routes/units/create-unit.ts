/** Owns POST /units. */
import { recordEvents } from '../../../store/events.ts';
import { insertUnit } from '../../../store/units.ts';
import { defineRoute } from '../../kit/route.ts';
import { newUnit, unit } from './unit.ts';

export const createUnit = defineRoute({
  name: 'create-unit',
  method: 'post',
  path: '/units',
  summary: 'Add a unit that products are sold by',
  permission: 'products.create',
  body: newUnit,
  example: { code: 'pallet', name: 'Pallet' },
  responses: { 201: unit },
  errors: ['units.exists', 'units.too_many'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertUnit(tx, body);
      await recordEvents(tx, [
        {
          type: 'unit.created',
          subjectType: 'unit',
          subjectId: null,
          actor: actor.id,
          permission: 'products.read',
          after: { ...created },
        },
      ]);
      return { status: 201, body: created };
    }),
});
