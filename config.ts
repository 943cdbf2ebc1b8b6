/** Owns every setting: the only reader of the environment, it fails at start with the list of what is wrong. */
import { createHmac, randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { z } from 'zod';

type Environment = Record<string, string | undefined>;

/** Where to look for programs, and where to keep one we fetched. */
export type ToolPaths = { searchPath: string[]; goBinDirs: string[]; cacheDir: string };

/** The tools of a machine, as its environment names them. */
export function readToolPaths(env: Environment): ToolPaths {
  const goPath = env.GOPATH || join(homedir(), 'go');
  const goBinDirs = [env.GOBIN, ...goPath.split(delimiter).map((dir) => join(dir, 'bin'))];
  return {
    searchPath: (env.PATH ?? '').split(delimiter).filter((dir) => dir !== ''),
    goBinDirs: goBinDirs.filter((dir): dir is string => dir !== undefined && dir !== ''),
    cacheDir: join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'slipway'),
  };
}

/** Our own environment for a child, without the variables that match `drop` and with those of `set`. */
export function childEnvironment(change: { drop?: RegExp; set?: Record<string, string> }): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => change.drop?.test(name) !== true);
  return { ...Object.fromEntries(kept), ...change.set };
}

const wholeNumber = (standard: number, min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`)
    .default(standard);

const port = (standard: number) => wholeNumber(standard, 0, 65_535);

const yesOrNo = z
  .enum(['true', 'false', '1', '0'], 'must be true or false')
  .transform((value) => value === 'true' || value === '1');

function isPostgresUrl(value: string): boolean {
  const url = URL.parse(value);
  const isPostgres = url?.protocol === 'postgres:' || url?.protocol === 'postgresql:';
  return isPostgres && url.hostname !== '' && url.pathname.length > 1;
}

const postgresUrl = z
  .string()
  .refine(isPostgresUrl, 'must look like postgres://user:password@host:5432/database');

/** `mail@example.com`, or `Name <mail@example.com>`. */
const mailSender = z
  .string()
  .max(320)
  .regex(
    /^(?:[^<>"@\p{Cc}]{1,200} <[^\s<>@,;]+@[^\s<>@,;]+>|[^\s<>@,;]+@[^\s<>@,;]+)$/u,
    'must be an address, or a name and an address: Slipway <billing@example.com>',
  );

const smtpUrl = z.string().refine((value) => {
  const url = URL.parse(value);
  return (url?.protocol === 'smtp:' || url?.protocol === 'smtps:') && url.hostname !== '';
}, 'must look like smtp://user:password@mail.example.com:587');

/** `https://KEY:SECRET@host/bucket?region=eu-north-1`: one setting, since none of its parts is of use alone. */
const s3Url = z.string().transform((value, context) => {
  const url = /^https?:/.test(value) ? URL.parse(value) : null;
  const bucket = url && /^\/([a-z0-9][a-z0-9.-]{1,62})$/.exec(url.pathname)?.[1];
  if (url && bucket && url.username !== '' && url.password !== '')
    return {
      url: `${url.origin}/${bucket}`,
      region: url.searchParams.get('region') ?? 'us-east-1',
      accessKeyId: decodeURIComponent(url.username),
      secretAccessKey: decodeURIComponent(url.password),
    };
  context.addIssue('must look like https://KEY:SECRET@s3.example.com/bucket?region=eu-north-1');
  return z.NEVER;
});

/** A key of 32 bytes, exactly as base64 writes them: Buffer would silently skip what is no base64. */
function toSecretKey(text: string): Buffer | null {
  const key = Buffer.from(text, 'base64');
  const plain = text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  return key.length === 32 && key.toString('base64').replace(/=+$/, '') === plain ? key : null;
}

const secretKey = z.string().transform((value, context) => {
  const key = toSecretKey(value.trim());
  if (key !== null) return key;
  context.addIssue('must be 32 bytes in base64; make one with: openssl rand -base64 32');
  return z.NEVER;
});

const isHost = (text: string) => isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text);
const isRange = (text: string) => {
  const [net = '', bits = '', ...rest] = text.split('/');
  const most = isIP(net) === 6 ? 128 : 32;
  return isIP(net) !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
};
/** `kimai.example.internal, 10.1.0.0/16`. */
const vendorHosts = z
  .string()
  .max(4_000)
  .transform((text) => text.split(',').map((entry) => entry.trim()))
  .refine((entries) => entries.every((entry) => (entry.includes('/') ? isRange(entry) : isHost(entry))), {
    message: 'must be names, addresses or ranges with commas between: kimai.example.internal, 10.1.0.0/16',
  });

