/** Owns how the workspace is read and written over the API. */
import { z } from 'zod';
import type { Subject } from '../../kit/record-change.ts';
import { currency, id, instant, name, zone } from '../../kit/schemas.ts';

export const workspaceSubject: Subject = { type: 'workspace', permission: 'workspace.read' };

export const workspace = z
  .object({
    id,
    name: z.string(),
    kind: z.enum(['live', 'sandbox']),
    clockAt: instant.nullable().meta({ description: "A sandbox's own clock; null: the real one." }),
    settings: z.record(z.string(), z.unknown()),
    createdAt: instant,
  })
  .meta({ id: 'Workspace' });

/** Settings by name; null removes one. */
const settings = z.strictObject({
  zone: zone.nullish().meta({ description: 'Where a source does not say it.' }),
  currency: currency.nullish().meta({ description: 'Of clients that a sync creates.' }),
});
export const workspaceChange = z.object({ name: name.optional(), settings: settings.optional() });
