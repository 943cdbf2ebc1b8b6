/** Owns the figures of a client's quarter: approved hours, documents, money and budgets, as far as the client may see them. */
import type {
  ClientReportFigures,
  Quarter,
  ReportedAccount,
  ReportedBudget,
  ReportedCredit,
  ReportedInvoice,
  ReportedPayment,
  ReportedProject,
} from '../../domain/client-report.ts';
import { addDays } from '../../domain/day.ts';
import { Decimal, fixed, minorPlaces } from '../../domain/money.ts';
import { printLanguageOf } from '../../domain/print-format.ts';
import type { Day, DecimalText } from '../../domain/work-entry.ts';
import type { WorkspaceTx } from '../database.ts';
import { measureBudgets } from '../project-budgets.ts';
import { receivablesAsOf } from './receivables.ts';
import { readStatement, type StatementAccount } from './statement.ts';

/** Rows of a list that are named; the rest is counted. */
const most = { projects: 200, people: 5_000, documents: 500 } as const;

/** Postings up to the last day of the quarter; `today` is what the budgets are measured on. Null: no such client. */
export async function readClientReport(
  tx: WorkspaceTx,
  clientId: string,
  quarter: Quarter,
  today: Day,
): Promise<ClientReportFigures | null> {
  const client = await readReportClient(tx, clientId);
  const asOf = addDays(quarter.endsBefore, -1);
  const statement = await readStatement(tx, { clientId, startsOn: quarter.startsOn, asOf });
  if (client === null || statement === null) return null;
  const span = { clientId, startsOn: quarter.startsOn, asOf };
  const projects = await readHours(tx, span);
  const invoices = await readInvoices(tx, span);
  const credits = await readCredits(tx, span);
  const payments = paymentsOf(statement.accounts);
  return {
    quarter: quarter.name,
    startsOn: quarter.startsOn,
    asOf,
    language: printLanguageOf(client.language),
    sender: client.sender,
    clientName: client.name,
    clientCode: client.code,
    projects: projects.slice(0, most.projects),
    invoices: invoices.slice(0, most.documents),
    credits: credits.slice(0, most.documents),
    payments: payments.slice(0, most.documents),
    accounts: statement.accounts.map(toAccount),
    budgets: await readBudgets(tx, clientId, today),
    budgetsAsOf: today,
    leftOut: {
      projects: beyond(projects, most.projects),
      invoices: beyond(invoices, most.documents),
      credits: beyond(credits, most.documents),
      payments: beyond(payments, most.documents),
    },
  };
}

const beyond = (rows: readonly unknown[], limit: number) => Math.max(0, rows.length - limit);

interface Span {
  clientId: string;
  startsOn: Day;
  asOf: Day;
}

/** Whoever sold to the client last is who sends it. */
function readReportClient(
  tx: WorkspaceTx,
  clientId: string,
): Promise<{ name: string; code: string; language: string; sender: string } | null> {
  return tx.row(
    `select c.name, c.code, c.language, coalesce(
       (select s.name from contracts k join sellers s on s.workspace_id = $1 and s.id = k.seller_id
         where k.workspace_id = $1 and k.client_id = c.id order by k.starts_on desc, k.id desc limit 1), w.name) as sender
     from clients c join workspaces w on w.id = c.workspace_id where c.workspace_id = $1 and c.id = $2`,
    [tx.workspaceId, clientId],
  );
}

/** Approved labor of current versions by work date: what `GET /work` shows the client, added up. Entries are reached by their key. */
async function readHours(tx: WorkspaceTx, { clientId, startsOn, asOf }: Span): Promise<ReportedProject[]> {
  const rows = await tx.rows<{
    projectId: string;
    code: string;
    name: string;
    personName: string | null;
    seconds: number;
    billableSeconds: number;
  }>(
    `select v.project_id, v.code, v.name, p.name as person_name, sum(v.quantity)::bigint as seconds,
       coalesce(sum(v.quantity) filter (where v.billable), 0)::bigint as billable_seconds
     from (select x.project_id, j.code, j.name, x.entry_id, x.version, x.person_id, x.quantity, x.billable
       from projects j join entry_versions x on x.workspace_id = $1 and x.project_id = j.id and x.kind = 'labor' and x.approval = 'approved'
         and x.work_date between $3 and $4
       where j.workspace_id = $1 and j.client_id = $2) v
     cross join lateral (select from work_entries e
       where e.workspace_id = $1 and e.id = v.entry_id and e.current_version = v.version and e.deleted_at is null offset 0) e
     left join people p on p.workspace_id = $1 and p.id = v.person_id
     group by v.project_id, v.code, v.name, v.person_id, p.name order by v.code, v.project_id, p.name nulls last limit $5`,
    [tx.workspaceId, clientId, startsOn, asOf, most.people],
  );
  return [...Map.groupBy(rows, (row) => row.projectId).values()].map((people) => ({
    code: people[0]!.code,
    name: people[0]!.name,
    seconds: people.reduce((sum, { seconds }) => sum + seconds, 0),
    billableSeconds: people.reduce((sum, { billableSeconds }) => sum + billableSeconds, 0),
    people: people.map(({ personName, seconds }) => ({ name: personName, seconds })),
  }));
}

