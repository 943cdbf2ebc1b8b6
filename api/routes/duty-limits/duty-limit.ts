/** Owns how limits of amounts are shown over the API. */
import { z } from 'zod';
import { limitedActions } from '../../../store/duty-limits.ts';
import { currency, id, storedDecimal } from '../../kit/schemas.ts';

export const limitedAction = z.enum(limitedActions);

export const dutyLimit = z
  .object({
    id,
    memberId: id.nullable().meta({ description: 'Null: of everybody who has no limit of their own.' }),
    action: limitedAction,
    currency,
    amount: storedDecimal.meta({ description: 'Up to this one person is enough.' }),
  })
  .meta({ id: 'DutyLimit' });
