import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ConfigError,
  childEnvironment,
  loadSecretKey,
  makeDataDir,
  readConfig,
  requireShared,
} from '../config.ts';

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env, '/srv');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('reading the environment', () => {
  test('nothing set means embedded servers and a hub on 127.0.0.1:4680 with its data in .slipway', () => {
    const config = readConfig({}, '/srv/hub');
    expect(config).toMatchObject({
      database: null,
      temporal: { address: null, namespace: 'default', tls: false, apiKey: null },
      dataDir: '/srv/hub/.slipway',
      filesDir: '/srv/hub/.slipway/files',
      filesBucket: null,
      scanCommand: null,
      host: '127.0.0.1',
      port: 4680,
      secretKey: null,
      logLevel: 'info',
      allowLoopbackVendors: false,
      vendorHosts: [],
    });
  });

  test('an empty variable is an unset one, as compose files write them', () => {
    expect(readConfig({ DATABASE_URL: '', SLIPWAY_PORT: '  ' })).toMatchObject({
      database: null,
      port: 4680,
    });
  });

  test('hosts that connections may name are names, addresses and ranges', () => {
    const list = 'kimai.example.internal, 10.1.0.0/16,fd12::/16 , 192.168.7.7';
    expect(readConfig({ SLIPWAY_VENDOR_HOSTS: list }).vendorHosts).toEqual([
      'kimai.example.internal',
      '10.1.0.0/16',
      'fd12::/16',
      '192.168.7.7',
    ]);
    for (const wrong of ['https://kimai.example', '10.0.0.0/33', 'kimai/8', 'a,,b'])
      expect(problemsOf({ SLIPWAY_VENDOR_HOSTS: wrong })[0]).toContain('SLIPWAY_VENDOR_HOSTS must be');
  });

  test('a bucket for files is one address with its key', () => {
    const url = 'https://KEY:a%2Fb@s3.example.com/slipway-files?region=eu-north-1';
    expect(readConfig({ SLIPWAY_FILES_S3_URL: url }).filesBucket).toEqual({
      url: 'https://s3.example.com/slipway-files',
      region: 'eu-north-1',
      accessKeyId: 'KEY',
      secretAccessKey: 'a/b',
    });
    for (const wrong of [
      's3://bucket',
      'https://s3.example.com/bucket',
      'https://KEY:SECRET@s3.example.com/',
    ])
      expect(problemsOf({ SLIPWAY_FILES_S3_URL: wrong })).toEqual([
        expect.stringMatching(/^SLIPWAY_FILES_S3_URL must look like/),
      ]);
  });

  test('a scanner is a program and its arguments', () => {
    expect(readConfig({ SLIPWAY_SCAN_COMMAND: ' clamdscan  --fdpass ' }).scanCommand).toEqual([
      'clamdscan',
      '--fdpass',
    ]);
  });

  test('without a pooler the direct address is the address', () => {
    const url = 'postgres://hub:secret@db.example.com:6432/slipway';
    expect(readConfig({ DATABASE_URL: url }).database).toEqual({ url, directUrl: url });
    const directUrl = 'postgres://hub:secret@db.example.com:5432/slipway';
    expect(readConfig({ DATABASE_URL: url, DATABASE_DIRECT_URL: directUrl }).database?.directUrl).toBe(
      directUrl,
    );
  });

  test('an API key for Temporal travels over TLS', () => {
    const env = { TEMPORAL_ADDRESS: 'eu.temporal.example:7233', TEMPORAL_API_KEY: 'k' };
    expect(readConfig(env).temporal).toMatchObject({ tls: true, apiKey: 'k' });
    expect(problemsOf({ ...env, TEMPORAL_TLS: 'false' })).toEqual([expect.stringContaining('unencrypted')]);
  });

  test('everything that is wrong is said at once, each with what to do', () => {
    const problems = problemsOf({
      DATABASE_URL: 'mysql://db/x',
      DATABASE_DIRECT_URL: 'postgres://db',
      TEMPORAL_ADDRESS: 'http://temporal:7233',
      SLIPWAY_PORT: '99999',
      SLIPWAY_SECRET_KEY: 'c2hvcnQ=',
      SLIPWAY_LOG_LEVEL: 'loud',
      SLIPWAY_BULK_ACTIVITIES: '1000',
      SLIPWAY_PROT: '1',
      SLIPWAY_SOMETHING_ELSE_ENTIRELY: '1',
    });
    expect(problems).toEqual([
      'DATABASE_URL must look like postgres://user:password@host:5432/database',
      'DATABASE_DIRECT_URL must look like postgres://user:password@host:5432/database',
      'TEMPORAL_ADDRESS must be host:port, such as temporal.example.com:7233',
      'SLIPWAY_PORT must be a whole number from 0 to 65535',
      'SLIPWAY_SECRET_KEY must be 32 bytes in base64; make one with: openssl rand -base64 32',
      'SLIPWAY_LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent',
      'SLIPWAY_BULK_ACTIVITIES must be a whole number from 1 to 32',
      'SLIPWAY_PROT is no setting of Slipway: did you mean SLIPWAY_PORT?',
      expect.stringContaining('SLIPWAY_SOMETHING_ELSE_ENTIRELY is no setting of Slipway: unset it'),
    ]);
  });

  test('a setting that would be silently ignored is a mistake', () => {
    expect(problemsOf({ DATABASE_DIRECT_URL: 'postgres://db/x', TEMPORAL_API_KEY: 'k' })).toEqual([
      expect.stringContaining('DATABASE_DIRECT_URL has no effect without DATABASE_URL'),
      expect.stringContaining('TEMPORAL_API_KEY has no effect without TEMPORAL_ADDRESS'),
    ]);
  });

  test("the firm's sign-in needs its address, its client and its secret together", () => {
    expect(problemsOf({ OIDC_ISSUER: 'https://id.firm.example' })).toEqual([
      expect.stringContaining('OIDC_ISSUER has no effect without OIDC_CLIENT_ID'),
    ]);
    const oidc = { OIDC_CLIENT_ID: 'slipway', OIDC_CLIENT_SECRET: 'secret' };
    expect(problemsOf({ ...oidc, OIDC_ISSUER: 'id.firm.example' })).toEqual([
      expect.stringContaining('OIDC_ISSUER must look like https://'),
    ]);
    const env = {
      ...oidc,
      OIDC_ISSUER: 'https://id.firm.example',
      SLIPWAY_PUBLIC_URL: 'https://hub.example.com/',
    };
    expect(readConfig(env)).toMatchObject({
      publicUrl: 'https://hub.example.com',
      oidc: { clientId: 'slipway', trustsEmails: false },
    });
  });

  test('a mistake never repeats the value, which may be a secret', () => {
    const secret = 'hunter2-hunter2';
    const env = {
      DATABASE_URL: `mysql://u:${secret}@db/x`,
      SLIPWAY_SECRET_KEY: secret,
      SLIPWAY_PASSWORD: secret,
    };
    const problems = problemsOf(env);
    expect(problems).toHaveLength(3);
    expect(problems.join('\n')).not.toContain(secret);
  });

  test.each(['1e3', '-1', '4680.5', '0x10', '65536'])('%s is no port', (value) => {
    expect(problemsOf({ SLIPWAY_PORT: value })).toHaveLength(1);
  });
});