const webUrl = z.url({ protocol: /^https?$/, error: 'must look like https://hub.example.com' });

const settings = z.object({
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_DIRECT_URL: postgresUrl.optional(),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(
      /^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/,
      'must be host:port, such as temporal.example.com:7233',
    )
    .optional(),
  TEMPORAL_NAMESPACE: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{1,254}$/, 'must be 2 to 255 letters, digits, dots or dashes')
    .default('default'),
  TEMPORAL_API_KEY: z.string().min(1).optional(),
  TEMPORAL_TLS: yesOrNo.optional(),
  SMTP_URL: smtpUrl.optional(),
  SLIPWAY_MAIL_FROM: mailSender.optional(),
  SLIPWAY_DATA_DIR: z.string().default('.slipway'),
  SLIPWAY_FILES_DIR: z.string().optional(),
  SLIPWAY_FILES_S3_URL: s3Url.optional(),
  SLIPWAY_SCAN_COMMAND: z
    .string()
    .max(1_000)
    .optional()
    .transform((text) => text?.trim().split(/\s+/) ?? null),
  SLIPWAY_PORT: port(4680),
  SLIPWAY_HOST: z
    .string()
    .regex(/^[\w.:-]{1,255}$/, 'must be an address of this machine, such as 127.0.0.1 or 0.0.0.0')
    .default('127.0.0.1'),
  SLIPWAY_PUBLIC_URL: webUrl.optional(),
  SLIPWAY_SECRET_KEY: secretKey.optional(),
  SLIPWAY_LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'must be one of fatal, error, warn, info, debug, trace, silent',
    )
    .default('info'),
  SLIPWAY_TEMPORAL_BIN: z.string().optional(),
  SLIPWAY_TEMPORAL_PORT: port(0),
  SLIPWAY_POSTGRES_PORT: port(0),
  SLIPWAY_ALLOW_LOOPBACK_VENDORS: yesOrNo.default(false),
  SLIPWAY_VENDOR_HOSTS: vendorHosts.default([]),
  SLIPWAY_DATABASE_CONNECTIONS: wholeNumber(16, 2, 100),
  SLIPWAY_WORKFLOW_CACHE: wholeNumber(200, 10, 2_000),
  SLIPWAY_INTERACTIVE_ACTIVITIES: wholeNumber(20, 1, 200),
  SLIPWAY_BULK_ACTIVITIES: wholeNumber(2, 1, 32),
  SLIPWAY_VENDOR_ACTIVITIES: wholeNumber(10, 1, 200),
  SLIPWAY_RAW_PAGES_DAYS: wholeNumber(30, 0, 365),
  OIDC_ISSUER: webUrl.optional(),
  OIDC_CLIENT_ID: z.string().min(1).optional(),
  OIDC_CLIENT_SECRET: z.string().min(1).optional(),
  OIDC_TRUST_EMAILS: yesOrNo.default(false),
});

type Settings = z.output<typeof settings>;
const names = Object.keys(settings.shape);

/** Everything a hub is told from outside. Paths are absolute; a port of 0 means any free one. */
export type Config = {
  /** Null: the hub brings its own Postgres. `directUrl` goes around a pooler, for LISTEN and migrations. */
  database: { url: string; directUrl: string } | null;
  /** A null address: the hub brings its own Temporal. */
  temporal: { address: string | null; namespace: string; tls: boolean; apiKey: string | null };
  /** A null URL: mails are written into the outbox folder of the data folder. */
  mail: { smtpUrl: string | null; from: string };
  dataDir: string;
  /** Of files that people hand in; every process of a hub is told the same one. */
  filesDir: string;
  /** Where handed-in files are kept instead of the folder; `url` ends with the bucket. */
  filesBucket: { url: string; region: string; accessKeyId: string; secretAccessKey: string } | null;
  /** A program and its arguments, run with the path of each uploaded file behind them: anything but 0 refuses the file. */
  scanCommand: readonly string[] | null;
  host: string;
  port: number;
  /** Where browsers find the hub, e.g. behind a proxy: `https://hub.example.com`. Null: where it listens. */
  publicUrl: string | null;
  /** The firm's own sign-in beside e-mail and password. */
  oidc: { issuer: string; clientId: string; clientSecret: string; trustsEmails: boolean } | null;
  /** Null: kept in the data folder, see `loadSecretKey`. */
  secretKey: Buffer | null;
  logLevel: Settings['SLIPWAY_LOG_LEVEL'];
  embedded: { postgresPort: number; temporalPort: number; temporalBinary: string | null };
  allowLoopbackVendors: boolean;
  /** Hosts beside the vendors' own that connections may name, also private ones: names, addresses, ranges. */
  vendorHosts: readonly string[];
  databaseConnections: number;
  /** How long answers of platforms are kept as they were read; 0: not at all. They hold personal data. */
  rawPagesDays: number;
  worker: {
    cachedWorkflows: number;
    interactiveActivities: number;
    bulkActivities: number;
    vendorActivities: number;
  };
  tools: ToolPaths;
};

