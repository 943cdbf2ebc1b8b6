/** Owns one measured job in a process of its own, so that its peak memory is its own: prints one line of JSON. */
import { pino } from 'pino';
import { createBillingRunActivities } from '../../activities/billing-run.ts';
import { readMapping } from '../../domain/import/mapping.ts';
import { beginImport, runImport } from '../../runtime/import/run-import.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { openDatabase } from '../../store/database.ts';
import { requestRun } from '../../store/runs.ts';
import { mapping } from './make-file.ts';

const [, , job, url, workspaceId, argument] = process.argv as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const database = openDatabase(url, { poolSize: 4 });
const started = performance.now();
let count = 0;

if (job === 'import') {
  const request = {
    workspaceId,
    source: { path: argument },
    mapping: readMapping(mapping),
    sourceName: 'bench',
    startedBy: 'bench',
  };
  const result = await runImport(database, await beginImport(database, request), request);
  count = result.created + result.unchanged;
} else if (job === 'draft' || job === 'issue') {
  const activities = createBillingRunActivities({
    database,
    secrets: createSecretBox(new Map([[1, Buffer.alloc(32)]])),
    logger: pino({ level: 'silent' }),
    documents: { keep: () => Promise.reject(new Error('a billing run prints nothing')) },
    vendor: { allowLoopback: false, timeoutMs: null },
  });
  const run =
    job === 'draft'
      ? await database.inWorkspace(workspaceId, (tx) =>
          requestRun(tx, {
            scope: { type: 'workspace', id: workspaceId },
            trigger: 'by_hand',
            pulledBy: 'bench',
            reason: 'bench',
            cutoffOn: '2030-01-01',
            finishAt: 'issue',
          }),
        )
      : { id: argument };
  const ref = { workspaceId, subjectId: run.id };
  if (job === 'draft') {
    await activities.compileRun(ref);
    const compiledMs = performance.now() - started;
    await activities.draftRun(ref);
    const rows = await database.inWorkspace(workspaceId, (tx) =>
      tx.rows<{ items: number; invoices: number }>(
        `select (select count(*) from billable_items where workspace_id = $1)::int as items, (select count(*) from client_invoices where workspace_id = $1)::int as invoices`,
        [workspaceId],
      ),
    );
    count = rows[0]!.items;
    const ms = performance.now() - started;
    console.log(
      JSON.stringify({
        count,
        ms,
        compileMs: compiledMs,
        invoices: rows[0]!.invoices,
        runId: run.id,
        maxRssMb: process.resourceUsage().maxRSS / 1024,
      }),
    );
  } else {
    await activities.issueRun(ref);
    const row = await database.inWorkspace(workspaceId, (tx) =>
      tx.row<{ issued: number }>(
        `select count(*)::int as issued from client_invoices where workspace_id = $1 and number is not null`,
        [workspaceId],
      ),
    );
    count = row!.issued;
  }
}
if (job !== 'draft') {
  console.log(
    JSON.stringify({
      count,
      ms: performance.now() - started,
      maxRssMb: process.resourceUsage().maxRSS / 1024,
    }),
  );
}
await database.close();
