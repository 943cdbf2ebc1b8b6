/** Owns `slipway start`, `api` and `worker`: the hub in one process, or its parts in several. */
import { parseArgs } from 'node:util';
import { requireShared } from '../../config.ts';
import { openEntrances } from '../../store/workspaces.ts';
import type { Command, CommandContext } from '../command.ts';
import { startHub } from '../hub.ts';
import { say } from '../story.ts';

async function serve(
  { config, logger, version, args, untilStopped }: CommandContext,
  parts: { api: boolean; worker: boolean },
): Promise<number> {
  parseArgs({ args, options: {} });
  if (!parts.api || !parts.worker) requireShared(config);
  const hub = await startHub({
    config,
    logger,
    version,
    parts,
    onProgress: (message) => say(`… ${message}`),
  });
  try {
    // A worker's output is nobody's first look.
    for (const { workspace, key } of parts.api ? await openEntrances(hub.database) : [])
      say(
        `\nMade an admin key for the workspace "${workspace.name}", which had none. It is shown this once; keep it safe:\n\n  ${key}\n`,
      );
    say(
      hub.url
        ? `Slipway serves ${hub.url} (documents at ${hub.url}/api/v1/docs). Ctrl-C ends it.`
        : 'The workers run. Ctrl-C ends them.',
    );
    const lost = await Promise.race([untilStopped(), hub.lost]);
    say(lost ? `${lost.message}. Stopping …` : 'Stopping …');
    if (lost) endInTime();
    return lost ? 1 : 0;
  } finally {
    await hub.stop();
  }
}

const stopTimeoutMs = 30_000;
/** Without its servers a part may wait for what never comes. */
function endInTime(): void {
  setTimeout(() => process.exit(1), stopTimeoutMs).unref();
}

export const start: Command = {
  name: 'start',
  usage: 'slipway start',
  summary: 'Run the hub: API, workers and relay in one process',
  run: (context) => serve(context, { api: true, worker: true }),
};
export const api: Command = {
  name: 'api',
  usage: 'slipway api',
  summary: 'Run only the API and the relay (with DATABASE_URL, TEMPORAL_ADDRESS and SLIPWAY_SECRET_KEY)',
  run: (context) => serve(context, { api: true, worker: false }),
};
export const worker: Command = {
  name: 'worker',
  usage: 'slipway worker',
  summary: 'Run only the workers and the relay (with DATABASE_URL, TEMPORAL_ADDRESS and SLIPWAY_SECRET_KEY)',
  run: (context) => serve(context, { api: false, worker: true }),
};
