/** Owns `slipway workflows`: what is open for a client, a contract or a document, what it waits for, and what keeps failing. */
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import type { Config } from '../../config.ts';
import { findWorkflows } from '../../runtime/find-workflows.ts';
import { runningTemporal } from '../../runtime/temporal-server.ts';
import { clients } from '../../store/clients.ts';
import { contracts } from '../../store/contracts.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { type Command, UsageError } from '../command.ts';
import { say, table } from '../story.ts';
import { chooseWorkspace, withDatabase } from '../with-database.ts';

const pageSize = 10_000;
const shown = 50;

/** The one row that is called so; what it is called is shown in the refusal. */
function oneOf<Row extends { id: string }>(rows: readonly Row[], what: string, name: string): string {
  const [only, ...others] = rows;
  if (only && others.length === 0) return only.id;
  throw new UsageError(`${rows.length} ${what} are called "${name}".`);
}
const clientOf = async (tx: WorkspaceTx, name: string) =>
  oneOf(
    (await clients.list(tx, { limit: pageSize, after: null })).filter(
      (row) => row.code === name || row.name === name || row.id === name,
    ),
    'clients',
    name,
  );
const contractOf = async (tx: WorkspaceTx, name: string, clientId: string | undefined) =>
  oneOf(
    (await contracts.list(tx, { limit: pageSize, after: null, where: { clientId } })).filter(
      (row) => row.name === name || row.id === name,
    ),
    'contracts',
    name,
  );

async function temporalOf(config: Config): Promise<Connection> {
  const address = config.temporal.address ?? (await runningTemporal(config.dataDir));
  if (address === null)
    throw new Error('No hub runs on this data folder, and so no Temporal: start one with "slipway start".');
  return Connection.connect({
    address,
    tls: config.temporal.tls ? {} : false,
    ...(config.temporal.apiKey !== null && { apiKey: config.temporal.apiKey }),
  });
}

export const workflowsCommand: Command = {
  name: 'workflows',
  usage:
    'slipway workflows [--client CODE] [--contract NAME] [--document NUMBER] [--ended] [--workspace NAME]',
  summary: 'Show what is open at Temporal for a client, a contract or a document, and what it waits for',
  run: ({ config, args }) => {
    const { values } = parseArgs({
      args,
      options: {
        client: { type: 'string' },
        contract: { type: 'string' },
        document: { type: 'string' },
        ended: { type: 'boolean', default: false },
        workspace: { type: 'string' },
      },
    });
    return withDatabase(config, async (database) => {
      const workspace = await chooseWorkspace(database, values.workspace);
      const asked = await database.inWorkspace(workspace.id, async (tx) => {
        const clientId = values.client === undefined ? undefined : await clientOf(tx, values.client);
        const contractId =
          values.contract === undefined ? undefined : await contractOf(tx, values.contract, clientId);
        return { workspaceId: workspace.id, clientId, contractId };
      });
      const connection = await temporalOf(config);
      try {
        const client = new Client({ connection, namespace: config.temporal.namespace });
        const filter = { ...asked, document: values.document, ended: values.ended };
        const found = await findWorkflows(client, filter, shown);
        if (found.length === 0) {
          say(
            'No workflow is found. What is open in the books and has none is started by "slipway restart-workflows".',
          );
          return 0;
        }
        table(
          ['Document', 'Workflow', 'Status', 'Since', 'What it does'],
          found.map((one) => [
            one.document ?? '',
            one.type,
            one.failing ? 'FAILING' : one.status.toLowerCase(),
            one.startedAt.slice(0, 16).replace('T', ' '),
            one.doing ?? '',
          ]),
        );
        say('');
        for (const { workflowId } of found.filter((one) => one.failing)) say(`  failing: ${workflowId}`);
        if (found.length === shown) say(`  … the latest ${shown}; ask for a client or a document.`);
        return 0;
      } finally {
        await connection.close();
      }
    });
  },
};