/** The environment does not make a working configuration; the message lists every mistake and never a value. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(['The configuration is wrong:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.problems = problems;
  }
}

/** Letters to insert, delete or replace to get from one word to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}

function unknownSettings(env: Environment): string[] {
  const own = names.filter((name) => name.startsWith('SLIPWAY_'));
  return Object.keys(env)
    .filter((name) => name.startsWith('SLIPWAY_') && !own.includes(name))
    .sort()
    .map((name) => {
      const [nearest] = own
        .map((known) => ({ known, distance: editDistance(name, known) }))
        .sort((a, b) => a.distance - b.distance);
      const advice =
        nearest !== undefined && nearest.distance <= 4
          ? `did you mean ${nearest.known}?`
          : `unset it; the settings are ${own.join(', ')}`;
      return `${name} is no setting of Slipway: ${advice}`;
    });
}

function contradictions(env: Environment): string[] {
  const needs = (name: string, other: string): string[] =>
    env[name] !== undefined && env[other] === undefined
      ? [`${name} has no effect without ${other}: set ${other} too, or unset ${name}`]
      : [];
  const keyInTheClear =
    env.TEMPORAL_API_KEY !== undefined && (env.TEMPORAL_TLS === 'false' || env.TEMPORAL_TLS === '0')
      ? ['TEMPORAL_API_KEY would travel unencrypted: unset TEMPORAL_TLS, or set it to true']
      : [];
  return [
    ...needs('DATABASE_DIRECT_URL', 'DATABASE_URL'),
    ...needs('SMTP_URL', 'SLIPWAY_MAIL_FROM'),
    ...needs('TEMPORAL_API_KEY', 'TEMPORAL_ADDRESS'),
    ...needs('TEMPORAL_TLS', 'TEMPORAL_ADDRESS'),
    ...needs('OIDC_ISSUER', 'OIDC_CLIENT_ID'),
    ...needs('OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET'),
    ...needs('OIDC_CLIENT_SECRET', 'OIDC_ISSUER'),
    ...needs('OIDC_TRUST_EMAILS', 'OIDC_ISSUER'),
    ...keyInTheClear,
  ];
}

/**
 * Reads and checks the whole environment. An empty variable counts as unset, as compose files write them.
 * @param cwd what a relative SLIPWAY_DATA_DIR is relative to
 * @throws ConfigError with the complete list of what is wrong
 */
