/** Owns how a role's bundle of permissions is shown over the API. */
import { z } from 'zod';
import { roles } from '../../../domain/permissions.ts';

export const roleName = z.enum(roles);

export const role = z
  .object({
    role: roleName,
    scopes: z.array(z.string()).meta({
      description: 'Permissions, `<permission>:own` for own rows only, `<resource>.*`, or `*`.',
    }),
    isDefault: z.boolean().meta({ description: 'False once an admin has changed it.' }),
  })
  .meta({ id: 'Role' });
