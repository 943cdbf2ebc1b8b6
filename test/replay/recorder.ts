/** Owns the hub on which histories are recorded, with servers of its own in a temporary folder, and their files. */
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import pino from 'pino';
import { startHub } from '../../cli/hub.ts';
import { readConfig } from '../../config.ts';
import { until } from '../support/loops.ts';
import { openSpine, type Spine, type SpineOptions } from '../support/spine.ts';
import { openTestWorkspace, type TestWorkspace } from '../support/workspace.ts';
import { historyToText } from './history-file.ts';

const directory = join(import.meta.dirname, 'histories');
/** The histories that were asked for by name. */
export const named = process.argv.slice(2);
/** Those, else what has no file yet. */
export const isWanted = (name: string) =>
  named.length > 0 ? named.includes(name) : !existsSync(join(directory, `${name}.json`));
mkdirSync(directory, { recursive: true });
const dataDir = mkdtempSync(join(tmpdir(), 'slipway-record-'));
const { PATH, HOME } = process.env;
export const hub = await startHub({
  config: readConfig({
    PATH,
    HOME,
    SLIPWAY_DATA_DIR: dataDir,
    SLIPWAY_PORT: '0',
    SLIPWAY_ALLOW_LOOPBACK_VENDORS: 'true',
    SLIPWAY_PUBLIC_URL: 'https://hub.example.com',
  }),
  logger: pino({ level: 'silent' }),
  version: 'recording',
  durations: { durations: { client_invoice: { connectionRetryMs: 500, syncRetryMs: 1_000 } } },
  vendorTimeoutMs: 1_000,
});

/** Writes the history of a workflow, where it is wanted. */
export async function record(name: string, handle: WorkflowHandle): Promise<void> {
  if (!isWanted(name)) return;
  const history = await handle.fetchHistory();
  writeFileSync(join(directory, `${name}.json`), historyToText(history));
  console.log(`${name}: ${history.events?.length ?? 0} events`);
}

export interface Firm extends Spine {
  at: TestWorkspace;
}
/** A firm with both vendors whose hours have come in. */
export async function withFirm(options: SpineOptions, story: (firm: Firm) => Promise<void>): Promise<void> {
  const at = await openTestWorkspace(hub, hub.database);
  const firm = { ...(await openSpine(at, options)), at };
  try {
    firm.work('NPF-101', 2);
    await firm.sync(firm.harvestId);
    await at.idle(patienceMs);
    await story(firm);
  } finally {
    await firm.close();
  }
}
/** Beside other work of the machine everything takes longer. */
export const patienceMs = 120_000;
export const becomesClosed = (handle: WorkflowHandle) =>
  until(
    'it has ended',
    () =>
      handle.describe().then(
        ({ status }) => status.name !== 'RUNNING',
        () => false, // not started yet
      ),
    patienceMs,
  );

export async function endRecording(): Promise<void> {
  await hub.stop();
  await rm(dataDir, { recursive: true, force: true });
}
