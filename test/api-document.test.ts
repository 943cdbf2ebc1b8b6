/** Owns that the API document, the docs page, the list of routes and the files all say the same. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { renderDocs } from '../api/kit/docs-page.ts';
import { buildApiDocument, operationId, toOpenApiPath } from '../api/kit/openapi.ts';
import { defineRoute } from '../api/kit/route.ts';
import { routes } from '../api/routes/index.ts';
import { isPermission } from '../domain/permissions.ts';
import { fillExample } from './support/api-fixtures.ts';

const document = buildApiDocument(routes, '1.2.3');
interface Operation {
  operationId: string;
  'x-permission': string | null;
  security?: unknown[];
  responses: Record<string, unknown>;
}
const paths = document.paths as unknown as Record<string, Record<string, Operation>>;
const cases = routes.map((route) => [route.name, route] as const);

describe.each(cases)('%s', (_, route) => {
  it('is in the document with its permission and its answers', () => {
    const operation = paths[toOpenApiPath(route.path)]?.[route.method];
    expect(operation?.operationId).toBe(operationId(route));
    expect(operation?.['x-permission']).toBe(route.permission);
    for (const status of Object.keys(route.responses)) expect(operation?.responses).toHaveProperty(status);
    expect(operation?.responses).toHaveProperty(route.permission === null ? '500' : '401');
  });

  it('names a permission that exists, or says why it needs none', () => {
    if (route.permission === null) expect(route.publicBecause?.length).toBeGreaterThan(10);
    else expect(isPermission(route.permission)).toBe(true);
  });

  it('lives in a file of its name', () => {
    expect(routeFiles).toContain(`${route.name}.ts`);
  });
});

const withBody = routes.flatMap((route) =>
  route.body ? [[route.name, route.body, route.example] as const] : [],
);
it.each(withBody)('%s gives an example that its own schema takes', (_, body, example) => {
  const anyId = '018f0000-0000-7000-8000-000000000000';
  const ids = new Proxy({}, { get: () => anyId }) as Record<string, string>;
  expect(body.safeParse(fillExample(example, ids)).error?.issues ?? []).toEqual([]);
});

const root = join(import.meta.dirname, '../api/routes');
const routeFiles = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((path) =>
  path.split('/').at(-1),
);

it('lists every route file: none is forgotten in the index', async () => {
  const listed = new Set<unknown>(routes);
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\/.*\.ts$/.test(path),
  );
  for (const path of paths) {
    const module = (await import(join(root, path))) as Record<string, unknown>;
    for (const value of Object.values(module)) {
      const isRoute =
        typeof value === 'object' && value !== null && 'handler' in value && 'permission' in value;
      if (isRoute) expect(listed.has(value), `${path} is not in api/routes/index.ts`).toBe(true);
    }
  }
});

it('is OpenAPI 3.1 in which every reference leads somewhere', () => {
  expect(document.openapi).toBe('3.1.0');
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(20);
  for (const [, name] of references) expect(document.components?.schemas).toHaveProperty(name!);
});

it('shows every operation on one page that runs no script and loads nothing', () => {
  const page = renderDocs(document);
  for (const route of routes) expect(page).toContain(`id="${operationId(route)}"`);
  expect(page).not.toMatch(/<script|<link|src=|@import|url\(/i);
  expect(page).toContain('prefers-color-scheme:dark');
});

it('escapes what a route says of itself', () => {
  const route = defineRoute({
    name: 'get-odd',
    method: 'get',
    path: '/odd',
    summary: '<img onerror="x"> & co',
    permission: 'clients.read',
    responses: { 200: z.object({ ok: z.boolean() }) },
    handler: async () => ({ status: 200, body: { ok: true } }),
  });
  const page = renderDocs(buildApiDocument([route], '1'));
  expect(page).toContain('&lt;img onerror=&quot;x&quot;&gt; &amp; co');
  expect(page).not.toContain('<img');
});

it('refuses two routes of one path, and two of one name', () => {
  const twin = routes.find((route) => route.name === 'get-client')!;
  expect(() => buildApiDocument([twin, { ...twin, name: 'other' }], '1')).toThrow(/two routes answer/);
  expect(() => buildApiDocument([twin, { ...twin, path: '/elsewhere' }], '1')).toThrow(/called get-client/);
});
