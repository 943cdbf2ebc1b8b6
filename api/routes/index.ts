/** Owns the list of all routes: what is not here does not exist. */
import type { Route } from '../kit/route.ts';
import { createApiKey } from './api-keys/create-api-key.ts';
import { getApiKey } from './api-keys/get-api-key.ts';
import { listApiKeys } from './api-keys/list-api-keys.ts';
import { revokeApiKey } from './api-keys/revoke-api-key.ts';
import { createClient } from './clients/create-client.ts';
import { getClient } from './clients/get-client.ts';
import { listClients } from './clients/list-clients.ts';
import { updateClient } from './clients/update-client.ts';
import { createConnection } from './connections/create-connection.ts';
import { getConnection } from './connections/get-connection.ts';
import { listConnections } from './connections/list-connections.ts';
import { syncConnection } from './connections/sync-connection.ts';
import { updateConnection } from './connections/update-connection.ts';
import { listConnectors } from './connectors/list-connectors.ts';
import { createContract } from './contracts/create-contract.ts';
import { getContract } from './contracts/get-contract.ts';
import { listContracts } from './contracts/list-contracts.ts';
import { updateContract } from './contracts/update-contract.ts';
import { listEvents } from './events/list-events.ts';
import { streamEventsRoute } from './events/stream-events.ts';
import { createMappingRule } from './mapping-rules/create-mapping-rule.ts';
import { deleteMappingRule } from './mapping-rules/delete-mapping-rule.ts';
import { getMappingRule } from './mapping-rules/get-mapping-rule.ts';
import { listMappingRules } from './mapping-rules/list-mapping-rules.ts';
import { updateMappingRule } from './mapping-rules/update-mapping-rule.ts';
import { createPerson } from './people/create-person.ts';
import { getPerson } from './people/get-person.ts';
import { listPeople } from './people/list-people.ts';
import { updatePerson } from './people/update-person.ts';
import { createProject } from './projects/create-project.ts';
import { getProject } from './projects/get-project.ts';
import { listProjects } from './projects/list-projects.ts';
import { updateProject } from './projects/update-project.ts';
import { createRateCard } from './rate-cards/create-rate-card.ts';
import { getRateCard } from './rate-cards/get-rate-card.ts';
import { listRateCards } from './rate-cards/list-rate-cards.ts';
import { updateRateCard } from './rate-cards/update-rate-card.ts';
import { createSeller } from './sellers/create-seller.ts';
import { getSeller } from './sellers/get-seller.ts';
import { listSellers } from './sellers/list-sellers.ts';
import { updateSeller } from './sellers/update-seller.ts';
import { createSeries } from './series/create-series.ts';
import { getSeries } from './series/get-series.ts';
import { listSeries } from './series/list-series.ts';
import { updateSeries } from './series/update-series.ts';
import { createStrategy } from './strategies/create-strategy.ts';
import { deleteStrategy } from './strategies/delete-strategy.ts';
import { getStrategy } from './strategies/get-strategy.ts';
import { listStrategies } from './strategies/list-strategies.ts';
import { updateStrategy } from './strategies/update-strategy.ts';
import { createTask } from './tasks/create-task.ts';
import { getTask } from './tasks/get-task.ts';
import { listTasks } from './tasks/list-tasks.ts';
import { updateTask } from './tasks/update-task.ts';
import { getWorkspace } from './workspace/get-workspace.ts';
import { updateWorkspace } from './workspace/update-workspace.ts';

export const routes: readonly Route[] = [
  createApiKey,
  getApiKey,
  listApiKeys,
  revokeApiKey,
  createClient,
  getClient,
  listClients,
  updateClient,
  createConnection,
  getConnection,
  listConnections,
  syncConnection,
  updateConnection,
  listConnectors,
  createContract,
  getContract,
  listContracts,
  updateContract,
  listEvents,
  streamEventsRoute,
  createMappingRule,
  deleteMappingRule,
  getMappingRule,
  listMappingRules,
  updateMappingRule,
  createPerson,
  getPerson,
  listPeople,
  updatePerson,
  createProject,
  getProject,
  listProjects,
  updateProject,
  createRateCard,
  getRateCard,
  listRateCards,
  updateRateCard,
  createSeller,
  getSeller,
  listSellers,
  updateSeller,
  createSeries,
  getSeries,
  listSeries,
  updateSeries,
  createStrategy,
  deleteStrategy,
  getStrategy,
  listStrategies,
  updateStrategy,
  createTask,
  getTask,
  listTasks,
  updateTask,
  getWorkspace,
  updateWorkspace,
];
