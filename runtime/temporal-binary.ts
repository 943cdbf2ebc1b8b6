/** Owns finding the `temporal` program: on this machine, in our cache, at Temporal's download site, or built with Go. */
import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { access, chmod, constants, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import axios from 'axios';
import { childEnvironment, type ToolPaths } from '../config.ts';
import { extractFromTar } from './tar-entry.ts';

const run = promisify(execFile);

/** The CLI whose server our workflows are tested with: 1.29. */
export const temporalCliVersion = '1.5.1';

export type TemporalBinarySearch = {
  tools: ToolPaths;
  /** The only one to use, when the user names one (SLIPWAY_TEMPORAL_BIN). */
  binary?: string | null;
  onProgress?: (message: string) => void;
  /** Temporal's download site; tests name a loopback one. */
  downloadSite?: string;
};

/** A program that runs, and how it was come by, in words for the screen. */
export type TemporalBinary = { path: string; how: string };

const suffix = process.platform === 'win32' ? '.exe' : '';
const connectTimeoutMs = 5_000;
const downloadTimeoutMs = 600_000;
const maxArchiveBytes = 500 * 1024 * 1024;
const buildTimeoutMs = 900_000;
const buildWordEveryMs = 10_000;

/** Why a program does not serve, or null when it does. */
async function defectOf(path: string): Promise<string | null> {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await run(path, ['--version'], { timeout: 10_000 });
    return stdout.startsWith('temporal version') ? null : `${path} is not the Temporal CLI`;
  } catch (error) {
    return `${path} does not run (${(error as Error).message.split('\n')[0]})`;
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

function cachedPath(tools: ToolPaths): string {
  return join(tools.cacheDir, `temporal-${temporalCliVersion}`, `temporal${suffix}`);
}

/** On PATH, or where `go install` puts programs, which is often not on it. */
async function findInstalled(search: TemporalBinarySearch): Promise<TemporalBinary | null> {
  for (const dir of [...search.tools.searchPath, ...search.tools.goBinDirs]) {
    const path = join(dir, `temporal${suffix}`);
    if (!(await exists(path))) continue;
    const defect = await defectOf(path);
    if (defect === null) return { path, how: `installed at ${path}` };
    search.onProgress?.(`Passing over ${defect}`);
  }
  return null;
}

async function findCached(search: TemporalBinarySearch): Promise<TemporalBinary | null> {
  const path = cachedPath(search.tools);
  if (!(await exists(path))) return null;
  const defect = await defectOf(path);
  if (defect === null) return { path, how: `cached at ${path}` };
  search.onProgress?.(`Passing over ${defect}`);
  return null;
}

/** Lets `make` fill a folder with the program, and puts that in the cache only when it is whole and runs. */
async function cache(tools: ToolPaths, make: (dir: string) => Promise<void>): Promise<string> {
  await mkdir(tools.cacheDir, { recursive: true });
  const dir = await mkdtemp(join(tools.cacheDir, 'making-'));
  try {
    await make(dir);
    const made = join(dir, `temporal${suffix}`);
    await chmod(made, 0o755);
    const defect = await defectOf(made);
    if (defect !== null) throw new Error(defect);
    const path = cachedPath(tools);
    await mkdir(join(path, '..'), { recursive: true });
    await rename(made, path);
    return path;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** One GET that must begin to answer within 5 s and end within 10 minutes. */
async function get(url: string, params: Record<string, string>, responseType: 'json' | 'stream') {
  const connecting = AbortSignal.timeout(connectTimeoutMs);
  const abort = new AbortController();
  const giveUp = (): void => abort.abort(new Error(`no answer within ${connectTimeoutMs / 1000} s`));
  connecting.addEventListener('abort', giveUp);
  try {
    return await axios.get<unknown>(url, {
      params,
      responseType,
      signal: AbortSignal.any([abort.signal, AbortSignal.timeout(downloadTimeoutMs)]),
      maxContentLength: maxArchiveBytes,
    });
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    connecting.removeEventListener('abort', giveUp);
  }
}

/**
 * Downloads as the SDK's own `cached-download` does (sdk-core, ephemeral_server/mod.rs): ask the site for this platform's
 * archive, then take the one file it names out of that.
 */
async function download(search: TemporalBinarySearch): Promise<TemporalBinary> {
  const site = search.downloadSite ?? 'https://temporal.download';
  search.onProgress?.(`Downloading Temporal ${temporalCliVersion} from ${site} (once, about 45 MB) ...`);
  const path = await cache(search.tools, async (dir) => {
    const platform = process.platform === 'win32' ? 'windows' : process.platform;
    const params = { platform, arch: process.arch === 'x64' ? 'amd64' : process.arch, format: 'tar.gz' };
    const info = await get(`${site}/cli/v${temporalCliVersion}`, params, 'json');
    const { archiveUrl, fileToExtract } = info.data as { archiveUrl?: unknown; fileToExtract?: unknown };
    if (typeof archiveUrl !== 'string' || typeof fileToExtract !== 'string') {
      throw new Error(`${site} did not name an archive`);
    }
    const archive = await get(archiveUrl, {}, 'stream');
    await pipeline(
      archive.data as Readable,
      createGunzip(),
      (chunks: AsyncIterable<Buffer>) => extractFromTar(chunks, fileToExtract),
      createWriteStream(join(dir, `temporal${suffix}`)),
    );
  });
  return { path, how: `downloaded to ${path}` };
}

/** Builds it with Go, if there is one: 3 to 4 minutes on 2 cores, said on screen. Null without Go. */
async function build(search: TemporalBinarySearch): Promise<TemporalBinary | null> {
  const goDirs = [...search.tools.searchPath, '/usr/local/go/bin'];
  let go: string | null = null;
  for (const dir of goDirs) {
    go ??= (await exists(join(dir, `go${suffix}`))) ? join(dir, `go${suffix}`) : null;
  }
  if (go === null) return null;
  const compiler = go;
  const say = search.onProgress ?? (() => undefined);
  say(`Building Temporal ${temporalCliVersion} with "go install" (once, 3 to 4 minutes on 2 cores) ...`);
  const started = Date.now();
  const word = setInterval(() => {
    say(`Still building Temporal (${Math.round((Date.now() - started) / 1000)} s so far) ...`);
  }, buildWordEveryMs);
  try {
    const path = await cache(search.tools, (dir) => goInstall(compiler, dir, search.tools));
    return { path, how: `built with Go at ${path}` };
  } finally {
    clearInterval(word);
  }
}

async function goInstall(go: string, dir: string, tools: ToolPaths): Promise<void> {
  const child = spawn(go, ['install', `github.com/temporalio/cli/cmd/temporal@v${temporalCliVersion}`], {
    // A GOFLAGS of the user's, such as -mod=vendor, is about another module; cross-compiling is refused with GOBIN.
    env: childEnvironment({
      drop: /^(GOBIN|GOOS|GOARCH|GOFLAGS|PATH)$/,
      set: { GOBIN: dir, GOFLAGS: '-buildvcs=false', PATH: tools.searchPath.join(delimiter) },
    }),
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: buildTimeoutMs,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-4_000);
  });
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const lastLines = said.trim().split('\n').slice(-5).join('\n');
      if (code === 0) resolve();
      else reject(new Error(`go install ended with ${code ?? 'a time-out'}: ${lastLines}`));
    });
  });
}

