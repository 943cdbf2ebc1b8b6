/** Owns one real record for each step of the money pipeline: entry, quarantined row, exception, run, invoice, payment. */
import { newId } from '../../store/new-id.ts';
import { makePostingFile } from '../../store/posting-files.ts';
import type { Make } from './api-fixtures.ts';
import { type Books, carryOut, entryOf, take } from './books.ts';
import { named } from './source-entry.ts';

/** The part of a test's books that intake and runs need. */
async function booksOf({ api, workspaceId }: Parameters<Make>[0]): Promise<Books> {
  const inside: Books['in'] = (work) => api.test.database.inWorkspace(workspaceId, work);
  const source = await inside((tx) =>
    tx.row<{ id: string }>(
      `insert into sources (workspace_id, id, kind, name) values ($1, $2, 'file', 'fixture.csv')
       on conflict (workspace_id, kind, name) do update set name = excluded.name returning id`,
      [workspaceId, newId()],
    ),
  );
  return { workspaceId, sourceId: source!.id, in: inside } as Books;
}

const newest =
  (table: string): Make =>
  async ({ api, workspaceId }) => {
    const row = await api.test.database.inWorkspace(workspaceId, (tx) =>
      tx.row<{ id: string }>(`select id from ${table} where workspace_id = $1 order by id desc limit 1`, [
        workspaceId,
      ]),
    );
    if (!row) throw new Error(`fixture: no row in ${table}`);
    return row.id;
  };

/** Two entries: one to bill, one of a project that nobody knows; and a line that cannot be read. */
const takeIn: Make = async (context) => {
  const books = await booksOf(context);
  const person = { ...named('Ola Vik'), email: null };
  await take(
    books,
    [
      entryOf('F1', {
        client: named('Fixture Lines'),
        project: { ...named('Fixture project'), code: 'FIX1' },
        person,
      }),
      entryOf('F2', { client: named('Fixture Lines'), project: named('Nobody knows'), person }),
    ],
    {},
    [{ position: 'line 4', raw: 'x,y', truncated: false, reason: 'hours.missing', detail: 'No hours.' }],
  );
  const row = await books.in((tx) =>
    tx.row<{ id: string }>(`select id from work_entries where workspace_id = $1 and external_id = 'F1'`, [
      books.workspaceId,
    ]),
  );
  return row!.id;
};

const runToDraft: Make = async (context) => {
  const { api, key, ids } = context;
  const answer = await api.call('POST', '/billing-runs', {
    key,
    body: {
      scope: { type: 'project', id: ids.projectId },
      cutoffOn: '2026-12-31',
      reason: 'fixture',
      finishAt: 'draft',
    },
    headers: { 'Idempotency-Key': newId() },
  });
  if (answer.status !== 202) throw new Error(`fixture run: ${answer.status} ${answer.text}`);
  const books = await booksOf(context);
  const run = await carryOut(api.test.database, books, answer.json as Parameters<typeof carryOut>[2]);
  return run.id;
};

/** Of an invoice of its own: the other fixtures are about a draft. */
const draftCreditNote: Make = async (context) => {
  const { api, key, ids, workspaceId } = context;
  const books = await booksOf(context);
  const facts = { client: named('Fixture Lines'), project: { ...named('Fixture project'), code: 'FIX1' } };
  await take(books, [entryOf('F3', { ...facts, person: { ...named('Ola Vik'), email: null } })]);
  const scope = { type: 'project', id: ids.projectId };
  const body = { scope, cutoffOn: '2026-12-31', reason: 'fixture', finishAt: 'draft' };
  const headers = () => ({ 'Idempotency-Key': newId() });
  const asked = await api.call('POST', '/billing-runs', { key, body, headers: headers() });
  await carryOut(api.test.database, books, asked.json as Parameters<typeof carryOut>[2]);
  const drafted = await newest('client_invoices')(context);
  const issued = await api.call('POST', `/invoices/${drafted}/issue`, {
    key,
    body: { releaseReason: 'fixture' },
    headers: headers(),
  });
  if (issued.status !== 200) throw new Error(`fixture issue: ${issued.status} ${issued.text}`);
  const answer = await api.call('POST', `/invoices/${drafted}/credit-notes`, {
    key,
    body: { by: 'full', reason: 'fixture', issue: false },
    headers: headers(),
  });
  if (answer.status !== 201)
    throw new Error(`fixture credit note: ${answer.status} ${answer.text} in ${workspaceId}`);
  return (answer.json as { id: string }).id;
};

const giveDiscount: Make = async (context) => {
  const { api, key, ids } = context;
  const answer = await api.call('POST', `/invoices/${ids.invoiceId}/discounts`, {
    key,
    body: { percentage: '1', reason: 'fixture' },
    headers: { 'Idempotency-Key': newId() },
  });
  if (answer.status !== 201) throw new Error(`fixture discount: ${answer.status} ${answer.text}`);
  return (answer.json as { discounts: { id: string }[] }).discounts[0]!.id;
};

