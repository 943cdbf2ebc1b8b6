/**
 * Owns that the histories do their work: a change that would break workflows at somebody's hub fails their replay, and the same
 * change behind `patched()` does not (docs/decisions/0031-versioning-workflows.md).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWith, type Change } from './changed-workflows.ts';
import { historyFromText } from './history-file.ts';

/** One way to break a workflow that runs, and the way that does not; each in a file of its own, so that one bundle holds all. */
interface Break {
  what: string;
  history: string;
  file: string;
  from: string;
  breaking: string;
  patched: string;
}
const breaks: Break[] = [
  {
    what: 'another activity in the place of one',
    history: 'billing-run.issued',
    file: 'billing-run.ts',
    from: 'await compileRun(input);',
    breaking: 'await draftRun(input);',
    patched: "await (sdk.patched('new') ? draftRun(input) : compileRun(input));",
  },
  {
    what: 'an activity removed',
    history: 'client-invoice.settled',
    file: 'client-invoice.ts',
    from: 'await pushInvoice(input);',
    breaking: '',
    patched: "if (!sdk.patched('new')) await pushInvoice(input);",
  },
  {
    what: 'a wait before a step',
    history: 'connection.payments-polled',
    file: 'connection.ts',
    from: 'await readPayments(input);',
    breaking: 'await sdk.sleep(1);\n          await readPayments(input);',
    patched: "if (sdk.patched('new')) await sdk.sleep(1);\n          await readPayments(input);",
  },
  {
    what: 'a local activity that is another one',
    history: 'ticket.paid',
    file: 'ticket.ts',
    from: 'await remindApprovers(input);',
    breaking: 'await escalateTicket(input);',
    patched: "await (sdk.patched('new') ? escalateTicket(input) : remindApprovers(input));",
  },
  {
    what: 'an activity done twice',
    history: 'sweep.nothing-overdue',
    file: 'sweep.ts',
    from: 'await sweepOverdue();',
    breaking: 'await sweepOverdue();\n  await sweepOverdue();',
    patched: "await sweepOverdue();\n  if (sdk.patched('new')) await sweepOverdue();",
  },
];
const changesTo = (way: 'breaking' | 'patched') =>
  breaks.map(({ file, from, ...change }): Change => ({ file, from, to: change[way] }));

/** Seconds on a quiet machine. */
const bundlesWithinMs = 180_000;
const dir = mkdtempSync(join(tmpdir(), 'slipway-breaking-'));
const pathOf = (way: 'breaking' | 'patched') => join(dir, `${way}.js`);
const replay = (way: 'breaking' | 'patched', history: string) =>
  Worker.runReplayHistory(
    { workflowBundle: { codePath: pathOf(way) } },
    historyFromText(readFileSync(join(import.meta.dirname, 'histories', `${history}.json`), 'utf8')),
    'replayed',
  );

beforeAll(async () => {
  // It says in full what broke, for each; here that is wanted.
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { forward: {} } },
  });
  for (const way of ['breaking', 'patched'] as const)
    writeFileSync(pathOf(way), await bundleWith(changesTo(way)));
}, bundlesWithinMs);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.each(breaks)('$file: $what', ({ history }) => {
  it('fails the replay of what ran before', async () => {
    await expect(replay('breaking', history)).rejects.toThrow(/replay failed/i);
  });
  it('behind patched() lets it go on', async () => {
    await replay('patched', history);
  });
});
