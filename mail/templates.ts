/** Owns compiling the mail templates once, into a file that later starts read. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../config.ts';
import type { MailTemplates } from './render-mail.ts';

const run = promisify(execFile);
const templatesDir = join(import.meta.dirname, 'templates');
const compileTimeoutMs = 60_000;
const maxOutputBytes = 4_000_000;

/** Changes with any template or MJML's version. */
async function templatesKey(dir: string): Promise<string> {
  const hash = createHash('sha256');
  const mjml = createRequire(import.meta.url)('mjml/package.json') as { version: string };
  hash.update(mjml.version);
  for (const name of (await readdir(dir)).sort()) hash.update(name).update(await readFile(join(dir, name)));
  return hash.digest('hex').slice(0, 16);
}

/**
 * The templates as HTML and text, from `cacheDir` where they were compiled before (about a second). Compiled in a process
 * of its own, as workflows are bundled: MJML takes 100 MB that a hub would keep for its whole life (measured).
 * Throws with every template that does not compile, and why: a hub does not start with mails it could not write.
 */
export async function loadTemplates(cacheDir: string, dir = templatesDir): Promise<MailTemplates> {
  const path = join(cacheDir, `mail-${await templatesKey(dir)}.json`);
  const cached = await readFile(path, 'utf8').catch(() => null);
  if (cached !== null) return JSON.parse(cached) as MailTemplates;
  const compiled = await compile(dir);
  await mkdir(cacheDir, { recursive: true });
  // Two processes may compile at once; a half-written file is never read.
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, compiled);
  await rename(temporary, path);
  return JSON.parse(compiled) as MailTemplates;
}

async function compile(dir: string): Promise<string> {
  const script = join(import.meta.dirname, 'compile-templates.ts');
  try {
    const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', script, dir], {
      timeout: compileTimeoutMs,
      maxBuffer: maxOutputBytes,
      env: childEnvironment({ drop: /^NODE_OPTIONS$/ }),
    });
    return stdout;
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim();
    throw new Error(`The mail templates could not be compiled: ${said || String(error)}`, { cause: error });
  }
}
