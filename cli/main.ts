/** Owns the command line: reads the configuration, finds the command, and turns what went wrong into words. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '../api/kit/logger.ts';
import { ConfigError, readConfig } from '../config.ts';
import { DataLockedError } from '../runtime/data-lock.ts';
import { from } from '../store/origin.ts';
import { type Command, UsageError } from './command.ts';
import { apiKey } from './commands/api-key.ts';
import { auditExport } from './commands/audit-export.ts';
import { clock } from './commands/clock.ts';
import { contract } from './commands/contract.ts';
import { demo } from './commands/demo.ts';
import { exceptions } from './commands/exceptions.ts';
import { importFile } from './commands/import.ts';
import { invite } from './commands/invite.ts';
import { migrateCommand } from './commands/migrate.ts';
import { reconcile } from './commands/reconcile.ts';
import { release } from './commands/release.ts';
import { restartWorkflows } from './commands/restart-workflows.ts';
import { runCommand } from './commands/run.ts';
import { sandbox } from './commands/sandbox.ts';
import { api, start, worker } from './commands/start.ts';
import { verify } from './commands/verify.ts';
import { workflowsCommand } from './commands/workflows.ts';

const commands: Command[] = [
  demo,
  start,
  api,
  worker,
  importFile,
  contract,
  exceptions,
  release,
  runCommand,
  sandbox,
  clock,
  apiKey,
  invite,
  verify,
  reconcile,
  auditExport,
  workflowsCommand,
  restartWorkflows,
  migrateCommand,
];

function help(): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  return [
    'Slipway: approved work becomes money.',
    '',
    ...commands.map((c) => `  ${c.name.padEnd(width)}  ${c.summary}\n  ${' '.repeat(width)}  ${c.usage}`),
  ].join('\n');
}

/** The first signal asks for a clean end, the second ends at once. */
function stopSignal(): () => Promise<void> {
  const asked = Promise.withResolvers<void>();
  const onSignal = () => {
    asked.resolve();
    process.once('SIGINT', () => process.exit(130));
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  return () => asked.promise;
}

async function main(): Promise<number> {
  const [name = 'help', ...args] = process.argv.slice(2);
  const command = commands.find((candidate) => candidate.name === name);
  if (!command && ['help', '--help', '-h'].includes(name)) {
    process.stdout.write(`${help()}\n`);
    return 0;
  }
  if (!command) {
    process.stderr.write(
      `"${name}" is no command of Slipway. The commands are ${commands.map((each) => each.name).join(', ')}; "slipway help" says what each does.\n`,
    );
    return 2;
  }
  if (args.includes('--help')) {
    process.stdout.write(`${command.summary}\n  ${command.usage}\n`);
    return 0;
  }
  const untilStopped = stopSignal();
  try {
    const quiet = name === 'demo' || !['start', 'api', 'worker'].includes(name);
    const config = readConfig({ ...(quiet && { SLIPWAY_LOG_LEVEL: 'fatal' }), ...process.env });
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as {
      version: string;
    };
    const context = {
      config,
      logger: createLogger({ level: config.logLevel }),
      version,
      args,
      untilStopped,
    };
    return await from({ via: quiet ? 'cli' : 'system' }, () => command.run(context));
  } catch (error) {
    if (error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) {
      process.stderr.write(`${(error as Error).message}\n\n  ${command.usage}\n`);
      return 2;
    }
    if (error instanceof ConfigError || error instanceof DataLockedError)
      process.stderr.write(`${error.message}\n`);
    else process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exitCode = await main();
