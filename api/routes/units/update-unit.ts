/** Owns PATCH /units/:unitCode. */
import { z } from 'zod';
import { changed } from '../../../domain/changed.ts';
import { found } from '../../../domain/refusal.ts';
import { recordEvents } from '../../../store/events.ts';
import { changeUnit, lockUnit } from '../../../store/units.ts';
import { defineRoute } from '../../kit/route.ts';
import { unit, unitChange, unitCode } from './unit.ts';

export const updateUnit = defineRoute({
  name: 'update-unit',
  method: 'patch',
  path: '/units/:unitCode',
  summary: 'Rename or archive a unit of the workspace',
  permission: 'products.update',
  params: z.object({ unitCode }),
  body: unitChange,
  example: { name: 'Euro pallet' },
  responses: { 200: unit },
  errors: ['units.built_in'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await lockUnit(tx, params.unitCode), 'unit');
      requireCurrent(before);
      const after = await changeUnit(tx, before, body);
      const difference = changed(before, after);
      if (Object.keys(difference.after).length > 0)
        await recordEvents(tx, [
          {
            type: 'unit.updated',
            subjectType: 'unit',
            subjectId: null,
            actor: actor.id,
            permission: 'products.read',
            payload: { code: after.code },
            ...difference,
          },
        ]);
      return { status: 200, body: after };
    }),
});
