/** Owns writing drafts: invoices with lines and their tax, named as their grouping says, in a few statements for all of them. */
import type { ContractTerms } from '../domain/contract-terms.ts';
import type { Adjustment, DraftInvoice, DraftLine } from '../domain/grouping/build-drafts.ts';
import { type Grouping, type GroupingMode, groupRules, modesOf } from '../domain/grouping/group-keys.ts';
import type { Named } from '../domain/grouping/group-rule.ts';
import type { LineTax, TaxTotals } from '../domain/tax.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { ContractForBilling } from './contract-scope.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';

/** A draft of it; what it is billed by is what holds on its last day of service. */
export type TermedDraft = DraftInvoice & {
  terms: ContractTerms;
  /** One for each line. */
  taxes: LineTax[];
  totals: TaxTotals;
  /** The day whose tax rates were taken. */
  taxPoint: Day;
};

/** A line where it was written; enough to share its amount out. */
export type WrittenLine = Pick<DraftLine, 'amount' | 'itemsAmount' | 'grossAmount'> & {
  id: string;
  invoiceId: string;
};

const chunkSize = 10_000;

/**
 * Answers the lines by the invoice key and line key, with a blank between. `reopened` has the ids of drafts without lines, by
 * key, that are written anew instead of beside.
 */
export async function writeDrafts(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  run: { id: string },
  grouping: Grouping,
  drafts: TermedDraft[],
  reopened: ReadonlyMap<string, string> = new Map(),
): Promise<Map<string, WrittenLine>> {
  const invoices = await nameDrafts(tx, contract, run, drafts, reopened);
  await tx.run(
    `insert into client_invoices (workspace_id, id, seller_id, client_id, contract_id, run_id, group_key, currency, service_from, service_to,
       net, tax, rounding, total, tax_subtotals, quantity_seconds, line_count, item_count, terms)
     select $1, r.id, $2, $3, $4, $5, r.group_key, $6, r.service_from, r.service_to, r.net, r.tax, r.rounding, r.total, r.tax_subtotals, r.seconds, r.line_count, r.item_count, r.terms
     from unnest($7::uuid[], $8::text[], $9::date[], $10::date[], $11::numeric[], $12::numeric[], $13::numeric[], $14::numeric[], $15::jsonb[], $16::bigint[], $17::int[], $18::int[], $19::jsonb[])
       as r(id, group_key, service_from, service_to, net, tax, rounding, total, tax_subtotals, seconds, line_count, item_count, terms)
     ${reopened.size > 0 ? writtenAnew : ''}`,
    [
      tx.workspaceId,
      contract.sellerId,
      contract.clientId,
      contract.id,
      run.id,
      contract.currency,
      plainArray(invoices.map((i) => i.id)),
      textArray(invoices.map((i) => i.key)),
      plainArray(invoices.map((i) => i.draft.serviceFrom)),
      plainArray(invoices.map((i) => i.draft.serviceTo)),
      plainArray(invoices.map((i) => i.draft.totals.net)),
      plainArray(invoices.map((i) => i.draft.totals.tax)),
      plainArray(invoices.map((i) => i.draft.totals.rounding)),
      plainArray(invoices.map((i) => i.draft.totals.total)),
      textArray(invoices.map((i) => JSON.stringify(i.draft.totals.subtotals))),
      plainArray(invoices.map((i) => i.draft.seconds)),
      plainArray(invoices.map((i) => i.draft.lines.length)),
      plainArray(invoices.map((i) => i.draft.itemCount)),
      textArray(invoices.map((i) => JSON.stringify(termsOfDraft(contract, i.draft)))),
    ],
  );
  const lines = invoices.flatMap((invoice) =>
    invoice.draft.lines.map((line, index) => ({
      id: newId(),
      invoiceId: invoice.id,
      invoiceKey: invoice.draft.key,
      lineNo: index + 1,
      line,
      tax: invoice.draft.taxes[index]!,
    })),
  );
  const describe = await openDescriber(
    tx,
    grouping,
    lines.map(({ line }) => line),
  );
  for (let from = 0; from < lines.length; from += chunkSize)
    await writeLines(tx, lines.slice(from, from + chunkSize), describe);
  return new Map(
    lines.map(({ id, invoiceId, invoiceKey, line }) => [
      `${invoiceKey} ${line.key}`,
      {
        id,
        invoiceId,
        amount: line.amount,
        itemsAmount: line.itemsAmount,
        grossAmount: line.grossAmount,
      },
    ]),
  );
}

