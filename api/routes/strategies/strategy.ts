/** Owns how a pricing strategy is read and written over the API. */
import { z } from 'zod';
import { strategyCategories, strategyMethods, strategyScopes } from '../../../store/strategies.ts';
import type { Subject } from '../../kit/record-change.ts';
import { id } from '../../kit/schemas.ts';

export const strategySubject: Subject = { type: 'strategy', permission: 'strategies.read' };

export const scopeType = z.enum(strategyScopes);
const method = z.enum(strategyMethods);

export const strategy = z
  .object({
    id,
    scopeType,
    scopeId: id.meta({ description: "The workspace's own id where the scope is the workspace." }),
    category: z.enum(strategyCategories),
    method,
  })
  .meta({ id: 'Strategy' });

export const newStrategy = z.object({
  scopeType,
  scopeId: id,
  category: z.enum(strategyCategories),
  method,
});
export const strategyChange = z.object({ method });