/** Of nothing: the item of the fixtures stays pending. */
const emptyWriteOff: Make = async ({ api, workspaceId }) => {
  const id = newId();
  await api.test.database.inWorkspace(workspaceId, (tx) =>
    tx.run(
      `insert into time_write_offs (workspace_id, id, reason_code, reason, author) values ($1, $2, 'goodwill', 'fixture', 'test')`,
      [workspaceId, id],
    ),
  );
  return id;
};

/** Of the invoice of the credit note, which is a draft. */
const raiseDispute: Make = async ({ api, key, ids }) => {
  const { json } = await api.call('GET', `/credit-notes/${ids.creditNoteId}`, { key });
  const answer = await api.call('POST', `/invoices/${json.invoiceId}/disputes`, {
    key,
    body: { reason: 'fixture' },
  });
  if (answer.status !== 201) throw new Error(`fixture dispute: ${answer.status} ${answer.text}`);
  return (answer.json as { id: string }).id;
};

const recordPayment: Make = async ({ api, key, ids }) => {
  const answer = await api.call('POST', '/payments', {
    key,
    body: { clientId: ids.clientId, currency: 'EUR', amount: '10.00', valueDate: '2026-04-01' },
    headers: { 'Idempotency-Key': newId() },
  });
  if (answer.status !== 201) throw new Error(`fixture payment: ${answer.status} ${answer.text}`);
  return (answer.json as { id: string }).id;
};

const proposeMatch: Make = async ({ api, workspaceId, ids }) => {
  const id = newId();
  await api.test.database.inWorkspace(workspaceId, (tx) =>
    tx.run(
      `insert into match_proposals (workspace_id, id, payment_id, document_type, document_id, amount, matched_by)
       values ($1, $2, $3, 'client_invoice', $4, 1, '{number}')`,
      [workspaceId, id, ids.paymentId, ids.invoiceId],
    ),
  );
  return id;
};

const openLateFee: Make = async ({ api, workspaceId, ids }) => {
  const id = newId();
  await api.test.database.inWorkspace(workspaceId, (tx) =>
    tx.run(
      `insert into late_fees (workspace_id, id, invoice_id, seller_id, client_id, kind, currency, amount)
       select $1, $2, i.id, i.seller_id, i.client_id, 'fee', i.currency, 40 from client_invoices i where i.workspace_id = $1 and i.id = $3`,
      [workspaceId, id, ids.invoiceId],
    ),
  );
  return id;
};

const startOperation: Make = async ({ api, workspaceId }) => {
  const id = newId();
  await api.test.database.inWorkspace(workspaceId, (tx) =>
    tx.run(
      `insert into operations (workspace_id, id, kind, status, started_by) values ($1, $2, 'import', 'running', 'test')`,
      [workspaceId, id],
    ),
  );
  return id;
};

/** A document that a platform has, and one that it does not take. */
const syncedDocument: Make = async ({ api, workspaceId, ids }) => {
  const id = newId();
  await api.test.database.inWorkspace(workspaceId, (tx) =>
    tx.run(
      `insert into sync_records (workspace_id, id, connection_id, subject_type, subject_id, status, failed_step, reason)
       values ($1, $2, $3, 'credit_note', $4, 'failed', 'create', 'refused')`,
      [workspaceId, id, ids.connectionId, newId()],
    ),
  );
  return id;
};
const postingFile: Make = async ({ api, workspaceId, ids }) => {
  const line = `insert into posting_lines (workspace_id, connection_id, subject_type, subject_id, document, posted_on, account, amount, currency, reason)
    values ($1, $2, 'bad_debt', $3, 'FIX-1', $5, 'bad_debt', 10, 'EUR', 'not taken'), ($1, $2, 'bad_debt', $3, 'FIX-1', $5, $4, -10, 'EUR', 'not taken')`;
  const connectionId = ids.connectionId!;
  const file = await api.test.database.inWorkspace(workspaceId, async (tx) => {
    await tx.run(line, [workspaceId, connectionId, newId(), 'receivable', '2026-02-10']);
    // What the route's own example takes.
    await tx.run(line, [workspaceId, connectionId, newId(), 'receivable', '2026-03-10']);
    return makePostingFile(tx, {
      connectionId,
      startsOn: '2026-02-01',
      endsBefore: '2026-03-01',
      actor: 'fixture',
    });
  });
  return file.id;
};

export const pipelineMakers: Record<string, Make> = {
  entryId: takeIn,
  quarantineId: newest('quarantine'),
  exceptionId: newest('exceptions'),
  operationId: startOperation,
  runId: runToDraft,
  itemId: newest('billable_items'),
  invoiceId: newest('client_invoices'),
  lineId: newest('invoice_lines'),
  discountId: giveDiscount,
  writeOffId: emptyWriteOff,
  creditNoteId: draftCreditNote,
  disputeId: raiseDispute,
  paymentId: recordPayment,
  proposalId: proposeMatch,
  lateFeeId: openLateFee,
  syncedDocumentId: syncedDocument,
  postingFileId: postingFile,
};
