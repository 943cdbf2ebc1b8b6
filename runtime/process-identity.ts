/** Owns the question "is the process in this pid file still the one that was written down?". */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A pid alone is not a name: pids are re-used. `startedAt` is opaque, equal only for the same process of the same boot. */
export type ProcessIdentity = { pid: number; startedAt: string };

const onLinux = process.platform === 'linux';

/** Runs `ps` for one field; null where the process or `ps` itself is missing (Windows). */
function ps(field: string, pid: number): string | null {
  try {
    const output = execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5_000,
    });
    return output.trim() || null;
  } catch {
    return null;
  }
}

/** One line per process: its pid and its command line. */
function psAll(): string[] {
  try {
    const output = execFileSync('ps', ['-axo', 'pid=,command='], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return output.split('\n').map((line) => line.trim());
  } catch {
    return [];
  }
}

/** The fields of /proc/<pid>/stat from the state on; the name before them may hold spaces and brackets. */
function linuxStat(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** Whether a process runs. A zombie does not: in containers nobody may ever reap an orphan. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !(onLinux && linuxStat(pid)?.[0] === 'Z');
}

/** Who a running process is, or null when it is gone. Where neither /proc nor `ps` exists, `startedAt` is ''. */
export function identify(pid: number): ProcessIdentity | null {
  if (!isAlive(pid)) return null;
  if (!onLinux) return { pid, startedAt: ps('lstart', pid) ?? '' };
  // Field 22 counts clock ticks since boot (man 5 proc), so the boot has to be part of the name.
  const ticks = linuxStat(pid)?.[19];
  if (ticks === undefined) return null;
  return { pid, startedAt: `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${ticks}` };
}

/** Whether the process that was written down still runs, and is not another one that got its pid. */
export function isStillRunning(recorded: ProcessIdentity): boolean {
  return identify(recorded.pid)?.startedAt === recorded.startedAt;
}

/** A process's command line, its words parted by spaces, or null when the process is gone or hidden. */
export function commandLine(pid: number): string | null {
  if (!onLinux) return ps('command', pid);
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || null;
  } catch {
    return null;
  }
}

/** The running processes whose command line holds a text; none where neither /proc nor `ps` exists (Windows). */
export function processesWith(text: string): number[] {
  const others = (pid: number): boolean => pid > 0 && pid !== process.pid && isAlive(pid);
  if (onLinux) {
    const pids = readdirSync('/proc').map(Number).filter(others);
    return pids.filter((pid) => commandLine(pid)?.includes(text));
  }
  const lines = psAll().filter((line) => line.includes(text));
  return lines.map((line) => Number.parseInt(line, 10)).filter(others);
}

/** Waits until a process is gone; false when it outlived the time. */
export async function waitForExit(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/**
 * Ends a process with ever stronger signals.
 * @param steps each signal with the time it is given
 * @throws when the process outlives the last one
 */
export async function endProcess(
  pid: number,
  steps: ReadonlyArray<{ signal: NodeJS.Signals; waitMs: number }>,
): Promise<void> {
  for (const { signal, waitMs } of steps) {
    try {
      process.kill(pid, signal);
      // A stopped process (Ctrl-Z) obeys only once it goes on.
      if (process.platform !== 'win32') process.kill(pid, 'SIGCONT');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    if (await waitForExit(pid, waitMs)) return;
  }
  throw new Error(`process ${pid} does not end; end it by hand: kill -9 ${pid}`);
}
