/** Owns a script of ours as a process of its own under plain Node: what it says, and its end. It needs no test runner. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '../../config.ts';

export interface ScriptRun {
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

/** Starts a script (path from the root); `env` is all that it gets of ours. Kill what you start, or await its end. */
export function startScript(script: string, args: string[], env: Record<string, string>): ScriptRun {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, ...args],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: childEnvironment({
        drop: /^(SLIPWAY_|TEMPORAL_|DATABASE_|VITEST|NODE_OPTIONS)/,
        set: { NO_COLOR: '1', ...env },
      }),
    },
  );
  const called = script === 'cli/main.ts' ? `slipway ${args.join(' ')}` : `${script} ${args.join(' ')}`;
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
          throw new Error(`${called} ${wasOver ? 'ended' : 'went on'} without saying ${wanted}:\n${text}`);
        await sleep(10);
      }
    },
    signal: (name) => child.kill(name),
    kill: async () => {
      if (over) throw new Error(`${called} had ended by itself:\n${text}`);
      child.kill('SIGKILL');
      await ended;
    },
    ended,
  };
}
