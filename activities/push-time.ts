/** Owns time entries from elsewhere at the platform that invoices them: each made there once, then linked, then read back. */
import type { RemoteInvoice, TargetInvoice, TimeTarget } from '../connectors/kit/define.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { closeFixed, raiseFindings } from '../store/exceptions.ts';
import { type InvoicedWork, readExternalIds } from '../store/invoiced-work.ts';
import { closeIntent, markSynced } from '../store/sync.ts';
import type { ActivityDeps } from './deps.ts';
import { type AtTarget, productNameOf } from './target-invoice.ts';
import type { OpenVendor } from './vendor.ts';
import { writeOnce } from './write-once.ts';

const actor = 'system:client-invoice';

type Hours = InvoicedWork & { entry: NonNullable<InvoicedWork['entry']> };
const isHours = (part: InvoicedWork): part is Hours =>
  part.entry?.kind === 'labor' && part.entry.quantity > 0;

/** The platform's ids by entry, and a sentence for each entry that did not get there. */
export async function pushTime(
  deps: ActivityDeps,
  vendor: OpenVendor,
  workspaceId: string,
  work: readonly InvoicedWork[],
  { customerExternalId, items }: AtTarget,
): Promise<{ times: Map<string, string>; unlinked: string[] }> {
  const { connection, connector } = vendor;
  const hours = work.filter(isHours);
  // What came from this very platform is there already.
  const times = new Map(
    hours
      .filter(({ entry }) => entry.connectionId === connection.id)
      .map(({ entry }) => [entry.id, entry.externalId]),
  );
  const elsewhere = hours.filter(({ entry }) => !times.has(entry.id));
  const target = connector.timeTarget;
  if (elsewhere.length === 0) return { times, unlinked: [] };
  if (!target)
    return {
      times,
      unlinked: [`${elsewhere.length} entries: ${connector.name} takes no time from elsewhere`],
    };
  const entryIds = elsewhere.map(({ entry }) => entry.id);
  const known = await deps.database.inWorkspace(workspaceId, (tx) =>
    readExternalIds(tx, connection.id, 'entry', entryIds),
  );
  for (const [id, externalId] of known) times.set(id, externalId);
  const people = await findPeople(deps, vendor, workspaceId, target, elsewhere);
  const unlinked: string[] = [];
  for (const part of elsewhere) {
    const { entry, person, workDate, unitPrice, description } = part;
    if (times.has(entry.id)) continue;
    const personExternalId = person && people.get(person.id);
    if (!personExternalId) {
      unlinked.push(`${workDate}: ${connector.name} does not know ${person?.name ?? 'who worked'}`);
      continue;
    }
    const wanted = {
      key: entry.id,
      workDate,
      seconds: entry.quantity,
      startedAt: entry.startedAt,
      person: { externalId: personExternalId },
      customer: { externalId: customerExternalId },
      projectExternalId: null,
      itemExternalId: items.get(productNameOf('time')) ?? null,
      billable: true,
      hourlyRate: unitPrice,
      description,
    };
    const { remote, intent } = await writeOnce(
      deps.database,
      vendor,
      { workspaceId, subjectType: 'entry', subjectId: entry.id, generation: 1 },
      () => target.find(vendor.http, wanted),
      (key) => target.create(vendor.http, wanted, key),
    );
    await deps.database.inWorkspace(workspaceId, async (tx) => {
      await closeIntent(tx, intent.id, remote.externalId);
      const facts = { ...remote, subjectType: 'entry', subjectId: entry.id, total: null, actor } as const;
      await markSynced(tx, { connectionId: connection.id, ...facts });
    });
    times.set(entry.id, remote.externalId);
  }
  return { times, unlinked };
}

/** People are found by name there and never made: who is missing is said. */
async function findPeople(
  deps: ActivityDeps,
  vendor: OpenVendor,
  workspaceId: string,
  target: TimeTarget,
  parts: readonly Hours[],
): Promise<Map<string, string>> {
  const byId = new Map(parts.flatMap(({ person }) => (person ? [[person.id, person] as const] : [])));
  const found = await deps.database.inWorkspace(workspaceId, (tx) =>
    readExternalIds(tx, vendor.connection.id, 'person', [...byId.keys()]),
  );
  for (const [subjectId, person] of byId) {
    if (found.has(subjectId)) continue;
    const externalId = (await target.people?.find(vendor.http, person)) ?? null;
    if (externalId === null) continue;
    found.set(subjectId, externalId);
    await deps.database.inWorkspace(workspaceId, (tx) =>
      markSynced(tx, {
        connectionId: vendor.connection.id,
        subjectType: 'person',
        subjectId,
        externalId,
        versionToken: null,
        total: null,
        actor,
      }),
    );
  }
  return found;
}

/** The links read back: what is missing becomes a warning that names it, and the invoice stays as booked. */
export async function sayUnlinked(
  tx: WorkspaceTx,
  connectionId: string,
  invoiceId: string,
  document: TargetInvoice,
  remote: RemoteInvoice,
  notPushed: readonly string[],
): Promise<void> {
  const wanted = new Set(document.lines.flatMap((line) => line.timeExternalIds ?? []));
  const linked = new Set(remote.timeExternalIds ?? []);
  const missing = remote.timeExternalIds === undefined ? [] : [...wanted].filter((id) => !linked.has(id));
  const subjectKey = `client_invoice:${invoiceId}`;
  if (missing.length === 0 && notPushed.length === 0)
    return closeFixed(tx, 'sync.time_not_linked', [subjectKey], 'linked');
  const detail = {
    connectionId,
    missingThere: missing.slice(0, 100),
    notPushed: notPushed.slice(0, 100),
    linked: linked.size,
    wanted: wanted.size + notPushed.length,
  };
  await raiseFindings(tx, [
    {
      rule: 'sync.time_not_linked',
      severity: 'W',
      subjectKey,
      fingerprint: JSON.stringify([missing, notPushed]).slice(0, 2_000),
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      detail,
      entries: [],
    },
  ]);
}