/** Posted within the quarter, with what was open of each at its end. */
async function readInvoices(tx: WorkspaceTx, { clientId, startsOn, asOf }: Span): Promise<ReportedInvoice[]> {
  const rows = await tx.rows<ReportedInvoice>(
    `select i.posting_date as day, i.number, i.currency, i.net, i.tax, i.total, i.due_date, coalesce(r.open, 0) as open,
       coalesce(i.voided_on <= $2::date, false) as is_void
     from client_invoices i
     left join (select d.id, d.open from (${receivablesAsOf}) d where d.document_type = 'invoice' and d.client_id = $3) r on r.id = i.id
     where i.workspace_id = $1 and i.client_id = $3 and i.number is not null and i.posting_date between $4 and $2::date
     order by i.posting_date, i.number, i.id limit $5`,
    [tx.workspaceId, asOf, clientId, startsOn, most.documents * 2],
  );
  return rows.map((row) => ({ ...inCents(row), open: cents(row.open, row.currency) }));
}

async function readCredits(tx: WorkspaceTx, { clientId, startsOn, asOf }: Span): Promise<ReportedCredit[]> {
  const rows = await tx.rows<ReportedCredit>(
    `select n.posting_date as day, n.number, n.currency, n.net, n.tax, n.total, i.number as invoice_number
     from credit_notes n join client_invoices i on i.workspace_id = $1 and i.id = n.invoice_id and i.client_id = $2
     where n.workspace_id = $1 and n.status = 'issued' and n.posting_date between $3 and $4
     order by n.posting_date, n.number, n.id limit $5`,
    [tx.workspaceId, clientId, startsOn, asOf, most.documents * 2],
  );
  return rows.map(inCents);
}

const cents = (amount: Decimal | DecimalText, currency: string) => fixed(amount, minorPlaces(currency));
const inCents = <Row extends { net: DecimalText; tax: DecimalText; total: DecimalText; currency: string }>(
  row: Row,
): Row => ({
  ...row,
  net: cents(row.net, row.currency),
  tax: cents(row.tax, row.currency),
  total: cents(row.total, row.currency),
});

function paymentsOf(accounts: readonly StatementAccount[]): ReportedPayment[] {
  return accounts
    .flatMap(({ currency, rows }) =>
      rows
        .filter(({ kind }) => kind === 'payment' || kind === 'refund')
        .map(({ day, reference, amount }) => ({
          day,
          reference,
          currency,
          amount: cents(new Decimal(amount).negated(), currency),
        })),
    )
    .toSorted((a, b) => (a.day === b.day ? 0 : a.day < b.day ? -1 : 1));
}

/** The statement's rows by kind; what is neither invoice, credit nor money is together. */
function toAccount(account: StatementAccount): ReportedAccount {
  const { sellerName, currency, opening, closing, overdue } = account;
  const sum = (...kinds: string[]) =>
    account.rows
      .filter(({ kind }) => kinds.includes(kind))
      .reduce((total, { amount }) => total.plus(amount), new Decimal(0));
  return {
    sellerName,
    currency,
    opening,
    invoiced: cents(sum('invoice'), currency),
    credited: cents(sum('credit_note').negated(), currency),
    paid: cents(sum('payment', 'refund').negated(), currency),
    other: cents(sum('void', 'late_fee', 'write_off'), currency),
    closing,
    overdue,
  };
}

/** Of projects that are not over, and have one. */
async function readBudgets(tx: WorkspaceTx, clientId: string, today: Day): Promise<ReportedBudget[]> {
  const ids = await tx.rows<{ id: string }>(
    `select id from projects where workspace_id = $1 and client_id = $2 and status in ('planned', 'active', 'ready_for_billing')
       and (budget_seconds is not null or budget_amount is not null) order by code, id limit $3`,
    [tx.workspaceId, clientId, most.projects],
  );
  if (ids.length === 0) return [];
  const measured = await measureBudgets(
    tx,
    ids.map(({ id }) => id),
    today,
  );
  return measured
    .map(({ code, name, currency, hours, money }) => ({
      code,
      name,
      currency,
      seconds:
        hours.budget === null
          ? null
          : { budget: Number(hours.budget), used: Number(hours.used), percent: hours.percent! },
      money:
        money.budget === null ? null : { budget: money.budget, used: money.used, percent: money.percent! },
    }))
    .toSorted((a, b) => (a.code < b.code ? -1 : 1));
}
