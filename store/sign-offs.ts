/** Owns the client's sign-off of drafts: asking over a hash of the whole draft, what the client answers, and when time is up. */

import { found, Refusal } from '../domain/refusal.ts';
import { signOffTransitions } from '../domain/sign-off.ts';
import type { Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { closeFixed } from './exceptions.ts';
import { newId } from './new-id.ts';
import { enqueueLooks } from './outbox.ts';
import { type AskedDraft, tellClients, tellStaff } from './sign-off-notices.ts';

/** What the draft was made under; kept in its terms. */
export interface SignOffTerms {
  days: number;
  onExpiry: 'accept' | 'hold';
  /** So many days before the end its client is reminded; not there: the standard ones. */
  reminderDays?: readonly number[];
}
export interface SignOff {
  id: string;
  invoiceId: string;
  decision: keyof typeof signOffTransitions;
  /** Hex; the draft as it was shown. */
  contentHash: string;
  dueAt: Instant;
  comment: string | null;
  bySilence: boolean;
  createdAt: Instant;
  decidedAt: Instant | null;
}
export interface SignOffRemark {
  id: string;
  lineId: string | null;
  kind: 'comment' | 'dispute';
  remark: string;
  createdAt: Instant;
}
const columns = `id, invoice_id, decision, encode(content_hash, 'hex') as content_hash, due_at, comment, by_silence, created_at, decided_at`;

interface Draft {
  id: string;
  signOff: SignOffTerms | null;
}

/** Everything that a client sees of a draft, by invoice, as hex. */
async function draftHashes(tx: WorkspaceTx, invoiceIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.rows<{ id: string; hash: string }>(
    `select i.id, encode(sha256(convert_to(jsonb_build_object('currency', i.currency, 'from', i.service_from, 'to', i.service_to, 'net', i.net, 'tax', i.tax,
         'rounding', i.rounding, 'total', i.total, 'discounted', i.discounted, 'allowances', i.allowances, 'notes', i.notes, 'lines', (
           select jsonb_agg(jsonb_build_array(l.line_no, l.description, l.quantity, l.unit, l.unit_price, l.amount, l.discount, l.allowance,
             l.tax_category, l.tax_rate, l.service_from, l.service_to) order by l.line_no)
           from invoice_lines l where l.workspace_id = $1 and l.invoice_id = i.id))::text, 'UTF8')), 'hex') as hash
     from client_invoices i where i.workspace_id = $1 and i.id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(invoiceIds)],
  );
  return new Map(rows.map((row) => [row.id, row.hash]));
}

/** Those that need a sign-off and have none for what they say now. */
export async function unsigned<D extends Draft>(tx: WorkspaceTx, drafts: readonly D[]): Promise<D[]> {
  const wanting = drafts.filter((draft) => draft.signOff !== null);
  if (wanting.length === 0) return [];
  const ids = wanting.map((draft) => draft.id);
  const hashes = await draftHashes(tx, ids);
  const accepted = await tx.rows<{ invoiceId: string; hash: string }>(
    `select distinct on (invoice_id) invoice_id, encode(content_hash, 'hex') as hash from sign_offs
     where workspace_id = $1 and invoice_id = any($2::uuid[]) and decision = 'accepted' order by invoice_id, id desc`,
    [tx.workspaceId, plainArray(ids)],
  );
  const signed = new Map(accepted.map((row) => [row.invoiceId, row.hash]));
  return wanting.filter((draft) => signed.get(draft.id) !== hashes.get(draft.id));
}

/** A draft with what its terms say of sign-offs; held until the transaction ends. */
export function readSignOffTerms(
  tx: WorkspaceTx,
  invoiceId: string,
): Promise<(Draft & { status: string }) | null> {
  return tx.row(
    `select id, status, terms -> 'signOff' as sign_off from client_invoices where workspace_id = $1 and id = $2 for no key update`,
    [tx.workspaceId, invoiceId],
  );
}

/** Asks the clients; the drafts, which the caller holds, wait in sign-off for as many days as their terms say. */
export async function askSignOffs(
  tx: WorkspaceTx,
  drafts: readonly Draft[],
  actor: string,
  now: Instant,
): Promise<void> {
  if (drafts.length === 0) return;
  const ids = drafts.map((draft) => draft.id);
  const hashes = await draftHashes(tx, ids);
  const asked = await tx.rows<AskedDraft & { was: string }>(
    `update client_invoices i set status = 'in_sign_off', hold_reason = null from clients c
     where i.workspace_id = $1 and i.id = any($2::uuid[]) and i.status in ('draft', 'ready', 'held') and c.workspace_id = $1 and c.id = i.client_id
     returning i.id, i.client_id, i.total, i.currency, old.status as was`,
    [tx.workspaceId, plainArray(ids)],
  );
  const daysOf = new Map(drafts.map((draft) => [draft.id, draft.signOff?.days ?? standardDays]));
  const dueAt = (id: string) => new Date(Date.parse(now) + daysOf.get(id)! * 24 * 3_600_000).toISOString();
  await tx.run(
    `insert into sign_offs (workspace_id, id, invoice_id, decision, content_hash, due_at, asked_by)
     select $1, r.id, r.invoice_id, 'pending', decode(r.hash, 'hex'), r.due_at, $2
     from unnest($3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[]) as r(id, invoice_id, hash, due_at)`,
    [
      tx.workspaceId,
      actor,
      asked.map(() => newId()),
      asked.map(({ id }) => id),
      asked.map(({ id }) => hashes.get(id)!),
      asked.map(({ id }) => dueAt(id)),
    ],
  );
  await closeFixed(
    tx,
    'invoice.held',
    asked.map(({ id }) => `invoice:${id}`),
    'its client is asked to sign it off',
  );
  await recordEvents(
    tx,
    asked.map(({ id, was }) => ({
      type: 'invoice.sign_off_asked',
      subjectType: 'client_invoice',
      subjectId: id,
      actor,
      permission: 'invoices.read' as const,
      payload: { contentHash: hashes.get(id)!, dueAt: dueAt(id) },
      before: { status: was },
      after: { status: 'in_sign_off' },
    })),
  );
  await tellClients(tx, 'invoice.sign_off_asked', asked, (id) => ({
    key: hashes.get(id)!.slice(0, 16),
    dueOn: dueAt(id).slice(0, 10),
  }));
  await wake(tx, ids, 'sign-off asked');
}

/** Where the contract names no days of its own: a person asks by hand. */
export const standardDays = 7;
/** The newest question; null where none was ever asked. */
export function readSignOff(tx: WorkspaceTx, invoiceId: string): Promise<SignOff | null> {
  return tx.row<SignOff>(
    `select ${columns} from sign_offs where workspace_id = $1 and invoice_id = $2 order by id desc limit 1`,
    [tx.workspaceId, invoiceId],
  );
}

const maxRemarks = 500;
export function readRemarks(tx: WorkspaceTx, signOffId: string): Promise<SignOffRemark[]> {
  return tx.rows<SignOffRemark>(
    `select id, line_id, kind, remark, created_at from sign_off_remarks where workspace_id = $1 and sign_off_id = $2 order by id limit $3`,
    [tx.workspaceId, signOffId, maxRemarks],
  );
}

/** The question that waits, with its invoice held; `contentHash`: what whoever answers has seen. */
async function lockPending(tx: WorkspaceTx, invoiceId: string, contentHash: string | null): Promise<SignOff> {
  await tx.run('select 1 from client_invoices where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    invoiceId,
  ]);
  const signOff = await readSignOff(tx, invoiceId);
  if (signOff?.decision !== 'pending')
    throw new Refusal({
      code: 'sign_off.none_pending',
      message: 'Nobody is asked to sign this draft off now.',
      whatToDo: 'Nothing: read it again.',
    });
  if (contentHash !== null && contentHash !== signOff.contentHash)
    throw new Refusal({
      code: 'sign_off.changed',
      message: 'The draft is not what you have seen any more.',
      whatToDo: 'Look at it again, and answer with its new contentHash.',
      details: { contentHash: signOff.contentHash },
    });
  return signOff;
}

export interface NewRemark {
  lineId?: string | null | undefined;
  remark: string;
}

/** Something said of the draft or a line of it; decides nothing. */
export async function commentSignOff(
  tx: WorkspaceTx,
  invoiceId: string,
  remark: NewRemark,
  actor: string,
): Promise<void> {
  const signOff = await lockPending(tx, invoiceId, null);
  await addRemarks(tx, signOff, 'comment', [remark], actor);
  await tellStaff(tx, invoiceId, remark.remark, `${signOff.id}:${newId()}`, 'commented');
  await recordEvents(tx, [
    {
      type: 'invoice.sign_off_commented',
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      actor,
      permission: 'invoices.read',
      payload: { lineId: remark.lineId ?? null },
    },
  ]);
}

/** The client accepts what it has seen; the draft is ready, and is issued where its run was to issue. */
export async function acceptSignOff(
  tx: WorkspaceTx,
  invoiceId: string,
  answer: { contentHash: string; comment: string | null; actor: string; memberId: string | null },
): Promise<void> {
  const signOff = await lockPending(tx, invoiceId, answer.contentHash);
  await decide(tx, signOff, { decision: 'accepted', ...answer, bySilence: false });
  await moveDraft(tx, invoiceId, 'ready', answer.actor);
}

/** The client does not: the draft is ours to change again, and then asked for anew. */
export async function disputeSignOff(
  tx: WorkspaceTx,
  invoiceId: string,
  answer: { remarks: readonly NewRemark[]; actor: string; memberId: string | null },
): Promise<void> {
  const signOff = await lockPending(tx, invoiceId, null);
  await addRemarks(tx, signOff, 'dispute', answer.remarks, answer.actor);
  await decide(tx, signOff, { decision: 'disputed', comment: null, bySilence: false, ...answer });
  await moveDraft(tx, invoiceId, 'draft', answer.actor);
  await tellStaff(
    tx,
    invoiceId,
    answer.remarks.map(({ remark }) => remark).join('; '),
    signOff.id,
    'disputed',
  );
}

/** Time is up: by the terms of the draft that is a yes, or it is held. Answers what is to be done; null: nothing yet. */
export async function expireSignOff(
  tx: WorkspaceTx,
  invoiceId: string,
  actor: string,
  now: Instant,
): Promise<'accept' | 'hold' | null> {
  const draft = await readSignOffTerms(tx, invoiceId);
  const signOff = await readSignOff(tx, invoiceId);
  if (signOff?.decision !== 'pending' || Date.parse(signOff.dueAt) > Date.parse(now)) return null;
  const outcome = draft?.signOff?.onExpiry ?? 'hold';
  const answer = { comment: null, actor, memberId: null, bySilence: true };
  await decide(tx, signOff, { decision: outcome === 'accept' ? 'accepted' : 'expired', ...answer });
  if (outcome === 'accept') await moveDraft(tx, invoiceId, 'ready', actor);
  return outcome;
}

async function decide(
  tx: WorkspaceTx,
  signOff: SignOff,
  to: {
    decision: 'accepted' | 'disputed' | 'expired';
    comment: string | null;
    actor: string;
    memberId: string | null;
    bySilence: boolean;
  },
): Promise<void> {
  if (!signOffTransitions[signOff.decision].includes(to.decision))
    throw new Error(`a sign-off that is ${signOff.decision} cannot become ${to.decision}`);
  await tx.run(
    `update sign_offs set decision = $3, comment = $4, decided_by = $5, by_silence = $6, decided_at = now(),
       contact_id = (select c.id from contacts c where c.workspace_id = $1 and c.member_id = $7 order by c.id limit 1)
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, signOff.id, to.decision, to.comment, to.actor, to.bySilence, to.memberId],
  );
  await recordEvents(tx, [
    {
      type: `invoice.sign_off_${to.decision}`,
      subjectType: 'client_invoice',
      subjectId: signOff.invoiceId,
      actor: to.actor,
      permission: 'invoices.read',
      payload: { contentHash: signOff.contentHash, bySilence: to.bySilence },
      before: { decision: 'pending' },
      after: { decision: to.decision },
    },
  ]);
}

