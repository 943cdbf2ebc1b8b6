/** Owns `slipway contract`: what an import needs before it can be billed, in one line: seller, contract, rate, projects. */
import { parseArgs } from 'node:util';
import { isDay, isZone } from '../../domain/day.ts';
import { isDecimalText } from '../../domain/money.ts';
import { clients } from '../../store/clients.ts';
import { insertContract } from '../../store/contracts.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { recordEvents } from '../../store/events.ts';
import { changeProject, projects } from '../../store/projects.ts';
import { insertRateCard } from '../../store/rate-cards.ts';
import { sellers } from '../../store/sellers.ts';
import { series } from '../../store/series.ts';
import { insertStrategy } from '../../store/strategies.ts';
import { type Command, UsageError } from '../command.ts';
import { say } from '../story.ts';
import { chooseWorkspace, withDatabase } from '../with-database.ts';

interface Wanted {
  client: string;
  seller: string;
  rate: string;
  currency: string;
  from: string;
  zone: string;
  country: string;
  invoice: 'client' | 'month' | 'project';
  projectCodes: string[];
}

const pageSize = 10_000;

async function makeContract(tx: WorkspaceTx, wanted: Wanted): Promise<string> {
  const client = (await clients.list(tx, { limit: pageSize, after: null })).find(
    (row) => row.name === wanted.client || row.code === wanted.client,
  );
  if (!client) throw new UsageError(`There is no client "${wanted.client}" (give its name or its code).`);
  const known = await sellers.list(tx, { limit: pageSize, after: null });
  let seller = known.find((row) => row.name === wanted.seller) ?? known[0];
  if (!seller) {
    seller = await sellers.insert(tx, {
      name: wanted.seller,
      country: wanted.country,
      functionalCurrency: wanted.currency,
      zone: wanted.zone,
    });
  }
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
    name: `Time and materials from ${wanted.from}`,
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
  const all = await projects.list(tx, { limit: pageSize, after: null, where: { clientId: client.id } });
  const chosen =
    wanted.projectCodes.length === 0
      ? all
      : all.filter((project) => wanted.projectCodes.includes(project.code));
  const missing = wanted.projectCodes.filter((code) => !chosen.some((project) => project.code === code));
  if (missing.length > 0) throw new UsageError(`${client.name} has no project ${missing.join(', ')}.`);
  for (const project of chosen) await changeProject(tx, project, { contractId: contract.id });
  await recordEvents(tx, [
    {
      type: 'contract.created',
      subjectType: 'contract',
      subjectId: contract.id,
      actor: 'cli',
      permission: 'contracts.read',
      payload: { ...wanted, projects: chosen.length },
    },
  ]);
  return `Contract with ${client.name} (${client.code}): ${wanted.rate} ${wanted.currency} an hour from ${wanted.from}, ${chosen.length} projects.`;
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
        seller: { type: 'string', default: 'My company' },
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
        seller: values.seller,
        projectCodes: values.project,
      };
      say(await database.inWorkspace(workspace.id, (tx) => makeContract(tx, wanted)));
      return 0;
    });
  },
};
