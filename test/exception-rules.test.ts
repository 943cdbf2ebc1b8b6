import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exceptionRules } from '../domain/exception-rules.ts';

const root = join(import.meta.dirname, '..');
const sources = ['activities', 'api', 'runtime', 'store'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8')),
);

test('every rule that some code raises an exception by can be named: none is missing in the list', () => {
  const raised = sources.flatMap((text) =>
    [...text.matchAll(/(?:rule: |raisePaymentException\([^']*)'([a-z_]+\.[a-z_0-9]+)'/g)].map(
      (match) => match[1]!,
    ),
  );
  expect(new Set(raised).size).toBeGreaterThan(7);
  expect(raised.filter((rule) => !exceptionRules.includes(rule))).toEqual([]);
  expect(new Set(exceptionRules).size).toBe(exceptionRules.length);
});
