/** Owns how a unit is read and written over the API. */
import { z } from 'zod';
import { name } from '../../kit/schemas.ts';

export const unitCode = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,19}$/, 'small letters and digits, such as day or pallet')
  .meta({ example: 'pallet' });
export const unitStatus = z.enum(['active', 'archived']);

export const unit = z
  .object({ code: z.string(), name: z.string(), status: unitStatus, builtIn: z.boolean() })
  .meta({ id: 'Unit' });

export const newUnit = z.object({ code: unitCode, name });
export const unitChange = z.object({ name, status: unitStatus }).partial();
