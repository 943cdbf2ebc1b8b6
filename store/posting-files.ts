/** Owns the posting file of a connection: what its platform does not take, as postings of the journal, each in one file only. */
import { createHash } from 'node:crypto';
import { toCsvRow } from '../domain/csv-row.ts';
import { accountNumber } from '../domain/ledger-accounts.ts';
import { Decimal, minorPlaces } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { postings } from './reports/journal.ts';
import type { SyncedSubject } from './sync.ts';
import { getWorkspace } from './workspaces.ts';

export interface PostingLine {
  postedOn: Day;
  document: string;
  account: string;
  /** Debits above zero. */
  amount: DecimalText;
  currency: string;
  reason: string;
}
export interface PostingFile {
  id: string;
  connectionId: string;
  startsOn: Day;
  endsBefore: Day;
  lineCount: number;
  /** Sum of the debits by currency. */
  controlTotals: Record<string, DecimalText>;
  /** Hex. */
  sha256: string;
  createdBy: string;
  createdAt: Instant;
}

const journalTypes: Partial<Record<SyncedSubject, string>> = {
  credit_note: 'credit_note',
  bad_debt: 'bad_debt',
  refund: 'payment',
  contractor_invoice: 'contractor_invoice',
  contractor_payment: 'contractor_payment',
};
const ofDocument = `(${postings.replaceAll('$2', `'0001-01-01'::date`).replaceAll('$3', `'9999-12-31'::date`).replaceAll('$4', `'UTC'`)})
  j(day, document_type, document_id, number, seller_id, client_id, person_id, account, currency, amount)`;

/**
 * The document's postings as the journal has them, once: doing it again adds nothing. `documentId`: of the journal, where it is
 * not the subject's own. Answers how many lines there are of it now.
 */
export async function addPostingLines(
  tx: WorkspaceTx,
  connectionId: string,
  subject: { type: SyncedSubject; id: string; documentId?: string | undefined },
  reason: string,
): Promise<number> {
  const { settings } = await getWorkspace(tx);
  const rows = await tx.rows<Posted>(
    // The other side of a refund stands on the payment that it is of.
    `select min(day) as day, number, case account when 'refunds_clearing' then 'client_credits' else account end as account, currency, sum(amount) as amount
     from ${ofDocument} where document_type = $2 and document_id = $3 group by 2, 3, 4 having sum(amount) <> 0 order by sum(amount) < 0, 3`,
    [tx.workspaceId, journalTypes[subject.type] ?? subject.type, subject.documentId ?? subject.id],
  );
  const lines = byNumber(rows, settings);
  for (const { day, number, account, currency, amount } of lines)
    await tx.run(
      `insert into posting_lines (workspace_id, connection_id, subject_type, subject_id, document, posted_on, account, amount, currency, reason)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       on conflict (workspace_id, connection_id, subject_type, subject_id, account) do nothing`,
      [
        tx.workspaceId,
        connectionId,
        subject.type,
        subject.id,
        number ?? subject.id,
        day,
        account,
        amount,
        currency,
        reason,
      ],
    );
  return lines.length;
}

type Posted = { day: Day; number: string | null; account: string; currency: string; amount: DecimalText };
/** By the firm's own numbers: two of our words may be one account there, where they are one line, or none. */
function byNumber(rows: readonly Posted[], settings: Record<string, unknown>): Posted[] {
  const numbered = rows.map((row) => ({ ...row, account: accountNumber(settings, row.account) }));
  return [...Map.groupBy(numbered, ({ account, currency }) => `${currency} ${account}`).values()].flatMap(
    (same) => {
      const amount = same.reduce((sum, row) => sum.plus(row.amount), new Decimal(0));
      return amount.isZero() ? [] : [{ ...same[0]!, amount: amount.toFixed() }];
    },
  );
}

