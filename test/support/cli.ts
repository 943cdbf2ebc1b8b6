/** Owns the command line under test: `cli/main.ts` as a process of its own under plain Node, with what it says. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { type ScriptRun, startScript } from './script.ts';

export type CliRun = ScriptRun;

/** Starts `slipway ARGS`; `env` is all that it gets of ours. Kill what you start, or await its end. */
export const startCli = (args: string[], env: Record<string, string>): CliRun =>
  startScript('cli/main.ts', args, env);

/** Runs a command to its end; one that does not end within the time is killed, and the error shows what it said. */
export async function runCli(
  args: string[],
  env: Record<string, string>,
  timeoutMs = 60_000,
): Promise<{ code: number | NodeJS.Signals; text: string }> {
  const run = startCli(args, env);
  const given = new AbortController();
  const late = sleep(timeoutMs, 'late' as const, { signal: given.signal }).catch(() => 'late' as const);
  const code = await Promise.race([run.ended, late]);
  given.abort();
  if (code === 'late') {
    await run.kill();
    throw new Error(`slipway ${args.join(' ')} did not end within ${timeoutMs / 1000} s:\n${run.text()}`);
  }
  return { code, text: run.text() };
}

/** Building the workflow bundle takes three seconds: hubs of one test run share it. */
export function shareBundles(dataDir: string): void {
  const shared = join(inject('servers').directory, 'workflow-bundles');
  mkdirSync(shared, { recursive: true });
  mkdirSync(dataDir, { recursive: true });
  symlinkSync(shared, join(dataDir, 'cache'));
}
