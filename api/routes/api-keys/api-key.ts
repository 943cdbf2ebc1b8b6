/** Owns how an API key is shown over the API: the key itself once, when it is made. */
import { z } from 'zod';
import { scopes } from '../../../domain/permissions.ts';
import type { Subject } from '../../kit/record-change.ts';
import { id, instant, name } from '../../kit/schemas.ts';

export const apiKeySubject: Subject = { type: 'api_key', permission: 'api_keys.read' };

export const apiKey = z
  .object({
    id,
    name: z.string(),
    prefix: z.string().meta({ description: 'First characters, to recognise it by.' }),
    scopes: z.array(z.string()),
    memberId: id.nullable().meta({ description: 'Whom it counts as.' }),
    createdAt: instant,
    lastUsedAt: instant.nullable().meta({ description: 'To the minute.' }),
    expiresAt: instant.nullable(),
    revokedAt: instant.nullable(),
  })
  .meta({ id: 'ApiKey' });

export const newApiKey = z.object({
  name,
  scopes: z
    .array(z.enum(scopes))
    .min(1)
    .max(200)
    .meta({ description: 'Permissions, `<resource>.*`, or `*`; at most what your own key has.' }),
  expiresAt: instant.nullish(),
});
export const createdApiKey = apiKey
  .extend({ key: z.string().nullable().meta({ description: 'Shown this once; null in a repeated answer.' }) })
  .meta({ id: 'CreatedApiKey' });
