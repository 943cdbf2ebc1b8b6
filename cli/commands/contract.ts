/** Owns `slipway contract`: what an import needs before it can be billed, in one line: seller, contract, rate, projects. */
import { parseArgs } from 'node:util';
import { isDay, isZone } from '../../domain/day.ts';
import { isDecimalText } from '../../domain/money.ts';
import { type Client, clients } from '../../store/clients.ts';
import { contracts, insertContract } from '../../store/contracts.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { recordEvents } from '../../store/events.ts';
import { changeProject, type Project, projects } from '../../store/projects.ts';
import { insertRateCard } from '../../store/rate-cards.ts';
import { type Seller, sellers } from '../../store/sellers.ts';
import { series } from '../../store/series.ts';
import { insertStrategy } from '../../store/strategies.ts';
import { type Command, UsageError } from '../command.ts';
import { say } from '../story.ts';
import { chooseWorkspace, withDatabase } from '../with-database.ts';

export interface Wanted {
  client: string;
  /** Null: not said; then the only one there is, or the first one is made. */
  seller: string | null;
  rate: string;
  currency: string;
  from: string;
  zone: string;
  country: string;
  invoice: 'client' | 'month' | 'project';
  projectCodes: string[];
}

const pageSize = 10_000;
const firstSeller = 'My company';

/** The seller by name, made where missing. Unnamed, it is never guessed among several: another legal entity would invoice. */
async function openSeller(tx: WorkspaceTx, wanted: Wanted): Promise<Seller & { isNew: boolean }> {
  const known = await sellers.list(tx, { limit: pageSize, after: null });
  if (wanted.seller === null && known.length > 1)
    throw new UsageError(
      `Say which seller invoices with --seller NAME: ${known.map((row) => row.name).join(', ')}.`,
    );
  const fitting = wanted.seller === null ? known[0] : known.find((row) => row.name === wanted.seller);
  if (fitting) return { ...fitting, isNew: false };
  const made = await sellers.insert(tx, {
    name: wanted.seller ?? firstSeller,
    country: wanted.country,
    functionalCurrency: wanted.currency,
    zone: wanted.zone,
  });
  return { ...made, isNew: true };
}

async function chooseProjects(tx: WorkspaceTx, client: Client, codes: string[]): Promise<Project[]> {
  const all = await projects.list(tx, { limit: pageSize, after: null, where: { clientId: client.id } });
  const missing = codes.filter((code) => !all.some((project) => project.code === code));
  if (missing.length > 0) throw new UsageError(`${client.name} has no project ${missing.join(', ')}.`);
  return codes.length === 0 ? all : all.filter((project) => codes.includes(project.code));
}

/** Answers a sentence on what was agreed. Throws UsageError, having changed nothing, where something does not fit. */
export async function makeContract(tx: WorkspaceTx, wanted: Wanted): Promise<string> {
  const client = (await clients.list(tx, { limit: pageSize, after: null })).find(
    (row) => row.name === wanted.client || row.code === wanted.client,
  );
  if (!client) throw new UsageError(`There is no client "${wanted.client}" (give its name or its code).`);
  const chosen = await chooseProjects(tx, client, wanted.projectCodes);
  const name = `Time and materials from ${wanted.from}`;
  const [same] = await contracts.list(tx, { limit: 1, after: null, where: { clientId: client.id, name } });
  if (same)
    throw new UsageError(
      `${client.name} has the contract "${name}" already. Change it, its rates and its projects through the API (PATCH /contracts/${same.id}, /rate-cards, /projects), or give another --from.`,
    );
  const seller = await openSeller(tx, wanted);
  const numbered = await series.list(tx, {
    limit: 1,
    after: null,
    where: { sellerId: seller.id, documentType: 'invoice' },
  });
  if (numbered.length === 0)
    await series.insert(tx, {
      sellerId: seller.id,
      documentType: 'invoice',
      pattern: '{CLIENT}-{YYYY}-{NNNN}',
    });
  const contract = await insertContract(tx, {
    clientId: client.id,
    sellerId: seller.id,
    name,
    currency: wanted.currency,
    zone: wanted.zone,
    startsOn: wanted.from,
    goLiveOn: wanted.from,
    grouping: { invoice: wanted.invoice, line: 'project' },
  });
  await insertStrategy(tx, {
    scopeType: 'contract',
    scopeId: contract.id,
    category: 'labor',
    method: 'service_rates',
  });
  await insertRateCard(tx, {
    scopeType: 'contract',
    scopeId: contract.id,
    position: '*',
    regularRate: wanted.rate,
    currency: wanted.currency,
  });
  for (const project of chosen) await changeProject(tx, project, { contractId: contract.id });
  await recordEvents(tx, [
    {
      type: 'contract.created',
      subjectType: 'contract',
      subjectId: contract.id,
      actor: 'cli',
      permission: 'contracts.read',
      payload: { ...wanted, seller: seller.name, projects: chosen.length },
    },
  ]);
  return `Contract with ${client.name} (${client.code}): ${wanted.rate} ${wanted.currency} an hour from ${wanted.from}, ${chosen.length} projects. Invoices come from ${seller.name}${seller.isNew ? ' (a new seller)' : ''}.`;
}

export const contract: Command = {
  name: 'contract',
  usage:
    'slipway contract --client NAME --rate 80.00 --currency GBP --from 2004-01-01 [--project CODE …] [--invoice client|month|project] [--seller NAME] [--country GB] [--zone Europe/London] [--workspace W]',
  summary: 'Agree one hourly rate for a client and put its projects under it',
  run: ({ config, args }) => {
    const { values } = parseArgs({
      args,
      options: {
        client: { type: 'string' },
        rate: { type: 'string' },
        currency: { type: 'string' },
        from: { type: 'string' },
        project: { type: 'string', multiple: true, default: [] },
        invoice: { type: 'string', default: 'client' },
        seller: { type: 'string' },
        country: { type: 'string', default: 'GB' },
        zone: { type: 'string', default: 'UTC' },
        workspace: { type: 'string' },
      },
    });
    const { client, rate, currency, from, invoice, zone, country } = values;
    if (!client || !rate || !currency || !from)
      throw new UsageError('Name client, rate, currency and first day.');
    if (!isDecimalText(rate) || rate.startsWith('-'))
      throw new UsageError('--rate is a plain amount such as 80.00.');
    if (!/^[A-Z]{3}$/.test(currency)) throw new UsageError('--currency is three capital letters.');
    if (!/^[A-Z]{2}$/.test(country)) throw new UsageError('--country is two capital letters.');
    if (!isDay(from)) throw new UsageError('--from is a day such as 2004-01-01.');
    if (!isZone(zone)) throw new UsageError('--zone is an IANA zone such as Europe/London.');
    if (invoice !== 'client' && invoice !== 'month' && invoice !== 'project')
      throw new UsageError('--invoice is client, month or project.');
    return withDatabase(config, async (database) => {
      const workspace = await chooseWorkspace(database, values.workspace);
      const wanted: Wanted = {
        client,
        rate,
        currency,
        from,
        zone,
        country,
        invoice,
        seller: values.seller ?? null,
        projectCodes: values.project,
      };
      say(await database.inWorkspace(workspace.id, (tx) => makeContract(tx, wanted)));
      return 0;
    });
  },
};
