/** Owns what a connection's stored webhooks say of single entries: each that no page brought is asked for by itself. */
import { setImmediate } from 'node:timers/promises';
import type { Connector } from '../connectors/kit/define.ts';
import { hintSync } from '../store/connections.ts';
import type { Database } from '../store/database.ts';
import { closeDeliveries, listOpenDeliveries } from '../store/webhook-deliveries.ts';

/** What deliveries name, oldest first. */
export interface Hints {
  deliveries: { id: string; externalIds: string[] }[];
  /** There may be more that were not read. */
  isCut: boolean;
}
/** What of them one reading looks into. */
export interface ChosenHints {
  /** To be closed once the entries are looked at. */
  deliveryIds: string[];
  /** External ids of time entries, each once, in the order they were named. */
  externalIds: string[];
  areMoreLeft: boolean;
}

/** More wait for the next reading, both. */
const mostDeliveries = 500;
const mostEntries = 200;
/** A millisecond or two. */
const readAtOnce = 50;

export async function readHints(
  database: Database,
  { workspaceId, connectionId }: { workspaceId: string; connectionId: string },
  { webhooks, timeSource }: Connector,
): Promise<Hints> {
  if (!webhooks || !timeSource) return { deliveries: [], isCut: false };
  const entities = new Set(webhooks.timeEntities ?? ['time_entry']);
  const deliveries = await database.inWorkspace(workspaceId, (tx) =>
    listOpenDeliveries(tx, connectionId, mostDeliveries),
  );
  const named: Hints['deliveries'] = [];
  for (const { id, body, headers } of deliveries) {
    const events = eventsOf(() => webhooks.events({ rawBody: body, headers, query: {} }));
    const externalIds = events.flatMap((each) => (entities.has(each.entity) ? each.externalId : []));
    // Whoever sends hundreds is sending more right now, and they wait for the same thread.
    if (named.push({ id, externalIds }) % readAtOnce === 0) await setImmediate();
  }
  return { deliveries: named, isCut: deliveries.length === mostDeliveries };
}

export const isHinted = ({ deliveries }: Hints): boolean =>
  deliveries.some(({ externalIds }) => externalIds.length > 0);

/** Whole deliveries, until they name enough that no page brought; of the first one all, however many it names. */
export function chooseHints({ deliveries, isCut }: Hints, seen: ReadonlySet<string>): ChosenHints {
  const externalIds = new Set<string>();
  const deliveryIds: string[] = [];
  for (const delivery of deliveries) {
    if (externalIds.size >= mostEntries) break;
    deliveryIds.push(delivery.id);
    for (const externalId of delivery.externalIds) if (!seen.has(externalId)) externalIds.add(externalId);
  }
  const areMoreLeft = isCut || deliveryIds.length < deliveries.length;
  return { deliveryIds, externalIds: [...externalIds], areMoreLeft };
}

/** What nobody can read was shown to a person when it arrived. */
function eventsOf<Event>(read: () => Event[]): Event[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** What is left is looked into soon, and not only when the next poll is due. */
export async function closeHints(
  database: Database,
  { workspaceId, connectionId }: { workspaceId: string; connectionId: string },
  { deliveryIds, areMoreLeft }: ChosenHints,
): Promise<void> {
  if (deliveryIds.length === 0) return;
  await database.inWorkspace(workspaceId, async (tx) => {
    await closeDeliveries(tx, deliveryIds);
    if (areMoreLeft) await hintSync(tx, connectionId);
  });
}
