import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
let dir: string;

/** A command that shows what the launcher handed over, in syntax that only a Node with type stripping reads. */
const command = `
const [what]: string[] = process.argv.slice(2);
const version: string = process.versions.node;
if (what === 'exit') process.exit(Number(process.argv[3]));
if (what === 'wait') {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => { console.log('got ' + signal); process.exit(7); });
  }
  setInterval(() => {}, 1000);
}
console.log(JSON.stringify({ args: process.argv.slice(2), major: Number(version.split('.')[0]) }));
`;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-launcher-'));
  for (const name of ['bin', 'cli']) mkdirSync(join(dir, name));
  cpSync(join(root, 'bin', 'slipway.js'), join(dir, 'bin', 'slipway.js'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  writeFileSync(join(dir, 'cli', 'main.ts'), command);
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/**
 * The launcher under this Node; `pretended` stands for the version of an older one, so that it looks for another Node
 * as it would there.
 */
function launch(args: string[], pretended?: string): ChildProcess {
  const preload = `Object.defineProperty(process.versions, 'node', { value: '${pretended}' })`;
  const flags = pretended === undefined ? [] : ['--import', `data:text/javascript,${preload}`];
  return spawn(process.execPath, [...flags, join(dir, 'bin', 'slipway.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function finish(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  let out = '';
  let err = '';
  child.stdout!.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

test.each([undefined, '20.11.0'])(
  'the command gets its arguments and a Node that reads it (started by %s)',
  async (old) => {
    const { code, out, err } = await finish(launch(['import', 'a file.csv', '--map=x'], old));
    expect(JSON.parse(out)).toEqual({
      args: ['import', 'a file.csv', '--map=x'],
      major: expect.toSatisfy(isNew),
    });
    expect({ code, err }).toEqual({ code: 0, err: '' });
  },
);

const isNew = (major: number): boolean => major >= 24;

test.each([undefined, '20.11.0'])('the exit code is passed on (started by %s)', async (old) => {
  expect(await finish(launch(['exit', '3'], old))).toMatchObject({ code: 3 });
});

test.each([
  [undefined, 'SIGTERM'],
  ['20.11.0', 'SIGTERM'],
  ['20.11.0', 'SIGINT'],
] as const)('a signal reaches the command once (started by %s, %s)', async (old, signal) => {
  const child = launch(['wait'], old);
  await once(child.stdout!, 'data');
  child.kill(signal);
  const { code, out } = await finish(child);
  expect({ code, out }).toEqual({ code: 7, out: `got ${signal}\n` });
});

test('without any Node that is new enough it says what to do', async () => {
  rmSync(join(dir, 'node_modules'));
  try {
    const { code, err } = await finish(launch(['start'], '20.11.0'));
    expect(code).toBe(1);
    expect(err).toMatch(/needs Node 24 or newer. This is Node 20.11.0/);
    expect(err).toMatch(/npm ci/);
  } finally {
    symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  }
});
