/** Owns how a contract's billing policy is shown over the API. */
import { z } from 'zod';
import { billingTriggers } from '../../../domain/billing-triggers.ts';
import { triggers } from '../../../store/runs.ts';
import { id, instant, storedDay } from '../../kit/schemas.ts';
import { runStatus } from '../billing-runs/billing-run.ts';

export const triggerPull = z
  .object({
    id,
    contractId: id,
    trigger: z.enum(triggers),
    pulledBy: z.string(),
    reason: z.string().nullable(),
    cutoffOn: storedDay.meta({ description: 'Work dated before this day is billed.' }),
    projectId: id.nullable().meta({ description: 'Null: the whole contract.' }),
    period: z
      .string()
      .nullable()
      .meta({ description: "Of a period's end.", example: '2026-01-01/2026-02-01' }),
    urgent: z.boolean(),
    pulls: z.int().meta({ description: 'How often it was pulled while it waited.' }),
    pulledAt: instant,
    runId: id.nullable(),
    droppedReason: z.string().nullable(),
  })
  .meta({ id: 'TriggerPull' });

export const billingPolicy = z
  .object({
    contractId: id,
    waitsFor: z
      .enum(['active_contract', 'triggers', 'trigger', 'gathering', 'run', 'resume'])
      .nullable()
      .meta({
        description:
          'active_contract, triggers: it does not work without · trigger: nothing asks for a run · gathering: entries gather until gatherUntil · run: another one of the same work has not ended · resume: it is paused. Null: the next run begins.',
      }),
    triggers: billingTriggers,
    pausedAt: instant.nullable(),
    pausedBy: z.string().nullable(),
    pauseReason: z.string().nullable(),
    nextPeriod: z
      .object({ startsOn: storedDay, endsBefore: storedDay, completeAt: instant, dueAt: instant })
      .nullable()
      .meta({ description: 'The first that is not billed yet; due at its end and the grace.' }),
    nextLookAt: instant
      .nullable()
      .meta({ description: 'When it looks by itself; null: when something happens.' }),
    gatherUntil: instant.nullable(),
    runUnderWayId: id.nullable(),
    openPulls: z.array(triggerPull),
    lastRuns: z
      .array(
        z.object({
          id,
          trigger: z.enum(triggers),
          pulledBy: z.string(),
          reason: z.string().nullable(),
          cutoffOn: storedDay,
          status: runStatus,
          pulls: z.int(),
          createdAt: instant,
          finishedAt: instant.nullable(),
        }),
      )
      .meta({ description: 'The last ten that it asked for, newest first.' }),
  })
  .meta({ id: 'BillingPolicy' });
