/** Owns building the workflow code once, into a file that later starts and every worker read. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../config.ts';

const run = promisify(execFile);
export const workflowsDir = join(import.meta.dirname, '..', 'workflows');
const buildTimeoutMs = 120_000;

/** Changes with any workflow file or the SDK's version. */
async function bundleKey(): Promise<string> {
  const hash = createHash('sha256');
  const sdk = createRequire(import.meta.url)('@temporalio/worker/package.json') as { version: string };
  hash.update(sdk.version);
  for (const name of (await readdir(workflowsDir)).sort()) {
    hash.update(name).update(await readFile(join(workflowsDir, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * Path of the bundle in `cacheDir`, built when missing (about 3 s). Built in a process of its own: the bundler takes some
 * 200 MB that a hub would otherwise keep for its whole life. Two processes may build at once; the rename is atomic.
 */
export async function workflowBundle(
  cacheDir: string,
  onProgress: (message: string) => void = () => {},
): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  const path = join(cacheDir, `workflows-${await bundleKey()}.js`);
  try {
    await access(path);
    return path;
  } catch {
    onProgress('building the workflow bundle');
  }
  const temporary = `${path}.${process.pid}`;
  const script = join(import.meta.dirname, 'build-workflow-bundle.ts');
  await run(process.execPath, ['--disable-warning=ExperimentalWarning', script, temporary], {
    timeout: buildTimeoutMs,
    env: childEnvironment({ drop: /^NODE_OPTIONS$/ }),
  });
  await rename(temporary, path);
  return path;
}
