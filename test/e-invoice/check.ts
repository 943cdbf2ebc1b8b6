/**
 * Owns checking our e-invoices by somebody else's rules: Mustang CLI (EN 16931 schematron and PDF/A-3 by veraPDF). Run by
 * `.ci/run` and by hand: `node test/e-invoice/check.ts`. Ends with 1 where one sample fails, or where Java or Mustang is missing.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { createPrinter } from '../../printing/printer.ts';
import { sampleDocuments } from '../support/printed-documents.ts';

const run = promisify(execFile);
const mustang = { group: 'org.mustangproject', artifact: 'Mustang-CLI', version: '2.26.0' };
const cacheDir = join(import.meta.dirname, '..', '..', '.slipway', 'cache', 'mustang');
const jar = join(cacheDir, `${mustang.artifact}-${mustang.version}.jar`);
const fetchTimeoutMs = 600_000;
const checkTimeoutMs = 600_000;

/** The jar from Maven Central, kept beside the other caches. */
async function fetchMustang(): Promise<void> {
  if (existsSync(jar)) return;
  await mkdir(cacheDir, { recursive: true });
  const { group, artifact, version } = mustang;
  // Whole or not at all, on the same disk.
  const into = await mkdtemp(join(cacheDir, 'fetch-'));
  const coordinates = `${group}:${artifact}:${version}`;
  await run(
    'mvn',
    ['-q', '-B', 'dependency:copy', `-Dartifact=${coordinates}`, `-DoutputDirectory=${into}`],
    { timeout: fetchTimeoutMs },
  ).catch((error: unknown) => {
    throw new Error(
      `Mustang CLI could not be fetched; install Java 17 and Maven, or put ${artifact}-${version}.jar into ${cacheDir}.`,
      { cause: error },
    );
  });
  await rename(join(into, `${artifact}-${version}.jar`), jar);
  await rm(into, { recursive: true, force: true });
}

interface Verdict {
  valid: Set<string>;
  said: string;
}

/** All files of a folder in one go: a JVM a file takes three times as long. PDFs are held to PDF/A-3 too. */
async function check(folder: string): Promise<Verdict> {
  const options = ['--no-notices', '--disable-file-logging', '--action', 'validateExpectValid', '-d', folder];
  const { stdout, stderr } = await run('java', ['-Xmx1g', '-jar', jar, ...options], {
    timeout: checkTimeoutMs,
    maxBuffer: 50_000_000,
  }).catch((error: { code?: unknown; stdout?: string; stderr?: string }) => {
    if (error.code === 'ENOENT') throw new Error('Java is missing: install a JRE of version 17 or newer.');
    return { stdout: error.stdout ?? '', stderr: error.stderr ?? '' };
  });
  const said = `${stdout}\n${stderr}`;
  const verdicts = said.matchAll(/Testing file \d+:\s+(valid|invalid) \((.+)\)/g);
  const valid = [...verdicts].flatMap(([, verdict, path = '']) =>
    verdict === 'valid' ? [basename(path)] : [],
  );
  return { valid: new Set(valid), said };
}

// Mustang judges every file after a UBL one by the rules of UBL: each syntax has a folder of its own.
const folders = { cii: ['pdf', 'cii'], ubl: ['xml'] } as const;

await fetchMustang();
const root = await mkdtemp(join(tmpdir(), 'slipway-e-invoices-'));
const printer = createPrinter();
let passed = 0;
let failed = 0;
for (const [syntax, formats] of Object.entries(folders)) {
  const folder = join(root, syntax);
  await mkdir(folder);
  const names: string[] = [];
  for (const [sample, document] of Object.entries(sampleDocuments))
    for (const format of formats) {
      const name = `${sample}.${format === 'pdf' ? 'pdf' : `${syntax}.xml`}`;
      await writeFile(join(folder, name), await printer.print({ document, format, badge: null, logo: null }));
      names.push(name);
    }
  const { valid, said } = await check(folder);
  const wrong = names.filter((name) => !valid.has(name));
  for (const name of names) console.log(`${valid.has(name) ? 'valid  ' : 'INVALID'} ${name}`);
  if (wrong.length > 0) console.log(said);
  passed += names.length - wrong.length;
  failed += wrong.length;
}
await printer.stop();
await rm(root, { recursive: true, force: true });
console.log(`${passed} e-invoices valid, ${failed} not`);
if (failed > 0 || passed === 0) process.exitCode = 1;
