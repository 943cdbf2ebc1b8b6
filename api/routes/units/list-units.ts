/** Owns GET /units. */
import { z } from 'zod';
import { listUnits as readUnits } from '../../../store/units.ts';
import { defineRoute } from '../../kit/route.ts';
import { unit } from './unit.ts';

export const listUnits = defineRoute({
  name: 'list-units',
  method: 'get',
  path: '/units',
  summary: 'List units: the built-in ones and those of the workspace',
  permission: 'products.read',
  responses: { 200: z.object({ items: z.array(unit) }) },
  handler: ({ transact }) => transact(async (tx) => ({ status: 200, body: { items: await readUnits(tx) } })),
});
