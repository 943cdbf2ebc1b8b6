/** Owns bundles of workflow code that was changed on purpose: a copy of `workflows/` with some words replaced. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, type Logger } from '@temporalio/worker';
import { workflowsDir } from '../../runtime/workflow-bundle.ts';

export interface Change {
  /** A file of `workflows/`. */
  file: string;
  from: string;
  /** May use what the SDK exports, as `sdk`. */
  to: string;
}

const silent: Logger = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** The code of all workflows with these changes. Throws where a change finds nothing to change. */
export async function bundleWith(changes: readonly Change[]): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-changed-workflows-'));
  try {
    const copy = join(dir, 'workflows');
    cpSync(workflowsDir, copy, { recursive: true });
    symlinkSync(join(workflowsDir, '..', 'node_modules'), join(dir, 'node_modules'));
    for (const { file, from, to } of changes) {
      const text = readFileSync(join(copy, file), 'utf8');
      if (!text.includes(from)) throw new Error(`workflows/${file} says nowhere: ${from}`);
      writeFileSync(
        join(copy, file),
        `import * as sdk from '@temporalio/workflow';\n${text.replace(from, () => to)}`,
      );
    }
    return (await bundleWorkflowCode({ workflowsPath: join(copy, 'index.ts'), logger: silent })).code;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
