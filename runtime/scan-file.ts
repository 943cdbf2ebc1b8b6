/** Owns asking a scanner of the firm's own, such as clamdscan, about a file that was handed in. */
import { execFile } from 'node:child_process';
import { childEnvironment } from '../config.ts';
import { Refusal } from '../domain/refusal.ts';

const defaultTimeoutMs = 120_000;

/**
 * Runs the command, without a shell, with the file's path as its last argument. Exit code 0: clean. Any other code refuses
 * the file with 422; a scanner that cannot be run or does not answer in time with 503, because an unscanned file is no clean one.
 */
export function scanWith(
  [program = '', ...args]: readonly string[],
  timeoutMs = defaultTimeoutMs,
): (path: string) => Promise<void> {
  return (path) =>
    new Promise((resolve, reject) => {
      const env = childEnvironment({ drop: /^(SLIPWAY|DATABASE|TEMPORAL|SMTP|OIDC)_/ });
      execFile(program, [...args, path], { timeout: timeoutMs, maxBuffer: 1 << 20, env }, (error) => {
        if (error === null) resolve();
        else reject(typeof error.code === 'number' ? infected(error.code) : unscanned());
      });
    });
}

const infected = (exitCode: number) =>
  new Refusal({
    code: 'file.infected',
    status: 422,
    message: 'The scanner refused this file.',
    whatToDo: 'Have it looked at, and send a clean one; nothing of it was stored.',
    details: { exitCode },
  });

const unscanned = () =>
  new Refusal({
    code: 'file.not_scanned',
    status: 503,
    message: 'The file could not be scanned, so it was not taken.',
    whatToDo: 'Repeat it later; an admin looks after the scanner (SLIPWAY_SCAN_COMMAND).',
    retryAfterSeconds: 60,
  });
