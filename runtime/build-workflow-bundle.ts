/** Owns the process that builds the workflow bundle: `node build-workflow-bundle.ts FILE`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, type Logger } from '@temporalio/worker';
import { workflowsDir } from './workflow-bundle.ts';

const silent: Logger = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const [, , path] = process.argv;
if (!path) throw new Error('name the file to write');
const { code } = await bundleWorkflowCode({ workflowsPath: join(workflowsDir, 'index.ts'), logger: silent });
await writeFile(path, code);
