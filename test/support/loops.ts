/** Owns what the tests of background loops share: a workspace, a log that can be read, and waiting for a condition. */
import pino from 'pino';
import type { Database } from '../../store/database.ts';

export async function newWorkspace(database: Database, name = 'Harbour Works'): Promise<string> {
  const row = await database.inSystem((tx) =>
    tx.row<{ id: string }>('insert into workspaces (name) values ($1) returning id', [name]),
  );
  return row!.id;
}

export interface LogLine {
  level: number;
  msg: string;
}

/** A logger that keeps its lines. */
export function keepLog() {
  const lines: LogLine[] = [];
  const logger = pino(
    { level: 'debug' },
    { write: (line: string) => lines.push(JSON.parse(line) as LogLine) },
  );
  const warnings = () => lines.filter((line) => line.level >= 40).map((line) => line.msg);
  return { logger, lines, warnings };
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Resolves when the condition holds; throws, naming it, when it does not within `timeoutMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await sleep(10);
  }
}
