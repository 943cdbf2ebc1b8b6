/** Owns a client's statement of account: what was open, every document and payment in between, and what is open now. */
import { Decimal, fixed, minorPlaces } from '../../domain/money.ts';
import { type Ageing, ages, type StatementRowKind } from '../../domain/printed-statement.ts';
import type { Day, DecimalText } from '../../domain/work-entry.ts';
import type { WorkspaceTx } from '../database.ts';
import { ageSums, receivablesAsOf } from './receivables.ts';

export interface StatementRow {
  day: Day;
  kind: StatementRowKind;
  number: string | null;
  reference: string | null;
  dueDate: Day | null;
  /** Signed: what the client owes more, or less. */
  amount: DecimalText;
  /** What they owe after it. */
  balance: DecimalText;
}
export interface StatementAccount {
  /** Null: money of a client that is on account with no seller. */
  sellerId: string | null;
  sellerName: string;
  currency: string;
  opening: DecimalText;
  rows: StatementRow[];
  closing: DecimalText;
  /** Of the closing balance: due before the day. Credit on account is not taken off. */
  overdue: DecimalText;
  ageing: Ageing;
}
export interface Statement {
  clientId: string;
  clientName: string;
  startsOn: Day;
  asOf: Day;
  /** One a seller and currency. */
  accounts: StatementAccount[];
}

/**
 * What moves the account. Money counts as it came, with what was deducted on its way: whether it is on account or on a document
 * changes nothing of what the client owes us in all, so rows of one payment that cancel out are none. $1 the workspace, $2 the client.
 */
const movements = `
  select i.seller_id, i.currency, i.posting_date as day, 'invoice' as kind, i.number, null as reference, i.due_date, i.total as amount
  from client_invoices i where i.workspace_id = $1 and i.client_id = $2 and i.number is not null
  union all
  select seller_id, currency, voided_on, 'void', number, null, null, -total from client_invoices
  where workspace_id = $1 and client_id = $2 and voided_on is not null
  union all
  select i.seller_id, n.currency, n.posting_date, 'credit_note', n.number, i.number, null, -n.total
  from credit_notes n join client_invoices i on i.workspace_id = $1 and i.id = n.invoice_id and i.client_id = $2
  where n.workspace_id = $1 and n.status = 'issued'
  union all
  select f.seller_id, f.currency, f.posting_date, 'late_fee', f.number, null, f.due_date, f.amount from late_fees f
  where f.workspace_id = $1 and f.client_id = $2 and f.number is not null
  union all
  select f.seller_id, f.currency, f.waived_on, 'void', f.number, null, null, -f.amount from late_fees f
  where f.workspace_id = $1 and f.client_id = $2 and f.waived_on is not null
  union all
  select i.seller_id, i.currency, b.posting_date, 'write_off', i.number, null, null, -b.amount
  from bad_debts b join client_invoices i on i.workspace_id = $1 and i.id = b.invoice_id and i.client_id = $2
  where b.workspace_id = $1
  union all
  select coalesce(i.seller_id, f.seller_id, p.seller_id), coalesce(a.document_currency, p.currency), a.posting_date,
    case when p.direction = 'outgoing' then 'refund' else 'payment' end, null, p.reference, null,
    case when p.direction = 'outgoing' then 1 else -1 end * coalesce(a.document_amount, a.amount)
  from payment_applications a
  join payments p on p.workspace_id = $1 and p.id = a.payment_id and p.person_id is null
  left join client_invoices i on i.workspace_id = $1 and i.id = a.document_id and a.kind = 'invoice'
  left join late_fees f on f.workspace_id = $1 and f.id = a.document_id and a.kind = 'late_fee'
  where a.workspace_id = $1 and coalesce(i.client_id, f.client_id, p.client_id) = $2
    and a.kind in ('invoice', 'late_fee', 'on_account', 'refund', 'credit_note')`;

const maxStatementRows = 10_000;

