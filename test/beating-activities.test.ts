/** Owns that no workflow waits for a killed process longer than a beat: each asks for its activities in the one way that beats. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const dir = join(import.meta.dirname, '..', 'workflows');

it('every longer activity of a workflow beats', () => {
  const asking = readdirSync(dir).filter((file) =>
    /\bproxyActivities\b/.test(readFileSync(join(dir, file), 'utf8')),
  );
  expect(asking).toEqual(['beating-activities.ts']);
});
