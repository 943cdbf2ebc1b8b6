/** Owns the shape of a command of the command line, and how it says that it was called wrongly. */
import type { Logger } from 'pino';
import type { Config } from '../config.ts';

export interface CommandContext {
  config: Config;
  logger: Logger;
  version: string;
  args: string[];
  /** Resolves once the person (Ctrl-C) or the system (SIGTERM) asks the process to end. */
  untilStopped: () => Promise<void>;
}
export interface Command {
  name: string;
  usage: string;
  summary: string;
  /** Answers the exit code. */
  run(context: CommandContext): Promise<number>;
}

/** Printed without a stack, with the command's usage. */
export class UsageError extends Error {
  override name = 'UsageError';
}
