/** Owns `slipway demo`. */
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { runDemo } from '../demo/demo.ts';

export const demo: Command = {
  name: 'demo',
  usage: 'slipway demo [--exit]',
  summary:
    'Show the main job on stand-in vendors; --exit stops at the end (exit code 1 when a control total is off)',
  run: async ({ config, logger, version, args, untilStopped }) => {
    const { values } = parseArgs({ args, options: { exit: { type: 'boolean', default: false } } });
    return (await runDemo({ config, logger, version, exit: values.exit }, untilStopped)) ? 0 : 1;
  },
};