/** The run and the key of a draft stay those that it was made with. */
const writtenAnew = `on conflict (workspace_id, id) do update set service_from = excluded.service_from, service_to = excluded.service_to,
       net = excluded.net, tax = excluded.tax, rounding = excluded.rounding, total = excluded.total, tax_subtotals = excluded.tax_subtotals,
       quantity_seconds = excluded.quantity_seconds, line_count = excluded.line_count, item_count = excluded.item_count, terms = excluded.terms`;

/** An id and a key each, which no other draft of the run has. */
async function nameDrafts(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  run: { id: string },
  drafts: TermedDraft[],
  reopened: ReadonlyMap<string, string>,
): Promise<{ id: string; key: string; draft: TermedDraft }[]> {
  const taken = await tx.rows<{ groupKey: string }>(
    'select group_key from client_invoices where workspace_id = $1 and run_id = $2 and contract_id = $3',
    [tx.workspaceId, run.id, contract.id],
  );
  const takenKeys = new Set(taken.map((row) => row.groupKey));
  return drafts.map((draft) => {
    let key = `${contract.id}/${draft.key}`;
    const id = reopened.get(draft.key);
    if (id !== undefined) return { id, key, draft };
    for (let copy = 2; takenKeys.has(key); copy += 1) key = `${contract.id}/${draft.key}#${copy}`;
    takenKeys.add(key);
    return { id: newId(), key, draft };
  });
}

/** What a draft is reckoned by, and an issue freezes. */
function termsOfDraft(contract: ContractForBilling, draft: TermedDraft) {
  const { terms, contractVersions, taxPoint } = draft;
  return {
    tax: terms.tax,
    taxPoint,
    rounding: contract.rounding,
    paymentTermsDays: terms.paymentTermsDays,
    retentionPercentage: terms.retentionPercentage,
    ...(terms.belowZero === 'credit_note' && { belowZero: terms.belowZero }),
    contractVersion: terms.version,
    contractVersions,
    ...(terms.signOffDays !== null && {
      signOff: {
        days: terms.signOffDays,
        onExpiry: terms.signOffExpiry,
        reminderDays: terms.signOffReminderDays,
      },
    }),
  };
}

type Describer = (line: DraftLine) => string;

/** The words of lines: project, what they are grouped by, the work of a single item, and the days. */
export async function openDescriber(
  tx: WorkspaceTx,
  grouping: Grouping,
  lines: readonly DraftLine[],
): Promise<Describer> {
  const projects = await readNames(tx, 'projects', new Set(lines.map((line) => line.projectId)));
  // A line of one item says what that was; what it is grouped by, it says for several.
  const rules = modesOf(grouping.line).map((mode: GroupingMode) => groupRules[mode]);
  const names = new Map<Named, Map<string, string>>();
  for (const { named } of rules)
    if (named) {
      const ids = new Set(lines.map((line) => named.id(line.sample)));
      names.set(named.table, await readNames(tx, named.table, ids));
    }
  return (line) => {
    const project = line.projectId ? (projects.get(line.projectId) ?? '') : '';
    const groups = rules.map(({ named, words }) => {
      if (named) return names.get(named.table)?.get(named.id(line.sample) ?? '') ?? null;
      return words ? words(line.sample) : null;
    });
    const span =
      line.serviceFrom === line.serviceTo ? line.serviceFrom : `${line.serviceFrom} to ${line.serviceTo}`;
    const overtime = line.isOvertime ? 'overtime' : null;
    const corrects = line.adjusts ? saysCorrection(line.adjusts) : null;
    return [project, ...groups, line.description, overtime, span, corrects].filter(Boolean).join(', ');
  };
}

