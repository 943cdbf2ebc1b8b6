/** Owns a test file's own folders: in the run's folder, so that servers started in them end with the run at the latest. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

/** Makes an empty folder that goes with the test run. `name` only helps a person who looks at it. */
export function makeTestDirectory(name: string): string {
  return mkdtempSync(join(inject('servers').directory, `${name}-`));
}