export function readConfig(env: Environment, cwd: string = process.cwd()): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  const parsed = settings.safeParse(given);
  const invalid = parsed.error?.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`) ?? [];
  const problems = [...invalid, ...contradictions(given), ...unknownSettings(given)];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return toConfig(parsed.data, env, cwd);
}

function toOidc(set: Settings): Config['oidc'] {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = set;
  const trustsEmails = set.OIDC_TRUST_EMAILS;
  return issuer && clientId && clientSecret ? { issuer, clientId, clientSecret, trustsEmails } : null;
}

function toConfig(set: Settings, env: Environment, cwd: string): Config {
  const url = set.DATABASE_URL;
  return {
    database: url === undefined ? null : { url, directUrl: set.DATABASE_DIRECT_URL ?? url },
    temporal: {
      address: set.TEMPORAL_ADDRESS ?? null,
      namespace: set.TEMPORAL_NAMESPACE,
      // An API key is only ever sent over TLS.
      tls: set.TEMPORAL_TLS ?? set.TEMPORAL_API_KEY !== undefined,
      apiKey: set.TEMPORAL_API_KEY ?? null,
    },
    mail: { smtpUrl: set.SMTP_URL ?? null, from: set.SLIPWAY_MAIL_FROM ?? 'Slipway <slipway@localhost>' },
    dataDir: resolve(cwd, set.SLIPWAY_DATA_DIR),
    filesDir: resolve(cwd, set.SLIPWAY_FILES_DIR ?? join(set.SLIPWAY_DATA_DIR, 'files')),
    filesBucket: set.SLIPWAY_FILES_S3_URL ?? null,
    scanCommand: set.SLIPWAY_SCAN_COMMAND,
    host: set.SLIPWAY_HOST,
    port: set.SLIPWAY_PORT,
    publicUrl: set.SLIPWAY_PUBLIC_URL === undefined ? null : new URL(set.SLIPWAY_PUBLIC_URL).origin,
    oidc: toOidc(set),
    secretKey: set.SLIPWAY_SECRET_KEY ?? null,
    logLevel: set.SLIPWAY_LOG_LEVEL,
    embedded: {
      postgresPort: set.SLIPWAY_POSTGRES_PORT,
      temporalPort: set.SLIPWAY_TEMPORAL_PORT,
      temporalBinary: set.SLIPWAY_TEMPORAL_BIN ?? null,
    },
    allowLoopbackVendors: set.SLIPWAY_ALLOW_LOOPBACK_VENDORS,
    vendorHosts: set.SLIPWAY_VENDOR_HOSTS,
    databaseConnections: set.SLIPWAY_DATABASE_CONNECTIONS,
    rawPagesDays: set.SLIPWAY_RAW_PAGES_DAYS,
    worker: {
      cachedWorkflows: set.SLIPWAY_WORKFLOW_CACHE,
      interactiveActivities: set.SLIPWAY_INTERACTIVE_ACTIVITIES,
      bulkActivities: set.SLIPWAY_BULK_ACTIVITIES,
      vendorActivities: set.SLIPWAY_VENDOR_ACTIVITIES,
    },
    tools: readToolPaths(env),
  };
}

/**
 * For processes that are one of several on one hub: each must be told of the same servers and the same key, where a
 * hub in one process brings its own.
 * @throws ConfigError with what is missing
 */
export function requireShared(config: Pick<Config, 'database' | 'temporal' | 'secretKey'>): void {
  const missing = [
    ...(config.database === null
      ? ['DATABASE_URL is missing: name the Postgres that all processes share']
      : []),
    ...(config.temporal.address === null
      ? [
          'TEMPORAL_ADDRESS is missing: name the Temporal that all processes share, such as temporal.example.com:7233',
        ]
      : []),
    ...(config.secretKey === null
      ? [
          'SLIPWAY_SECRET_KEY is missing: give every process the same key; a hub that ran as "slipway start" keeps it in ' +
            'secret.key in its data folder, a new one is made with: openssl rand -base64 32',
        ]
      : []),
  ];
  if (missing.length > 0) throw new ConfigError(missing);
}

/**
 * Makes the data folder, level by level: mkdirSync with `recursive` never returns in a place that answers ENOENT for
 * everything, such as /proc (Node 24).
 * @throws ConfigError when it cannot be made or written to
 */
export function makeDataDir(dataDir: string): void {
  const missing: string[] = [];
  let existing = dataDir;
  while (statSync(existing, { throwIfNoEntry: false }) === undefined && dirname(existing) !== existing) {
    missing.unshift(existing);
    existing = dirname(existing);
  }
  try {
    if (!statSync(existing).isDirectory()) throw new Error(`${existing} is a file`);
    accessSync(existing, constants.W_OK | constants.X_OK);
    for (const dir of missing) mkdirSync(dir, { recursive: false });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // Another process of ours may have made it in this moment.
    if (code === 'EEXIST' && statSync(dataDir, { throwIfNoEntry: false })?.isDirectory()) return;
    const why = code === undefined ? message : `${existing} does not take it (${code})`;
    throw new ConfigError([
      `SLIPWAY_DATA_DIR cannot be ${dataDir}: ${why}; name a folder that this user may write to`,
    ]);
  }
}

/** Tells one key from another without telling the key: what a hub remembers of the key that its secrets are sealed with. */
export function secretKeyCheck(key: Buffer): Buffer {
  return createHmac('sha256', key).update('slipway: which secret key').digest();
}

/**
 * The key that encrypts secrets at rest: the one given, or the one in the data folder, which the first start makes.
 * @returns 32 bytes
 * @throws ConfigError when the key file does not hold a key; a new one would make every stored secret unreadable
 */
export function loadSecretKey(config: Pick<Config, 'secretKey' | 'dataDir'>): Buffer {
  if (config.secretKey !== null) return config.secretKey;
  const path = join(config.dataDir, 'secret.key');
  makeDataDir(config.dataDir);
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const key = toSecretKey(readFileSync(path, 'utf8').trim());
  if (key !== null) return key;
  throw new ConfigError([
    `${path} does not hold 32 bytes in base64: put back the copy from your backup, or set SLIPWAY_SECRET_KEY`,
  ]);
}
