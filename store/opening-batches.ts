/** Owns batches of opening balances: proposed with all rows at once, signed off by a second person, countered, never changed. */
import { createHash } from 'node:crypto';
import { type Doer, keepApart } from '../domain/duties.ts';
import {
  type ControlTotal,
  type OpeningStatus,
  openingMoves,
  requireTotals,
} from '../domain/opening-balance.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { asRows } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { dutyRule, recordDutyExceptions } from './duties.ts';
import { recordEvents } from './events.ts';
import { newId } from './new-id.ts';
import { notify } from './notifications.ts';
import { takeEffect } from './opening-effect.ts';
import type { FoundRow } from './opening-names.ts';
import { workspaceNow } from './workspaces.ts';

export interface OpeningBatch {
  id: string;
  name: string;
  /** The balances are those with which this day begins. */
  asOf: Day;
  status: OpeningStatus;
  countersBatchId: string | null;
  /** The batch that undoes it, proposed or in effect. */
  counteredById: string | null;
  rowCount: number;
  /** Of its rows. */
  totals: ControlTotal[];
  proposedBy: string;
  decidedBy: string | null;
  decidedAt: Instant | null;
  decisionReason: string | null;
  createdAt: Instant;
}

const columns = `b.id, b.name, b.as_of, b.status, b.counters_batch_id, b.row_count, b.proposed_by, b.decided_by, b.decided_at, b.decision_reason,
  b.created_at,
  (select c.id from opening_batches c where c.workspace_id = b.workspace_id and c.counters_batch_id = b.id and c.status <> 'refused') as countered_by_id,
  (select coalesce(jsonb_agg(jsonb_build_object('kind', t.kind, 'currency', t.currency, 'count', t.count, 'amount', t.amount)), '[]')
   from (select kind, currency, count(*)::int as count, sum(amount)::text as amount from opening_balances x
     where x.workspace_id = b.workspace_id and x.batch_id = b.id group by 1, 2 order by 1, 2) t) as totals`;

export function readOpeningBatch(tx: WorkspaceTx, id: string): Promise<OpeningBatch | null> {
  return tx.row<OpeningBatch>(
    `select ${columns} from opening_batches b where b.workspace_id = $1 and b.id = $2`,
    [tx.workspaceId, id],
  );
}

/** Newest first, after `after` (an id). */
export function listOpeningBatches(
  tx: WorkspaceTx,
  status: OpeningStatus | null,
  page: { after: string | null; limit: number },
): Promise<OpeningBatch[]> {
  return tx.rows<OpeningBatch>(
    `select ${columns} from opening_batches b
     where b.workspace_id = $1 and ($2::text is null or b.status = $2) and ($3::uuid is null or b.id < $3)
     order by b.id desc limit $4`,
    [tx.workspaceId, status, page.after, page.limit],
  );
}

export interface OpeningBalance extends Omit<FoundRow, 'line'> {
  id: string;
  lineNo: number;
  /** The row that it undoes. */
  countersId: string | null;
}
const balanceColumns = `id, line_no, kind, seller_id, client_id, person_id, contract_id, project_id, phase_id, subject_id, position, number,
  issue_date, due_date, used_on, currency, total, amount, counters_id`;

/** In the order of their lines, after `afterLine`. */
export function listOpeningBalances(
  tx: WorkspaceTx,
  batchId: string,
  page: { afterLine: number; limit: number },
): Promise<OpeningBalance[]> {
  return tx.rows<OpeningBalance>(
    `select ${balanceColumns} from opening_balances
     where workspace_id = $1 and batch_id = $2 and line_no > $3 order by line_no limit $4`,
    [tx.workspaceId, batchId, page.afterLine, page.limit],
  );
}

async function lockBatch(tx: WorkspaceTx, id: string): Promise<OpeningBatch> {
  await tx.run('select 1 from opening_batches where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    id,
  ]);
  return found(await readOpeningBatch(tx, id), 'opening_batch');
}

export const maxOpeningRows = 10_000;

