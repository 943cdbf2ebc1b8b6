/** Owns the three workers of a process, one per task queue: interactive, bulk, vendor. */
import {
  type LogLevel,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { SubjectType } from '../store/outbox.ts';
import { beatWhileRunning } from './heartbeat.ts';
import { nameWhereFrom } from './name-where-from.ts';

/** On which queue a subject's workflow runs. */
export const taskQueues: Record<SubjectType, string> = {
  billing_run: 'bulk',
  client_invoice: 'interactive',
  connection: 'interactive',
  ticket: 'interactive',
  contractor_invoice: 'interactive',
  billing_policy: 'interactive',
  clock: 'interactive',
  client_report: 'bulk',
};

export interface Workers {
  /** Resolves when all have ended; rejects when one failed. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

type OurLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
const levels: Record<LogLevel, OurLevel> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

let installed = false;
/** The SDK's runtime is one per process and logs through ours. */
function installRuntime(logger: Logger): void {
  if (installed) return;
  installed = true;
  const log = logger.child({ part: 'temporal' });
  // The vendor queue's worker runs no workflows on purpose, and the SDK warns of that at every start.
  const write = (level: OurLevel, message: string, meta: object = {}) =>
    log[message.startsWith('No workflows registered') ? 'debug' : level](meta, message);
  Runtime.install({
    logger: {
      log: (level, message, meta) => write(levels[level], message, meta),
      trace: (message, meta) => write('trace', message, meta),
      debug: (message, meta) => write('debug', message, meta),
      info: (message, meta) => write('debug', message, meta),
      warn: (message, meta) => write('warn', message, meta),
      error: (message, meta) => write('error', message, meta),
    },
    // Else its native part writes to the screen by itself, past the log and its level.
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
    },
    shutdownSignals: [],
  });
}

export interface WorkersOptions {
  config: Config;
  address: string;
  bundlePath: string;
  activities: object;
  logger: Logger;
}

export async function startWorkers({
  config,
  address,
  bundlePath,
  activities,
  logger,
}: WorkersOptions): Promise<Workers> {
  installRuntime(logger);
  const connection = await NativeConnection.connect({
    address,
    tls: config.temporal.tls ? {} : false,
    ...(config.temporal.apiKey !== null && { apiKey: config.temporal.apiKey }),
  });
  const common: Partial<WorkerOptions> = {
    connection,
    namespace: config.temporal.namespace,
    activities,
    interceptors: { activity: [beatWhileRunning, nameWhereFrom] },
    // Sent this often; the SDK's own rule, 80 % of the time-out, leaves a busy machine little room.
    maxHeartbeatThrottleInterval: '3s',
    shutdownGraceTime: '5s',
    shutdownForceTime: '15s',
    maxConcurrentWorkflowTaskPolls: 4,
    maxConcurrentActivityTaskPolls: 4,
  };
  const withWorkflows: Partial<WorkerOptions> = {
    workflowBundle: { codePath: bundlePath },
    maxCachedWorkflows: config.worker.cachedWorkflows,
    workflowThreadPoolSize: 1,
  };
  const queues: Partial<WorkerOptions>[] = [
    {
      ...withWorkflows,
      taskQueue: 'interactive',
      maxConcurrentActivityTaskExecutions: config.worker.interactiveActivities,
    },
    {
      ...withWorkflows,
      taskQueue: 'bulk',
      maxConcurrentActivityTaskExecutions: config.worker.bulkActivities,
    },
    { taskQueue: 'vendor', maxConcurrentActivityTaskExecutions: config.worker.vendorActivities },
  ];
  const workers = await Promise.all(
    queues.map((queue) => Worker.create({ ...common, ...queue } as WorkerOptions)),
  ).catch(async (error: unknown) => {
    await connection.close();
    throw error;
  });
  const ended = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  // Whoever awaits `ended` sees the failure; a process that never does must not die of an unhandled rejection.
  ended.catch((error: unknown) => logger.error({ err: error }, 'a worker ended'));
  let stopping: Promise<void> | null = null;
  const stopAll = async () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await ended.catch(() => undefined);
    await connection.close();
  };
  return {
    ended,
    stop: () => {
      stopping ??= stopAll();
      return stopping;
    },
  };
}
