/** Owns what a connection's stored webhooks say of single entries: each that no page brought is asked for by itself. */
import type { Connector } from '../connectors/kit/define.ts';
import type { Database } from '../store/database.ts';
import { closeDeliveries, listOpenDeliveries } from '../store/webhook-deliveries.ts';

export interface Hints {
  /** To be closed once the entries are looked at. */
  deliveryIds: string[];
  /** External ids of time entries, each once, in the order they were named. */
  externalIds: string[];
}

/** More wait for the next reading. */
const mostDeliveries = 500;

export async function readHints(
  database: Database,
  { workspaceId, connectionId }: { workspaceId: string; connectionId: string },
  { webhooks, timeSource }: Connector,
): Promise<Hints> {
  if (!webhooks || !timeSource) return { deliveryIds: [], externalIds: [] };
  const entities = new Set(webhooks.timeEntities ?? ['time_entry']);
  const deliveries = await database.inWorkspace(workspaceId, (tx) =>
    listOpenDeliveries(tx, connectionId, mostDeliveries),
  );
  const externalIds = new Set<string>();
  for (const { body, headers } of deliveries)
    for (const { entity, externalId } of eventsOf(() =>
      webhooks.events({ rawBody: body, headers, query: {} }),
    ))
      if (entities.has(entity)) externalIds.add(externalId);
  return { deliveryIds: deliveries.map((delivery) => delivery.id), externalIds: [...externalIds] };
}

/** What nobody can read was shown to a person when it arrived. */
function eventsOf<Event>(read: () => Event[]): Event[] {
  try {
    return read();
  } catch {
    return [];
  }
}

export async function closeHints(
  database: Database,
  workspaceId: string,
  { deliveryIds }: Hints,
): Promise<void> {
  if (deliveryIds.length > 0)
    await database.inWorkspace(workspaceId, (tx) => closeDeliveries(tx, deliveryIds));
}