/** Keeps the rows for somebody else to sign off. Refuses the same rows while another batch has them. */
export async function proposeOpeningBatch(
  tx: WorkspaceTx,
  wanted: { name: string; asOf: Day; rows: readonly FoundRow[] },
  doer: Doer,
): Promise<OpeningBatch> {
  const hash = createHash('sha256');
  for (const { line: _, subjectId, kind, ...row } of wanted.rows)
    hash.update(
      JSON.stringify({
        asOf: wanted.asOf,
        kind,
        subjectId: kind === 'last_number' ? subjectId : null,
        ...row,
      }),
    );
  const rowsSha256 = hash.digest();
  // One at a time: two uploads of one file must not both find that it is new.
  await tx.run(`select pg_advisory_xact_lock(hashtextextended($1 || ' opening', 5))`, [tx.workspaceId]);
  const same = await tx.row<{ id: string; name: string; status: OpeningStatus }>(
    `select b.id, b.name, b.status from opening_batches b where b.workspace_id = $1 and b.rows_sha256 = $2 and b.status <> 'refused'
       and not exists (select 1 from opening_batches c
         where c.workspace_id = $1 and c.counters_batch_id = b.id and c.status = 'in_effect') limit 1`,
    [tx.workspaceId, rowsSha256],
  );
  if (same)
    throw new Refusal({
      code: 'opening.same_rows',
      message: `The batch "${same.name}" has exactly these rows, and is ${same.status.replace('_', ' ')}.`,
      whatToDo: 'Have that one signed off or refused; counter it where it was wrong.',
      details: { openingBatchId: same.id },
    });
  const rows = wanted.rows.map((row) => ({ ...row, lineNo: row.line, countersId: null }));
  return insertBatch(tx, { ...wanted, rowsSha256, countersBatchId: null, rows }, doer);
}

