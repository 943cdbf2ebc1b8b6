/** Owns finding what rows of opening balances name: sellers, clients, people, contracts, projects, phases and series of ours. */
import type { CsvFlaw } from '../domain/csv-table.ts';
import { flawsOfOpening, type OpeningRow } from '../domain/opening-balance.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import { readTimelines } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { modelOn } from './retainer-periods.ts';

export interface GivenRow {
  line: number;
  row: OpeningRow;
}
/** A row with what it names, by id. */
export interface FoundRow
  extends Pick<
    OpeningRow,
    'kind' | 'position' | 'number' | 'issueDate' | 'dueDate' | 'usedOn' | 'currency' | 'amount'
  > {
  line: number;
  sellerId: string | null;
  clientId: string | null;
  personId: string | null;
  contractId: string | null;
  projectId: string | null;
  phaseId: string | null;
  /** What it brings: a new document or item, or the series whose number it sets. */
  subjectId: string | null;
  /** Of a last number the one that the series has now. */
  total: DecimalText | null;
}

interface Named {
  id: string;
  name: string;
}
interface Directory {
  sellers: Named[];
  clients: Map<string, string>;
  people: { id: string; name: string; code: string | null; email: string | null }[];
  contracts: (Named & { clientId: string; sellerId: string; currency: string })[];
  projects: { id: string; code: string; clientId: string; contractId: string | null }[];
  phases: (Named & { projectId: string })[];
  series: (Named & {
    sellerId: string;
    documentType: string;
    nextNumber: number;
    lastIssueDate: Day | null;
  })[];
  /** `seller number` of documents that are there. */
  invoiceNumbers: ReadonlySet<string>;
  contractorNumbers: ReadonlySet<string>;
  /** By contract that has a retainer when the balances are taken. */
  retainers: ReadonlyMap<string, 'hours' | 'money'>;
}

/** All rows, or what is wrong with them. */
export async function findNames(
  tx: WorkspaceTx,
  rows: readonly GivenRow[],
  asOf: Day,
): Promise<{ rows: FoundRow[]; flaws: CsvFlaw[] }> {
  const directory = await readDirectory(tx, rows, asOf);
  const flaws: CsvFlaw[] = [];
  const found: FoundRow[] = [];
  const seen = new Map<string, number>();
  for (const { line, row } of rows) {
    const flaw = (message: string) => flaws.push({ line, message });
    const wrong = flawsOfOpening(row, asOf);
    wrong.forEach(flaw);
    if (wrong.length > 0) continue;
    try {
      const one = findRow(directory, line, row);
      const key = onceKey(one);
      const first = key === null ? undefined : seen.get(key);
      if (first !== undefined) flaw(`${key!.split(' ')[0]}: the same stands in line ${first}`);
      if (key !== null) seen.set(key, first ?? line);
      found.push(one);
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      flaw(error.message);
    }
  }
  return { rows: found, flaws };
}

class Unknown extends Error {}

function findRow(directory: Directory, line: number, row: OpeningRow): FoundRow {
  const { kind, number, issueDate, dueDate, usedOn, position } = row;
  const clientId = row.client === null ? null : clientOf(directory, row.client);
  const contract =
    row.contract === null
      ? null
      : one(
          'contract',
          row.contract,
          directory.contracts.filter((each) => each.clientId === clientId && each.name === row.contract),
        );
  const project =
    row.project === null
      ? null
      : one(
          'project',
          row.project,
          directory.projects.filter((each) => each.clientId === clientId && each.code === row.project),
        );
  if (project !== null && contract !== null && project.contractId !== contract.id)
    throw new Unknown(`project: ${row.project} is not under the contract ${row.contract}`);
  const phase =
    row.phase === null
      ? null
      : one(
          'phase',
          row.phase,
          directory.phases.filter((each) => each.projectId === project!.id && each.name === row.phase),
        );
  const sellerId = contract?.sellerId ?? sellerOf(directory, row.seller);
  const base = {
    line,
    kind,
    sellerId,
    clientId,
    personId: row.person === null ? null : personOf(directory, row.person),
    contractId: contract?.id ?? null,
    projectId: project?.id ?? null,
    phaseId: phase?.id ?? null,
    subjectId: null,
    position,
    number,
    issueDate,
    dueDate,
    usedOn,
    currency: row.currency,
    total: row.total,
    amount: row.amount,
  };
  if (contract !== null && row.currency !== null && row.currency !== contract.currency)
    throw new Unknown(`currency: the contract ${contract.name} is in ${contract.currency}`);
  switch (kind) {
    case 'receivable':
    case 'payable': {
      const numbers = kind === 'receivable' ? directory.invoiceNumbers : directory.contractorNumbers;
      if (numbers.has(`${sellerId} ${number}`))
        throw new Unknown(`number: ${number} is another document's of this seller`);
      return { ...base, subjectId: newId() };
    }
    case 'retainer': {
      const measure = directory.retainers.get(contract!.id);
      if (measure === undefined) throw new Unknown(`contract: ${contract!.name} has no retainer`);
      if ((measure === 'money') !== (row.currency !== null))
        throw new Unknown(
          `currency: the retainer of ${contract!.name} is in ${measure === 'money' ? contract!.currency : 'hours, without one'}`,
        );
      return base;
    }
    case 'last_number':
      return { ...base, ...seriesOf(directory, sellerId!, row) };
    case 'wip':
      return { ...base, subjectId: newId() };
    case 'cap_used':
      return base;
    default: {
      const unknown: never = kind;
      throw new RangeError(`no kind ${String(unknown)}`);
    }
  }
}