/**
 * Finds a Temporal CLI: the named one, or else installed → cached → downloaded → built.
 * @throws with what was tried and the choices that are left
 */
export async function findTemporalBinary(search: TemporalBinarySearch): Promise<TemporalBinary> {
  if (search.binary) {
    const defect = await defectOf(search.binary);
    if (defect === null)
      return { path: search.binary, how: `named by SLIPWAY_TEMPORAL_BIN: ${search.binary}` };
    throw new Error(`SLIPWAY_TEMPORAL_BIN: ${defect}. Name a Temporal CLI, or unset it.`);
  }
  const found = (await findInstalled(search)) ?? (await findCached(search));
  if (found !== null) return found;
  const failures: string[] = [];
  for (const way of [download, build]) {
    try {
      const made = await way(search);
      if (made !== null) return made;
      failures.push('there is no Go to build it with');
    } catch (error) {
      const failure = `${way === download ? 'download' : 'build'}: ${(error as Error).message}`;
      failures.push(failure);
      search.onProgress?.(`That did not work (${failure.split('\n')[0]})`);
    }
  }
  throw new Error(
    `Temporal is not on this machine and could not be fetched:\n${failures.map((line) => `  - ${line}`).join('\n')}\nChoose one:
  - install the Temporal CLI (https://docs.temporal.io/cli) so that "temporal" is on PATH
  - name its file: SLIPWAY_TEMPORAL_BIN=/path/to/temporal
  - put its file at ${cachedPath(search.tools)}
  - install Go (https://go.dev/dl) and start again: it is then built once
  - use a Temporal that runs elsewhere: TEMPORAL_ADDRESS=host:7233`,
  );
}