async function insertBatch(
  tx: WorkspaceTx,
  batch: {
    name: string;
    asOf: Day;
    rowsSha256: Buffer;
    countersBatchId: string | null;
    rows: readonly Omit<OpeningBalance, 'id'>[];
  },
  doer: Doer,
): Promise<OpeningBatch> {
  const id = newId();
  await tx.run(
    `insert into opening_batches (workspace_id, id, name, as_of, counters_batch_id, row_count, rows_sha256, proposed_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      tx.workspaceId,
      id,
      batch.name,
      batch.asOf,
      batch.countersBatchId,
      batch.rows.length,
      batch.rowsSha256,
      doer.id,
    ],
  );
  await insertBalances(tx, id, batch.rows);
  const made = found(await readOpeningBatch(tx, id), 'opening_batch');
  await record(tx, made, 'proposed', doer, {
    asOf: made.asOf,
    rows: made.rowCount,
    totals: made.totals,
    rowsSha256: batch.rowsSha256.toString('hex'),
    counters: batch.countersBatchId,
  });
  await notify(tx, [
    {
      kind: 'opening_batch.proposed',
      key: `opening_batch.proposed:${id}`,
      subjectType: 'opening_batch',
      subjectId: id,
      params: { proposer: doer.name, name: made.name, rows: String(made.rowCount), asOf: made.asOf },
      except: doer.memberId === null ? [] : [doer.memberId],
      to: { permission: 'opening_balances.sign_off' },
    },
  ]);
  return made;
}

async function insertBalances(
  tx: WorkspaceTx,
  batchId: string,
  rows: readonly Omit<OpeningBalance, 'id'>[],
): Promise<void> {
  const column = (type: string, of: (row: Omit<OpeningBalance, 'id'>) => string | number | null) => ({
    type,
    values: rows.map(of),
    text: type === 'text',
  });
  const { from, params } = asRows(
    {
      id: { type: 'uuid', values: rows.map(() => newId()) },
      line_no: column('int', (row) => row.lineNo),
      kind: column('text', (row) => row.kind),
      seller_id: column('uuid', (row) => row.sellerId),
      client_id: column('uuid', (row) => row.clientId),
      person_id: column('uuid', (row) => row.personId),
      contract_id: column('uuid', (row) => row.contractId),
      project_id: column('uuid', (row) => row.projectId),
      phase_id: column('uuid', (row) => row.phaseId),
      subject_id: column('uuid', (row) => row.subjectId),
      position: column('text', (row) => row.position),
      number: column('text', (row) => row.number),
      issue_date: column('date', (row) => row.issueDate),
      due_date: column('date', (row) => row.dueDate),
      used_on: column('date', (row) => row.usedOn),
      currency: column('text', (row) => row.currency),
      total: column('numeric', (row) => row.total),
      amount: column('numeric', (row) => row.amount),
      counters_id: column('uuid', (row) => row.countersId),
    },
    3,
  );
  await tx.run(
    `insert into opening_balances (workspace_id, batch_id, ${balanceColumns}) select $1, $2, ${balanceColumns} from ${from}`,
    [tx.workspaceId, batchId, ...params],
  );
}

/**
 * A second person states the control totals of the books of before: where they are the batch's, its balances take effect, all
 * or none. Where nobody else could, an admin signs off their own with a reason, which the duties report lists.
 */
export async function signOffOpeningBatch(
  tx: WorkspaceTx,
  id: string,
  { controlTotals, ownReason }: { controlTotals: readonly ControlTotal[]; ownReason: string | null },
  doer: Doer,
): Promise<OpeningBatch> {
  const batch = await lockBatch(tx, id);
  requireProposed(batch, 'sign_off');
  const conflicts =
    batch.proposedBy === doer.id
      ? [{ code: 'proposed_opening', message: 'You brought these balances in yourself.', always: true }]
      : [];
  const rule = await dutyRule(tx, 'opening_balances.sign_off', doer);
  const taken = keepApart(conflicts, rule, ownReason);
  requireTotals(controlTotals, batch.totals);
  const rows = await listOpeningBalances(tx, id, { afterLine: 0, limit: maxOpeningRows });
  await takeEffect(tx, { ...batch, rows }, doer);
  await tx.run(
    `update opening_batches set status = $3, control_totals = $4, decided_by = $5, decided_at = $6, decision_reason = $7
     where workspace_id = $1 and id = $2`,
    [
      tx.workspaceId,
      id,
      openingMoves.sign_off.proposed,
      JSON.stringify(controlTotals),
      doer.id,
      await workspaceNow(tx),
      ownReason,
    ],
  );
  await recordDutyExceptions(tx, doer, { type: 'opening_batch', id, action: 'sign_off' }, taken, ownReason);
  const after = found(await readOpeningBatch(tx, id), 'opening_batch');
  await record(tx, after, 'signed_off', doer, { totals: after.totals, counters: after.countersBatchId });
  return after;
}

/** It never takes effect; who proposed it may take it back this way too. */
export async function refuseOpeningBatch(
  tx: WorkspaceTx,
  id: string,
  reason: string,
  doer: Doer,
): Promise<OpeningBatch> {
  requireProposed(await lockBatch(tx, id), 'refuse');
  await tx.run(
    `update opening_batches set status = $3, decided_by = $4, decided_at = $5, decision_reason = $6 where workspace_id = $1 and id = $2`,
    [tx.workspaceId, id, openingMoves.refuse.proposed, doer.id, await workspaceNow(tx), reason],
  );
  const after = found(await readOpeningBatch(tx, id), 'opening_batch');
  await record(tx, after, 'refused', doer, { reason });
  return after;
}

/** Proposes the same rows with their signs turned; once it is signed off too, the batch is undone. */
export async function counterOpeningBatch(tx: WorkspaceTx, id: string, doer: Doer): Promise<OpeningBatch> {
  const batch = await lockBatch(tx, id);
  const whyNot =
    batch.status !== 'in_effect'
      ? 'It is not in effect.'
      : batch.countersBatchId !== null
        ? 'It counters another batch itself: bring the balances in anew.'
        : batch.counteredById !== null
          ? 'Another batch counters it already.'
          : null;
  if (whyNot !== null)
    throw new Refusal({
      code: 'opening.not_counterable',
      message: whyNot,
      whatToDo: 'Read it again.',
      details: { status: batch.status, counteredById: batch.counteredById },
    });
  const rows = await listOpeningBalances(tx, id, { afterLine: 0, limit: maxOpeningRows });
  return insertBatch(
    tx,
    {
      name: `Counters ${batch.name}`.slice(0, 200),
      asOf: batch.asOf,
      rowsSha256: createHash('sha256').update(`counters ${id}`).digest(),
      countersBatchId: id,
      rows: rows.map((row) => ({ ...row, amount: negated(row.amount), countersId: row.id })),
    },
    doer,
  );
}
const negated = (amount: DecimalText) => (amount.startsWith('-') ? amount.slice(1) : `-${amount}`);

function requireProposed({ status, decidedBy }: OpeningBatch, action: keyof typeof openingMoves): void {
  if (status in openingMoves[action]) return;
  throw new Refusal({
    code: 'opening.already_decided',
    message: `This batch is ${status.replace('_', ' ')} already, by ${decidedBy}.`,
    whatToDo: status === 'in_effect' ? 'Counter it where it was wrong.' : 'Propose another one.',
    details: { status },
  });
}

function record(
  tx: WorkspaceTx,
  batch: OpeningBatch,
  participle: string,
  doer: Doer,
  facts: Record<string, unknown>,
): Promise<void> {
  return recordEvents(tx, [
    {
      type: `opening_batch.${participle}`,
      subjectType: 'opening_batch',
      subjectId: batch.id,
      actor: doer.id,
      permission: 'opening_balances.read',
      payload: { name: batch.name, ...facts },
    },
  ]);
}