/** Null: no such client. */
export async function readStatement(
  tx: WorkspaceTx,
  { clientId, startsOn, asOf }: { clientId: string; startsOn: Day; asOf: Day },
): Promise<Statement | null> {
  const client = await tx.row<{ name: string }>(
    'select name from clients where workspace_id = $1 and id = $2',
    [tx.workspaceId, clientId],
  );
  if (!client) return null;
  const rows = await tx.rows<AccountRow>(
    `select s.name as seller_name, m.currency, m.day < $3 as is_before, case when m.day < $3 then null else m.day end as day,
       case when m.day < $3 then '' else m.kind end as kind, case when m.day >= $3 then m.number end as number,
       case when m.day >= $3 then m.reference end as reference, case when m.day >= $3 then m.due_date end as due_date, m.seller_id, sum(m.amount) as amount
     from (${movements}) m left join sellers s on s.workspace_id = $1 and s.id = m.seller_id
     where m.day <= $4 group by 1, 2, 3, 4, 5, 6, 7, 8, 9 having sum(m.amount) <> 0 order by 1, 2, 3 desc, 4,
       -- Within a day a document stands before what lowers it.
       array_position(array['', 'invoice', 'late_fee', 'credit_note', 'void', 'payment', 'refund', 'write_off'], case when m.day < $3 then '' else m.kind end), 6
     limit $5`,
    [tx.workspaceId, clientId, startsOn, asOf, maxStatementRows],
  );
  const aged = await readAges(tx, clientId, asOf);
  const accounts = Map.groupBy(rows, (row) => keyOf(row));
  return {
    clientId,
    clientName: client.name,
    startsOn,
    asOf,
    accounts: [...accounts].map(([key, ofAccount]) => toAccount(ofAccount, aged.get(key))),
  };
}

const keyOf = ({ sellerId, currency }: { sellerId: string | null; currency: string }) =>
  `${sellerId ?? ''} ${currency}`;

interface AccountRow extends Omit<StatementRow, 'balance'> {
  sellerId: string | null;
  sellerName: string | null;
  currency: string;
  isBefore: boolean;
}

function toAccount(rows: readonly AccountRow[], aged: Partial<Ageing> | undefined): StatementAccount {
  const { sellerId, sellerName, currency } = rows[0]!;
  const sum = (chosen: readonly { amount: DecimalText }[]) =>
    chosen.reduce((total, { amount }) => total.plus(amount), new Decimal(0));
  const shownAmount = (amount: Decimal | DecimalText) => fixed(amount, minorPlaces(currency));
  const opening = sum(rows.filter(({ isBefore }) => isBefore));
  let balance = opening;
  const shown = rows
    .filter(({ isBefore }) => !isBefore)
    .map(({ day, kind, number, reference, dueDate, amount }) => {
      balance = balance.plus(amount);
      return {
        day,
        kind,
        number,
        reference,
        dueDate,
        amount: shownAmount(amount),
        balance: shownAmount(balance),
      };
    });
  const ageing = Object.fromEntries(ages.map((age) => [age, shownAmount(aged?.[age] ?? '0')])) as Record<
    (typeof ages)[number],
    DecimalText
  >;
  const overdue = overdueAges.reduce((total, age) => total.plus(ageing[age]), new Decimal(0));
  return {
    sellerId,
    sellerName: sellerName ?? '',
    currency,
    opening: shownAmount(opening),
    rows: shown,
    closing: shownAmount(balance),
    overdue: shownAmount(overdue),
    ageing,
  };
}

const overdueAges = ['days1To30', 'days31To60', 'days61To90', 'over90'] as const;

/** By seller and currency. */
async function readAges(tx: WorkspaceTx, clientId: string, asOf: Day): Promise<Map<string, Partial<Ageing>>> {
  const rows = await tx.rows<Partial<Ageing> & { sellerId: string; currency: string }>(
    `select d.seller_id, d.currency, ${ageSums('d.open - d.retained', 'd.due_date')}, sum(d.retained) as retained
     from (${receivablesAsOf}) d where d.client_id = $3 and d.open <> 0 group by 1, 2`,
    [tx.workspaceId, asOf, clientId],
  );
  return new Map(rows.map((row) => [keyOf(row), row]));
}