test("a child's environment is ours less what would mislead it", () => {
  process.env.PGSSLMODE = 'require';
  try {
    const env = childEnvironment({ drop: /^PG/, set: { GOBIN: '/x' } });
    expect(env.PGSSLMODE).toBeUndefined();
    expect(env).toMatchObject({ GOBIN: '/x', PATH: process.env.PATH });
  } finally {
    delete process.env.PGSSLMODE;
  }
});

describe('the key that encrypts secrets at rest', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'slipway-key-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  test('is made once, for its owner only, and found again', () => {
    const made = loadSecretKey({ secretKey: null, dataDir });
    expect(made).toHaveLength(32);
    expect(statSync(join(dataDir, 'secret.key')).mode & 0o777).toBe(0o600);
    expect(loadSecretKey({ secretKey: null, dataDir })).toEqual(made);
  });

  test('that is given wins, in either alphabet of base64', () => {
    const key = Buffer.alloc(32, 0xfb);
    expect(readConfig({ SLIPWAY_SECRET_KEY: key.toString('base64') }).secretKey).toEqual(key);
    expect(readConfig({ SLIPWAY_SECRET_KEY: key.toString('base64url') }).secretKey).toEqual(key);
    expect(loadSecretKey({ secretKey: key, dataDir })).toEqual(key);
  });

  test('is never replaced when its file is damaged: what it encrypted would be lost', () => {
    const path = join(dataDir, 'secret.key');
    writeFileSync(path, 'half a k');
    expect(() => loadSecretKey({ secretKey: null, dataDir })).toThrow(/put back the copy from your backup/);
    expect(readFileSync(path, 'utf8')).toBe('half a k');
  });
});

test('api and worker name all that they share with other processes, at once', () => {
  const missing = (env: Record<string, string>) => {
    try {
      requireShared(readConfig(env));
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.map((problem) => problem.split(' ')[0]);
      throw error;
    }
    return [];
  };
  expect(missing({})).toEqual(['DATABASE_URL', 'TEMPORAL_ADDRESS', 'SLIPWAY_SECRET_KEY']);
  const servers = { DATABASE_URL: 'postgres://db/x', TEMPORAL_ADDRESS: 'temporal:7233' };
  expect(missing(servers)).toEqual(['SLIPWAY_SECRET_KEY']);
  expect(missing({ ...servers, SLIPWAY_SECRET_KEY: Buffer.alloc(32).toString('base64') })).toEqual([]);
});

describe('the data folder', () => {
  test('is made with its parents, and may be there already', () => {
    const dir = mkdtempSync(join(tmpdir(), 'slipway-dir-'));
    try {
      const dataDir = join(dir, 'a', 'b');
      makeDataDir(dataDir);
      makeDataDir(dataDir);
      expect(statSync(dataDir).isDirectory()).toBe(true);
      writeFileSync(join(dir, 'file'), '');
      expect(() => makeDataDir(join(dir, 'file', 'data'))).toThrow(
        /SLIPWAY_DATA_DIR cannot be .*file is a file/,
      );
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  // There Node's own recursive mkdir never returns.
  test.runIf(process.platform === 'linux')('is refused where nothing can be made', () => {
    expect(() => makeDataDir('/proc/nope/data')).toThrow(
      /SLIPWAY_DATA_DIR cannot be .*\/proc does not take it/,
    );
  });
});