/** What may stand once in a batch only. */
function onceKey({ kind, sellerId, personId, number, contractId, subjectId }: FoundRow): string | null {
  if (kind === 'receivable') return `number ${kind} ${sellerId} ${number}`;
  if (kind === 'payable') return `number ${kind} ${sellerId} ${personId} ${number}`;
  if (kind === 'retainer') return `contract ${contractId}`;
  return kind === 'last_number' ? `series ${subjectId}` : null;
}

function one<T>(field: string, text: string, found: readonly T[]): T {
  if (found.length === 1) return found[0]!;
  throw new Unknown(
    found.length === 0
      ? `${field}: there is no ${field} ${JSON.stringify(text)}`
      : `${field}: ${found.length} are called ${JSON.stringify(text)}`,
  );
}

function clientOf({ clients }: Directory, code: string): string {
  const id = clients.get(code);
  if (id === undefined) throw new Unknown(`client: no client has the code ${JSON.stringify(code)}`);
  return id;
}

function sellerOf({ sellers }: Directory, name: string | null): string {
  if (name !== null)
    return one(
      'seller',
      name,
      sellers.filter((seller) => seller.name === name),
    ).id;
  if (sellers.length !== 1) throw new Unknown(`seller: say which one, there are ${sellers.length}`);
  return sellers[0]!.id;
}

function personOf({ people }: Directory, text: string): string {
  const by = (fits: (person: Directory['people'][number]) => boolean) => people.filter(fits);
  const exact = by((person) => person.code === text || person.email === text.toLowerCase());
  return one('person', text, exact.length > 0 ? exact : by((person) => person.name === text)).id;
}

/** A series goes on after what was numbered elsewhere: never below what it has given, and only while it has given nothing. */
function seriesOf(
  { series }: Directory,
  sellerId: string,
  { documentType, series: name, amount }: OpeningRow,
): Pick<FoundRow, 'subjectId' | 'total'> {
  const wanted = name ?? 'default';
  const found = one(
    'series',
    `${documentType} ${wanted}`,
    series.filter(
      (each) => each.sellerId === sellerId && each.documentType === documentType && each.name === wanted,
    ),
  );
  const last = found.nextNumber - 1;
  if (found.lastIssueDate !== null)
    throw new Unknown(
      `series: ${wanted} has numbered documents itself, up to ${last}, and goes on after them`,
    );
  if (Number(amount) < last)
    throw new Unknown(`amount: ${amount} is below ${last}, which the series ${wanted} has already`);
  return { subjectId: found.id, total: String(last) };
}

const maxSellers = 1_000;

async function readDirectory(tx: WorkspaceTx, rows: readonly GivenRow[], asOf: Day): Promise<Directory> {
  const named = (field: 'client' | 'person' | 'contract' | 'project' | 'phase' | 'number') =>
    textArray([...new Set(rows.flatMap(({ row }) => row[field] ?? []))]);
  const ofClients = `client_id in (select id from clients where workspace_id = $1 and code = any($2::text[]))`;
  const contracts = await tx.rows<Directory['contracts'][number]>(
    `select id, name, client_id, seller_id, currency from contracts
     where workspace_id = $1 and ${ofClients} and name = any($3::text[])`,
    [tx.workspaceId, named('client'), named('contract')],
  );
  const projects = await tx.rows<Directory['projects'][number]>(
    `select id, code, client_id, contract_id from projects where workspace_id = $1 and ${ofClients} and code = any($3::text[])`,
    [tx.workspaceId, named('client'), named('project')],
  );
  const numbersOf = async (table: 'client_invoices' | 'contractor_invoices', undone: string) => {
    const found = await tx.rows<{ key: string }>(
      `select seller_id || ' ' || number as key from ${table}
       where workspace_id = $1 and number = any($2::text[]) and not (number_given_by = 'opening' and status = '${undone}')`,
      [tx.workspaceId, named('number')],
    );
    return new Set(found.map((row) => row.key));
  };
  const clients = await tx.rows<{ id: string; code: string }>(
    'select id, code from clients where workspace_id = $1 and code = any($2::text[])',
    [tx.workspaceId, named('client')],
  );
  const timelines = await readTimelines(
    tx,
    contracts.map((contract) => contract.id),
  );
  return {
    sellers: await tx.rows('select id, name from sellers where workspace_id = $1 order by id limit $2', [
      tx.workspaceId,
      maxSellers,
    ]),
    clients: new Map(clients.map((client) => [client.code, client.id])),
    people: await tx.rows(
      `select id, name, code, lower(email) as email from people where workspace_id = $1
         and (code = any($2::text[]) or name = any($2::text[]) or lower(email) = any(select lower(x) from unnest($2::text[]) as u(x)))`,
      [tx.workspaceId, named('person')],
    ),
    contracts,
    projects,
    phases: await tx.rows(
      'select id, name, project_id from phases where workspace_id = $1 and project_id = any($2::uuid[]) and name = any($3::text[])',
      [tx.workspaceId, plainArray(projects.map((project) => project.id)), named('phase')],
    ),
    series: await tx.rows(
      'select id, name, seller_id, document_type, next_number, last_issue_date from series where workspace_id = $1 order by id limit $2',
      [tx.workspaceId, maxSellers],
    ),
    invoiceNumbers: await numbersOf('client_invoices', 'void'),
    contractorNumbers: await numbersOf('contractor_invoices', 'cancelled'),
    retainers: new Map(
      [...timelines].flatMap(([id, timeline]) => {
        const model = modelOn(timeline, asOf);
        return model ? [[id, model.measure] as const] : [];
      }),
    ),
  };
}
