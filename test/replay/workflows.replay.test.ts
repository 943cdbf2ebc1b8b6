/** Owns invariant 11: workflows that run at somebody's hub go on with today's code. Histories: see record.ts. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { workflowBundle, workflowsDir } from '../../runtime/workflow-bundle.ts';
import * as workflows from '../../workflows/index.ts';
import { type History, historyFromText } from './history-file.ts';

const directory = join(import.meta.dirname, 'histories');
const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
const cacheDir = mkdtempSync(join(tmpdir(), 'slipway-replay-'));
let codePath: string;
/** Seconds on a quiet machine. */
const bundleWithinMs = 120_000;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { forward: {} } } });
  codePath = await workflowBundle(cacheDir);
}, bundleWithinMs);
afterAll(() => rm(cacheDir, { recursive: true, force: true }));

const read = (name: string) => historyFromText(readFileSync(join(directory, name), 'utf8'));
const typeOf = (history: History) =>
  history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name;
/** What a workflow's file takes from its activities, local ones too. */
function activitiesIn(type: string): string[] {
  const file = `${type.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`;
  const text = readFileSync(join(workflowsDir, file), 'utf8');
  const taken = /const \{([^}]+)\} =\s*(?:proxyLocalActivities|proxyActivities|beatingActivities)\b/g;
  return [...text.matchAll(taken)].flatMap(([, list]) =>
    list!
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
  );
}
/** The activities of a history: scheduled, or done in place and marked. */
const activitiesOf = (history: History): string[] =>
  (history.events ?? []).flatMap((event) => {
    const scheduled = event.activityTaskScheduledEventAttributes?.activityType?.name;
    const mark = event.markerRecordedEventAttributes?.details?.data?.payloads?.[0]?.data;
    if (scheduled) return [scheduled];
    if (event.markerRecordedEventAttributes?.markerName !== 'core_local_activity' || !mark) return [];
    return [(JSON.parse(Buffer.from(mark).toString()) as { activity_type: string }).activity_type];
  });
const replay = (history: History) =>
  Worker.runReplayHistory({ workflowBundle: { codePath } }, history, 'replayed');

it.each(names)('%s goes on with the code of today', async (name) => {
  await replay(read(name));
});

it('every workflow type has a history', () => {
  const recorded = new Set(names.map((name) => typeOf(read(name))));
  const without = Object.keys(workflows).filter((type) => !recorded.has(type));
  expect(without, 'record one: see test/replay/record.ts').toEqual([]);
});

it('every step of every workflow is in a history', () => {
  const taken = new Map<string, Set<string>>();
  for (const history of names.map(read))
    taken.set(typeOf(history)!, new Set([...(taken.get(typeOf(history)!) ?? []), ...activitiesOf(history)]));
  const without = Object.keys(workflows).flatMap((type) =>
    activitiesIn(type)
      .filter((activity) => !taken.get(type)?.has(activity))
      .map((activity) => `${type}: ${activity}`),
  );
  expect(without, 'record a story that takes it: see test/replay/record.ts').toEqual([]);
});

it('every history is of a type that is still there', () => {
  for (const name of names) expect(Object.keys(workflows), name).toContain(typeOf(read(name)));
});

it('a workflow that takes other steps than its history fails the replay', async () => {
  const history = read('billing-run.issued.json');
  history.events[0]!.workflowExecutionStartedEventAttributes!.workflowType = { name: 'clientInvoice' };
  await expect(replay(history)).rejects.toThrow(/replay failed/i);
});
