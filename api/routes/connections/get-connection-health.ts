/** Owns GET /connections/:connectionId/health. */
import { z } from 'zod';
import { healthInWords, pauseMs } from '../../../domain/connection-health.ts';
import { found } from '../../../domain/refusal.ts';
import { readConnectionHealth } from '../../../store/connection-health.ts';
import { connections, listSecretNames } from '../../../store/connections.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, instant } from '../../kit/schemas.ts';
import { lackingOf } from './check-connection.ts';
import { connectionHealths, healthOf, status } from './connection.ts';

const failure = z.object({
  kind: z.string(),
  message: z.string(),
  requestId: z.string().nullable().meta({ description: "To quote to the platform's support." }),
  at: instant,
  times: z.int().meta({ description: 'How often in a row.' }),
  since: instant,
});

export const getConnectionHealth = defineRoute({
  name: 'get-connection-health',
  method: 'get',
  path: '/connections/:connectionId/health',
  summary: 'Say how a connection is: last success, lag, next reading, calls left, what waits, what failed',
  permission: 'connections.read',
  responses: {
    200: z.object({
      id,
      status,
      health: z.enum(connectionHealths),
      summary: z.string().meta({ description: 'In one or two sentences.' }),
      whatToDo: z.string().nullable(),
      lacking: z.array(z.string()).meta({ description: 'What it still needs before it can start.' }),
      lastSuccessAt: instant.nullable(),
      lagSeconds: z.int().nullable().meta({ description: 'Since the last success.' }),
      readings: z.array(z.object({ stream: z.string(), readAt: instant, nextAt: instant.nullable() })),
      calls: z
        .object({
          limit: z.int(),
          perSeconds: z.number(),
          taken: z.int().meta({ description: 'By all processes of this hub, in the window that ends now.' }),
          left: z.int().meta({ description: 'The platform’s word, where it gives one.' }),
          pausedUntil: instant.nullable(),
        })
        .nullable(),
      openExceptions: z.int(),
      quarantined: z.int(),
      errors: z.array(failure).meta({ description: 'The latest ten, newest first.' }),
    }),
  },
  handler: ({ params, deps, transact }) =>
    transact(async (tx) => {
      const row = found(await connections.find(tx, params.connectionId), 'connection');
      const connector = deps.connectors.get(row.connector);
      const limit = connector?.rateLimit ?? null;
      const { streams, calls, errors, ...counts } = await readConnectionHealth(tx, row.id, limit);
      const nowMs = Date.now();
      const names = (await listSecretNames(tx, [row.id])).get(row.id) ?? [];
      const lastError = row.lastError as { kind: string; message: string } | null;
      const now = new Date(nowMs).toISOString();
      const nextOf = (stream: string, readAt: string) => {
        if (row.status !== 'active') return null;
        const rescanMinutes = connector?.timeSource?.rescan.everyMinutes ?? 0;
        const everyMs = pauseMs(stream, { pollSeconds: row.pollSeconds, rescanMinutes });
        return new Date(Math.max(nowMs, Date.parse(readAt) + everyMs)).toISOString();
      };
      return {
        status: 200,
        body: {
          id: row.id,
          status: row.status,
          health: healthOf(row),
          ...healthInWords({ ...row, lastError, pausedUntil: calls.pausedUntil, now }),
          lacking: connector && row.status === 'setup' ? lackingOf(connector, row.settings, names) : [],
          lastSuccessAt: row.lastSuccessAt,
          lagSeconds:
            row.lastSuccessAt === null
              ? null
              : Math.max(0, Math.floor((nowMs - Date.parse(row.lastSuccessAt)) / 1000)),
          readings: streams.map(({ stream, readAt }) => ({ stream, readAt, nextAt: nextOf(stream, readAt) })),
          calls: limit && {
            limit: limit.requests,
            perSeconds: limit.perSeconds,
            taken: calls.taken,
            left: Math.max(0, calls.saidLeft ?? limit.requests - calls.taken),
            pausedUntil: calls.pausedUntil,
          },
          ...counts,
          errors: errors.map((one) => ({ ...one, times: one.times ?? 1, since: one.since ?? one.at })),
        },
      };
    }),
});