async function moveDraft(
  tx: WorkspaceTx,
  invoiceId: string,
  status: 'ready' | 'draft',
  actor: string,
): Promise<void> {
  await tx.run(
    "update client_invoices set status = $3 where workspace_id = $1 and id = $2 and status = 'in_sign_off'",
    [tx.workspaceId, invoiceId, status],
  );
  await recordEvents(tx, [
    {
      type: `invoice.${status === 'ready' ? 'signed_off' : 'returned'}`,
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      actor,
      permission: 'invoices.read',
      before: { status: 'in_sign_off' },
      after: { status },
    },
  ]);
  await wake(tx, [invoiceId], 'sign-off');
}

async function addRemarks(
  tx: WorkspaceTx,
  signOff: SignOff,
  kind: SignOffRemark['kind'],
  remarks: readonly NewRemark[],
  author: string,
): Promise<void> {
  const lineIds = [...new Set(remarks.flatMap(({ lineId }) => lineId ?? []))];
  const known = await tx.row<{ lines: number }>(
    'select count(*)::int as lines from invoice_lines where workspace_id = $1 and invoice_id = $2 and id = any($3::uuid[])',
    [tx.workspaceId, signOff.invoiceId, plainArray(lineIds)],
  );
  found(known!.lines === lineIds.length ? known : null, 'invoice_line');
  for (const { lineId = null, remark } of remarks)
    await tx.run(
      'insert into sign_off_remarks (workspace_id, id, sign_off_id, line_id, kind, remark, author) values ($1, $2, $3, $4, $5, $6, $7)',
      [tx.workspaceId, newId(), signOff.id, lineId, kind, remark, author],
    );
}

/** Whether an invoice that is ready goes out by itself: where its run was to issue, as for any other of the run. */
export async function issuesItself(tx: WorkspaceTx, invoiceId: string): Promise<boolean> {
  const row = await tx.row<{ itself: boolean }>(
    `select r.finish_at = 'issue' and (r.trigger = 'by_hand' or c.auto_invoicing and c.status = 'active') as itself
     from client_invoices i join runs r on r.workspace_id = $1 and r.id = i.run_id join clients c on c.workspace_id = $1 and c.id = i.client_id
     where i.workspace_id = $1 and i.id = $2 and i.status = 'ready'`,
    [tx.workspaceId, invoiceId],
  );
  return row?.itself ?? false;
}

const wake = (tx: WorkspaceTx, invoiceIds: readonly string[], reason: string) =>
  enqueueLooks(
    tx,
    invoiceIds.map((subjectId) => ({
      subjectType: 'client_invoice' as const,
      subjectId,
      lane: 'interactive' as const,
      reason,
    })),
  );
