/** Owns building the workflow code once, into a file that later starts and every worker read. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bundleWorkflowCode, type Logger } from '@temporalio/worker';

const workflowsDir = join(import.meta.dirname, '..', 'workflows');
const silent: Logger = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** Changes with any workflow file or the SDK's version. */
async function bundleKey(): Promise<string> {
  const hash = createHash('sha256');
  const sdk = createRequire(import.meta.url)('@temporalio/worker/package.json') as { version: string };
  hash.update(sdk.version);
  for (const name of (await readdir(workflowsDir)).sort())
    hash.update(name).update(await readFile(join(workflowsDir, name)));
  return hash.digest('hex').slice(0, 16);
}

/** Path of the bundle in `cacheDir`, built when missing (about 3 s). Two processes may build at once; the rename is atomic. */
export async function workflowBundle(
  cacheDir: string,
  onProgress: (message: string) => void = () => {},
): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  const path = join(cacheDir, `workflows-${await bundleKey()}.js`);
  const exists = await readFile(path).then(
    () => true,
    () => false,
  );
  if (exists) return path;
  onProgress('building the workflow bundle');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(workflowsDir, 'index.ts'),
    logger: silent,
  });
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, code);
  await rename(temporary, path);
  return path;
}
