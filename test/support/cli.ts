/** Owns the command line under test: `cli/main.ts` as a process of its own under plain Node, with what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { childEnvironment } from '../../config.ts';

export interface CliRun {
  pid: number;
  /** Standard output and errors so far, together. */
  text(): string;
  /** Resolves with the first match; throws when the process ends, or after the time, without it. */
  says(wanted: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
  signal(name: NodeJS.Signals): void;
  /** Kills it as a crash would and waits until it is gone; throws when it had ended before. */
  kill(): Promise<void>;
  /** The exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>;
}

const root = join(import.meta.dirname, '..', '..');

/** Starts `slipway ARGS`; `env` is all that it gets of ours. Kill what you start, or await its end. */
export function startCli(args: string[], env: Record<string, string>): CliRun {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'cli/main.ts', ...args],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: childEnvironment({
        drop: /^(SLIPWAY_|TEMPORAL_|DATABASE_|VITEST|NODE_OPTIONS)/,
        set: { NO_COLOR: '1', ...env },
      }),
    },
  );
  let text = '';
  let over = false;
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  const ended = once(child, 'close').then(([code, signal]) => {
    over = true;
    return (code ?? signal) as number | NodeJS.Signals;
  });
  return {
    pid: child.pid!,
    text: () => text,
    says: async (wanted, timeoutMs = 90_000) => {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const wasOver = over;
        const found = text.match(wanted);
        if (found) return found;
        if (wasOver || Date.now() > deadline)
          throw new Error(
            `slipway ${args.join(' ')} ${wasOver ? 'ended' : 'went on'} without saying ${wanted}:\n${text}`,
          );
        await sleep(10);
      }
    },
    signal: (name) => child.kill(name),
    kill: async () => {
      if (over) throw new Error(`slipway ${args.join(' ')} had ended by itself:\n${text}`);
      child.kill('SIGKILL');
      await ended;
    },
    ended,
  };
}

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