const mostLines = 50_000;
/** Lines that are in no file yet, posted within the period, by day. */
function openLines(
  tx: WorkspaceTx,
  connectionId: string,
  startsOn: Day,
  endsBefore: Day,
): Promise<(PostingLine & { id: string })[]> {
  return tx.rows(
    `select id, posted_on, document, account, amount, currency, reason from posting_lines
     where workspace_id = $1 and connection_id = $2 and posting_file_id is null and posted_on >= $3 and posted_on < $4
     order by posted_on, subject_id, amount < 0, id limit $5 for update`,
    [tx.workspaceId, connectionId, startsOn, endsBefore, mostLines + 1],
  );
}

/** Makes the file of a period out of every line that is in none yet. Refuses with 409 where there is none. */
export async function makePostingFile(
  tx: WorkspaceTx,
  wanted: { connectionId: string; startsOn: Day; endsBefore: Day; actor: string },
): Promise<PostingFile> {
  const { connectionId, startsOn, endsBefore, actor } = wanted;
  const lines = await openLines(tx, connectionId, startsOn, endsBefore);
  if (lines.length === 0)
    throw new Refusal({
      code: 'posting_file.empty',
      message: 'Nothing of this period is left to be posted by hand.',
      whatToDo: 'Read the files that are there already, or name another period.',
    });
  if (lines.length > mostLines)
    throw new Refusal({
      code: 'posting_file.too_large',
      message: `More than ${mostLines.toLocaleString('en')} lines would be in one file.`,
      whatToDo: 'Name a shorter period.',
    });
  const content = [
    toCsvRow(['date', 'document', 'account', 'amount', 'currency', 'reason']),
    ...lines.map((line) =>
      toCsvRow([
        line.postedOn,
        line.document,
        line.account,
        { decimal: amountOf(line) },
        line.currency,
        line.reason,
      ]),
    ),
  ].join('');
  const id = newId();
  await tx.run(
    `insert into posting_files (workspace_id, id, connection_id, starts_on, ends_before, line_count, control_totals, content, sha256, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, decode($9, 'hex'), $10)`,
    [
      tx.workspaceId,
      id,
      connectionId,
      startsOn,
      endsBefore,
      lines.length,
      JSON.stringify(debitsOf(lines)),
      content,
      createHash('sha256').update(content).digest('hex'),
      actor,
    ],
  );
  await tx.run(
    'update posting_lines set posting_file_id = $3 where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, lines.map((line) => line.id), id],
  );
  return (await readPostingFile(tx, id))!;
}

const amountOf = ({ amount, currency }: PostingLine) => new Decimal(amount).toFixed(minorPlaces(currency));

function debitsOf(lines: readonly PostingLine[]): Record<string, DecimalText> {
  const byCurrency = Map.groupBy(lines, ({ currency }) => currency);
  return Object.fromEntries(
    [...byCurrency].map(([currency, of]) => [
      currency,
      of
        .reduce((sum, { amount }) => sum.plus(Decimal.max(amount, 0)), new Decimal(0))
        .toFixed(minorPlaces(currency)),
    ]),
  );
}

const columns = `id, connection_id, starts_on, ends_before, line_count, control_totals, encode(sha256, 'hex') as sha256, created_by, created_at`;

export function readPostingFile(tx: WorkspaceTx, id: string): Promise<PostingFile | null> {
  return tx.row<PostingFile>(`select ${columns} from posting_files where workspace_id = $1 and id = $2`, [
    tx.workspaceId,
    id,
  ]);
}
export async function readPostingContent(tx: WorkspaceTx, id: string): Promise<string | null> {
  const row = await tx.row<{ content: string }>(
    'select content from posting_files where workspace_id = $1 and id = $2',
    [tx.workspaceId, id],
  );
  return row?.content ?? null;
}
/** Newest first. */
export function listPostingFiles(
  tx: WorkspaceTx,
  connectionId: string,
  page: { after: string | null; limit: number },
): Promise<PostingFile[]> {
  return tx.rows<PostingFile>(
    `select ${columns} from posting_files where workspace_id = $1 and connection_id = $2 and ($3::uuid is null or id < $3)
     order by id desc limit $4`,
    [tx.workspaceId, connectionId, page.after, page.limit],
  );
}
