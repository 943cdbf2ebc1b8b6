import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ToolPaths } from '../config.ts';
import { findTemporalBinary } from '../runtime/temporal-binary.ts';

const program = '#!/bin/sh\necho "temporal version 1.5.1 (Server 1.29.1)"\n';
const broken = '#!/bin/sh\necho "cannot execute" >&2\nexit 126\n';
/** A port where nothing listens: port 9 (discard) on loopback. */
const nowhere = 'http://127.0.0.1:9';

let dir: string;
let tools: ToolPaths;
let said: string[];
let servers: Array<{ close(): unknown }>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-find-'));
  for (const name of ['path', 'gobin']) mkdirSync(join(dir, name));
  tools = { searchPath: [join(dir, 'path')], goBinDirs: [join(dir, 'gobin')], cacheDir: join(dir, 'cache') };
  said = [];
  servers = [];
});
afterEach(() => {
  for (const server of servers) server.close();
  rmSync(dir, { recursive: true });
});

const onProgress = (message: string): void => {
  said.push(message);
};

function put(path: string, content: string): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, 0o755);
  return path;
}

const cached = (): string => join(tools.cacheDir, 'temporal-1.5.1', 'temporal');

/** One entry of a tar archive as POSIX ustar writes it. */
function tarEntry(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`${content.length.toString(8).padStart(11, '0')} `, 124);
  header.write('ustar', 257);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

const archive = (file: Buffer): Buffer =>
  gzipSync(
    Buffer.concat([
      tarEntry('LICENSE', Buffer.alloc(1_300, 'l')),
      tarEntry('temporal', file),
      Buffer.alloc(1024),
    ]),
  );

async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A stand-in of Temporal's download site; `asked` collects the paths. */
async function downloadSite(body: Buffer, asked: string[] = []): Promise<string> {
  let site = '';
  const answer: RequestListener = (request, response) => {
    asked.push(request.url!);
    if (request.url!.startsWith('/cli/')) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ archiveUrl: `${site}/archive`, fileToExtract: 'temporal' }));
    } else response.end(body);
  };
  site = await listening(createServer(answer));
  return site;
}

describe('the ways to a Temporal, in their order', () => {
  test('the one the user names, and no other', async () => {
    put(join(dir, 'path', 'temporal'), program);
    const binary = put(join(dir, 'own', 'temporal-cli'), program);
    expect(await findTemporalBinary({ tools, binary })).toMatchObject({ path: binary });
    put(binary, broken);
    await expect(findTemporalBinary({ tools, binary })).rejects.toThrow(
      /SLIPWAY_TEMPORAL_BIN: .*does not run/,
    );
  });

  test('one on PATH, before one that Go installed, before the cached copy', async () => {
    put(cached(), program);
    expect(await findTemporalBinary({ tools })).toMatchObject({ path: cached() });
    const byGo = put(join(dir, 'gobin', 'temporal'), program);
    expect(await findTemporalBinary({ tools })).toMatchObject({ path: byGo });
    const onPath = put(join(dir, 'path', 'temporal'), program);
    expect(await findTemporalBinary({ tools })).toMatchObject({ path: onPath });
  });

  test('one that does not run, or is something else, is passed over', async () => {
    put(join(dir, 'path', 'temporal'), broken);
    put(join(dir, 'gobin', 'temporal'), '#!/bin/sh\necho "temporal graphics 3.0"\n');
    put(cached(), program);
    expect(await findTemporalBinary({ tools, onProgress })).toMatchObject({ path: cached() });
    expect(said).toEqual([
      expect.stringContaining('does not run'),
      expect.stringContaining('is not the Temporal CLI'),
    ]);
  });

  test('a download, kept for the next time', async () => {
    // Large enough to arrive in many pieces, and not a multiple of tar's block.
    const file = Buffer.concat([Buffer.from(program), Buffer.alloc(1_000_001, '#')]);
    const asked: string[] = [];
    const site = await downloadSite(archive(file), asked);
    const found = await findTemporalBinary({ tools, onProgress, downloadSite: site });
    expect(found.path).toBe(cached());
    expect(readFileSync(cached()).equals(file)).toBe(true);
    expect(asked[0]).toMatch(/^\/cli\/v1\.5\.1\?platform=\w+&arch=\w+&format=tar\.gz$/);
    expect(await findTemporalBinary({ tools, downloadSite: nowhere })).toMatchObject({ path: cached() });
  });

  test('a build with Go where nothing can be downloaded', async () => {
    const go =
      '#!/bin/sh\ntest "$1 $2" = "install github.com/temporalio/cli/cmd/temporal@v1.5.1" || exit 9\n';
    put(join(dir, 'path', 'go'), `${go}printf '%s' '${program}' > "$GOBIN/temporal"\n`);
    tools.searchPath.push('/usr/bin', '/bin');
    tools.searchPath = tools.searchPath.filter((path) => !existsSync(join(path, 'temporal')));
    const found = await findTemporalBinary({ tools, onProgress, downloadSite: nowhere });
    expect(found).toEqual({ path: cached(), how: `built with Go at ${cached()}` });
    expect(said.some((line) => line.includes('3 to 4 minutes'))).toBe(true);
  });
});

describe('when a way fails', () => {
  beforeEach(() => put(join(dir, 'path', 'go'), '#!/bin/sh\necho "no such module" >&2\nexit 1\n'));

  test('the error names what was tried and every choice that is left', async () => {
    const failed = findTemporalBinary({ tools, downloadSite: nowhere });
    await expect(failed).rejects.toThrow(/download: .*ECONNREFUSED/);
    for (const words of [
      'build: go install ended with 1: no such module',
      'on PATH',
      'SLIPWAY_TEMPORAL_BIN=',
    ]) {
      await expect(failed).rejects.toThrow(words);
    }
    for (const words of [cached(), 'https://go.dev/dl', 'TEMPORAL_ADDRESS=']) {
      await expect(failed).rejects.toThrow(words);
    }
  });

  test('a site that never answers is given up after 5 seconds', async () => {
    const site = await listening(createTcpServer((socket) => socket.on('error', () => undefined).unref()));
    const started = Date.now();
    await expect(findTemporalBinary({ tools, downloadSite: site })).rejects.toThrow('no answer within 5 s');
    expect(Date.now() - started).toBeLessThan(7_000);
  });

  test.each([
    ['a cut archive', (file: Buffer) => archive(file).subarray(0, 200)],
    ['an archive without the program', () => gzipSync(tarEntry('other', Buffer.from('x')))],
    ['a program of another platform', () => archive(Buffer.from(broken))],
    ['a page of a proxy', () => Buffer.from('<html>Sign in</html>')],
  ])('%s leaves nothing in the cache', async (_, body) => {
    const site = await downloadSite(body(Buffer.concat([Buffer.from(program), Buffer.alloc(100_000, '#')])));
    await expect(findTemporalBinary({ tools, downloadSite: site })).rejects.toThrow(/download: /);
    expect(existsSync(cached())).toBe(false);
  });
});