/** e.g. `corrects 2026-03-02 on NFE-0001, version 1 by version 2`. */
const saysCorrection = ({ version, was, wasOn, invoice }: Adjustment) =>
  `corrects ${wasOn}${invoice === null ? '' : ` on ${invoice}`}, version ${was} by version ${version}`;

const labels: Record<Named | 'projects', string> = {
  projects: "case when code = name then name else code || ' · ' || name end",
  people: 'name',
  tasks: 'name',
  phases: 'name',
};

async function readNames(
  tx: WorkspaceTx,
  table: Named | 'projects',
  ids: ReadonlySet<string | null>,
): Promise<Map<string, string>> {
  const wanted = [...ids].filter((id) => id !== null);
  if (wanted.length === 0) return new Map();
  const rows = await tx.rows<{ id: string; label: string }>(
    `select id, ${labels[table]} as label from ${table} where workspace_id = $1 and id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(wanted)],
  );
  return new Map(rows.map((row) => [row.id, row.label]));
}

interface PlacedLine {
  id: string;
  invoiceId: string;
  lineNo: number;
  line: DraftLine;
  tax: LineTax;
}

async function writeLines(tx: WorkspaceTx, lines: PlacedLine[], describe: Describer): Promise<void> {
  await tx.run(
    `insert into invoice_lines (workspace_id, id, invoice_id, line_no, kind, group_key, description, project_id, quantity, unit, unit_price, amount, gross_amount,
       tax_category, tax_rate, service_from, service_to, item_count, formula)
     select $1, r.id, r.invoice_id, r.line_no, r.kind, r.group_key, r.description, r.project_id, r.quantity, r.unit, r.unit_price, r.amount, r.gross_amount,
       r.tax_category, r.tax_rate, r.service_from, r.service_to, r.item_count, r.formula
     from unnest($2::text[], $3::numeric[], $4::uuid[], $5::uuid[], $6::int[], $7::text[], $8::text[], $9::text[], $10::uuid[], $11::numeric[], $12::text[],
       $13::numeric[], $14::numeric[], $15::numeric[], $16::date[], $17::date[], $18::int[], $19::jsonb[])
       as r(tax_category, tax_rate, id, invoice_id, line_no, kind, group_key, description, project_id, quantity, unit, unit_price, amount, gross_amount, service_from, service_to, item_count, formula)`,
    [
      tx.workspaceId,
      textArray(lines.map((l) => l.tax.category)),
      plainArray(lines.map((l) => l.tax.rate)),
      plainArray(lines.map((l) => l.id)),
      plainArray(lines.map((l) => l.invoiceId)),
      plainArray(lines.map((l) => l.lineNo)),
      plainArray(lines.map((l) => l.line.kind)),
      textArray(lines.map((l) => l.line.key)),
      textArray(lines.map(({ line }) => describe(line))),
      plainArray(lines.map((l) => l.line.projectId)),
      plainArray(lines.map((l) => l.line.quantity)),
      textArray(lines.map((l) => l.line.unit)),
      plainArray(lines.map((l) => l.line.unitPrice)),
      plainArray(lines.map((l) => l.line.amount)),
      plainArray(lines.map((l) => l.line.grossAmount)),
      plainArray(lines.map((l) => l.line.serviceFrom)),
      plainArray(lines.map((l) => l.line.serviceTo)),
      plainArray(lines.map((l) => l.line.itemCount)),
      textArray(lines.map((l) => JSON.stringify(formulaOf(l.line, l.tax)))),
    ],
  );
}

/** How a line came about, with its tax. */
export const formulaOf = (line: DraftLine, tax: LineTax) => ({
  ...line.formula,
  flaggedItems: line.flaggedCount,
  taxRate: tax.rate,
});
