/** Owns how a connection is read and written over the API. Secrets go in and never come out. */
import { z } from 'zod';
import { sourceApprovals } from '../../../domain/source-approval.ts';
import { type Connection, connectionStatuses, listSecretNames } from '../../../store/connections.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import type { Subject } from '../../kit/record-change.ts';
import { day, id, instant, name, storedDay } from '../../kit/schemas.ts';
import { targetOwnership } from './ownership.ts';

export const connectionSubject: Subject = { type: 'connection', permission: 'connections.read' };

export const status = z.enum(connectionStatuses);
export const connectionHealths = ['ok', 'failing', 'waiting', 'stopped'] as const;

const settings = z
  .record(z.string().max(100), z.string().max(2000))
  .refine((values) => Object.keys(values).length <= 50, 'at most 50 settings');
const secrets = z
  .record(z.string().regex(/^[a-z][A-Za-z0-9]{0,49}$/, 'a name in camelCase'), z.string().min(1).max(10_000))
  .refine((values) => Object.keys(values).length <= 20, 'at most 20 secrets')
  .meta({ description: 'Write-only: kept encrypted, never shown again. e.g. accessToken, refreshToken.' });
const ownership = z
  .strictObject({
    createMissing: z
      .array(z.enum(['client', 'project', 'task', 'person']))
      .max(4)
      .optional()
      .meta({ description: 'What a sync creates where nothing matches.' }),
    approval: z.enum(sourceApprovals).optional().meta({
      description:
        'platform (default): entries count as approved where the platform says so. automatic: every finished entry does, for platforms without approvals.',
    }),
    prices: z.boolean().optional().meta({
      description:
        'Its rates price where no strategy does. Without it they are information, and one that differs from ours is a warning.',
    }),
    ...targetOwnership,
  })
  .meta({ description: 'Who decides what, the platform or we.' });
const pollSeconds = z.int().min(1).max(86_400);
const baseUrlOverride = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .meta({ description: "Another host than the vendor's, where the hub allows it." });

export const connection = z
  .object({
    id,
    connector: z.string(),
    name: z.string(),
    status,
    statusReason: z.string().nullable(),
    health: z.enum(connectionHealths),
    settings: z.record(z.string(), z.string()),
    secretNames: z.array(z.string()).meta({ description: 'Which secrets are there.' }),
    baseUrlOverride: z.string().nullable(),
    ownership: z.record(z.string(), z.unknown()),
    goLiveOn: storedDay.meta({ description: 'Older entries are counted and never billed.' }),
    pollSeconds: z.int(),
    lastSuccessAt: instant.nullable(),
    lastError: z.record(z.string(), z.unknown()).nullable(),
    createdAt: instant,
  })
  .meta({ id: 'Connection' });

export const newConnection = z.object({
  connector: z.string().max(50).meta({ description: 'Id of a platform, see GET /connectors.' }),
  name,
  goLiveOn: day,
  settings: settings.optional(),
  secrets: secrets.default({}),
  ownership: ownership.optional(),
  pollSeconds: pollSeconds.optional(),
  baseUrlOverride: baseUrlOverride.nullish(),
  start: z.boolean().default(true).meta({
    description: 'False: it waits in set-up, to be tested, mapped and tried, until POST …/start.',
  }),
});
export const connectionChange = z.object({
  name: name.optional(),
  status: z.enum(['active', 'paused', 'disconnected']).optional(),
  settings: settings.optional().meta({ description: 'Replaces all settings.' }),
  secrets: secrets.optional(),
  ownership: ownership.optional(),
  goLiveOn: day.optional(),
  pollSeconds: pollSeconds.optional(),
  baseUrlOverride: baseUrlOverride.nullish(),
});

/** Path and body that name a connection. */
export const refOf = (workspaceId: string, { connectionId }: { connectionId: string }) => ({
  workspaceId,
  connectionId,
});

/** In one word: whether data flows. */
export function healthOf({
  status: state,
  lastError,
  lastSuccessAt,
}: Connection): (typeof connectionHealths)[number] {
  if (state !== 'active') return 'stopped';
  if (lastError !== null) return 'failing';
  return lastSuccessAt === null ? 'waiting' : 'ok';
}

/** Adds what is not in the row: health, and the names of the secrets. */
export async function toConnectionViews(tx: WorkspaceTx, rows: readonly Connection[]) {
  const names = await listSecretNames(
    tx,
    rows.map((row) => row.id),
  );
  return rows.map((row) => ({ ...row, health: healthOf(row), secretNames: names.get(row.id) ?? [] }));
}
export async function toConnectionView(tx: WorkspaceTx, row: Connection) {
  const [view] = await toConnectionViews(tx, [row]);
  return view!;
}
