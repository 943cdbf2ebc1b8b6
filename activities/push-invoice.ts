/** Owns booking an issued invoice at the accounting platform, once: customer, items, time where asked for, invoice, comparison. */
import type { Connector, InvoiceTarget, RemoteInvoice, TargetInvoice } from '../connectors/kit/define.ts';
import { InvalidRequest } from '../connectors/kit/errors.ts';
import { Decimal } from '../domain/money.ts';
import { cardOf, type OwnershipCard } from '../domain/ownership.ts';
import { rereadStreamToo } from '../store/checkpoints.ts';
import { clockOf } from '../store/clock.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { type InvoicedWork, readInvoicedWork, readProjectCodes } from '../store/invoiced-work.ts';
import { type InvoiceLineRow, type InvoiceRow, readInvoice, readInvoiceLines } from '../store/invoices.ts';
import { enqueueLook } from '../store/outbox.ts';
import { queueDocument, releaseWaiting } from '../store/pushed-documents.ts';
import {
  closeIntent,
  markSynced,
  markSyncFailed,
  markSyncing,
  readSyncRecord,
  type SyncRecord,
} from '../store/sync.ts';
import type { ActivityDeps } from './deps.ts';
import { findBooked, saysVoidThere } from './find-booked.ts';
import type { SubjectRef } from './look.ts';
import { askAfterPush } from './payment-links.ts';
import { pushTime, sayUnlinked } from './push-time.ts';
import { type AtTarget, differenceOf, productNameOf, toTargetInvoice } from './target-invoice.ts';
import { type OpenVendor, openVendor, settleVendorFailure } from './vendor.ts';
import { ensureNamed, writeOnce } from './write-once.ts';

export const actor = 'system:client-invoice';
const maxSyncedLines = 10_000;

/** An invoice as it is said at a platform, and what could not be said there. */
export interface SaidInvoice {
  target: InvoiceTarget;
  card: OwnershipCard;
  document: TargetInvoice;
  at: AtTarget;
  /** Entries whose time did not get there, with why. */
  unlinked: string[];
}

export function createPushInvoice(deps: ActivityDeps) {
  const { database } = deps;

  return { pushInvoice, sayInvoice };

  /**
   * Books the invoice at the platform once, however often this is repeated: intent, look, post, compare to the cent.
   * Throws what Temporal should retry; everything else ends in the sync record.
   */
  async function pushInvoice(ref: SubjectRef): Promise<void> {
    const { workspaceId, subjectId } = ref;
    const begun = await database.inWorkspace(workspaceId, async (tx) => {
      const record = await readSyncRecord(tx, 'client_invoice', subjectId);
      if (record?.wanted !== 'create' || record.status === 'synced' || record.status === 'failed')
        return null;
      await markSyncing(tx, 'client_invoice', subjectId, record.connectionId);
      return { record, ...(await readPushed(tx, subjectId)) };
    });
    // Voided while this began: the void held the record until it was done.
    if (begun === null || begun.invoice.status === 'void') return;
    const { record, invoice, lines } = begun;
    const fail = (step: string, reason: string, externalId: string | null = null) =>
      database.inWorkspace(workspaceId, (tx) =>
        markSyncFailed(tx, {
          connectionId: record.connectionId,
          subjectType: 'client_invoice',
          subjectId,
          step,
          reason,
          externalId,
          actor,
        }),
      );
    const at = { step: 'connection' };
    try {
      const vendor = await openVendor(deps, workspaceId, record.connectionId);
      if (!vendor) return;
      const said = await sayInvoice(vendor, workspaceId, invoice, lines, at);
      const { target, document } = said;
      at.step = 'invoice';
      const { remote, intent } = await writeOnce(
        database,
        vendor,
        { workspaceId, subjectType: 'client_invoice', subjectId, generation: record.generation },
        () => findBooked(vendor, said, record.externalId),
        (key) => target.invoices.create(vendor.http, document, key),
      );
      await database.inWorkspace(workspaceId, (tx) => closeIntent(tx, intent.id, remote.externalId));
      if (remote.status === 'void')
        return await fail('void_there', saysVoidThere(vendor, invoice), remote.externalId);
      const difference = differenceOf(invoice, remote);
      if (difference) return await fail('total_differs', difference, remote.externalId);
      await database.inWorkspace(workspaceId, (tx) => keepSynced(tx, record, invoice, remote, said));
      // It is booked, whatever becomes of this. A draft is shown to no client yet.
      if (remote.status !== 'draft')
        await askAfterPush(deps, workspaceId, vendor, {
          invoiceId: subjectId,
          externalId: remote.externalId,
          email: document.email,
        });
    } catch (problem) {
      const settled = await settleVendorFailure(deps, workspaceId, record.connectionId, problem);
      if (settled.kind === 'invalid')
        await fail(settled.code === 'total_differs' ? settled.code : at.step, settled.reason);
    }
  }

  /** Finds or makes what the invoice needs there. `at` names the step that is under way. */
  async function sayInvoice(
    vendor: OpenVendor,
    workspaceId: string,
    invoice: InvoiceRow,
    lines: InvoiceLineRow[],
    at: { step: string },
  ): Promise<SaidInvoice> {
    const { connector } = vendor;
    const target = invoiceTargetOf(connector);
    const card = cardOf(vendor.connection.ownership);
    if (lines.length > maxSyncedLines)
      throw refusedAt(
        at,
        'too_many_lines',
        `more than ${maxSyncedLines} lines; group the invoice by project`,
      );
    const isOurNumber = card.number === 'ours' || !target.takes?.includes('their_number');
    if (isOurNumber && invoice.number!.length > target.numberMaxLength)
      throw refusedAt(
        at,
        'number_too_long',
        `${invoice.number} is longer than the ${target.numberMaxLength} characters ${connector.name} takes`,
      );
    at.step = 'customer';
    const names = [...new Set(lines.map((line) => productNameOf(line.kind)))];
    const known = await database.inWorkspace(workspaceId, (tx) =>
      readNamed(tx, vendor.connection.id, invoice.clientId, names),
    );
    const customerExternalId =
      known.customerExternalId ?? (await ensureCustomer(vendor, target, workspaceId, invoice));
    at.step = 'item';
    const items = await ensureItems(vendor, target, workspaceId, known.products);
    const found: AtTarget = { customerExternalId, items, dimensions: new Map(), times: new Map() };
    const work = await readWork(workspaceId, invoice.id, card);
    if (work.length > maxSyncedLines)
      throw refusedAt(
        at,
        'too_many_lines',
        `more than ${maxSyncedLines} entries; leave its lines as invoiced`,
      );
    if (card.dimension !== 'none') {
      at.step = 'dimension';
      found.dimensions = await findDimensions(vendor, target, workspaceId, card, [...lines, ...work]);
    }
    let unlinked: string[] = [];
    if (card.attachTime) {
      at.step = 'time';
      ({ times: found.times, unlinked } = await pushTime(deps, vendor, workspaceId, work, found));
    }
    const isShown = card.paymentLinks && target.paymentLinks !== undefined;
    const document = {
      ...toTargetInvoice(invoice, lines, found, card, work),
      email: isShown ? known.email : null,
    };
    return { target, card, document, at: found, unlinked };
  }

  /** Only where the card says anything of single entries: the ordinary push needs none. */
  async function readWork(
    workspaceId: string,
    invoiceId: string,
    card: OwnershipCard,
  ): Promise<InvoicedWork[]> {
    if (card.lines !== 'entries' && !card.attachTime) return [];
    return database.inWorkspace(workspaceId, (tx) => readInvoicedWork(tx, invoiceId, maxSyncedLines + 1));
  }

  async function findDimensions(
    vendor: OpenVendor,
    { dimension }: InvoiceTarget,
    workspaceId: string,
    card: OwnershipCard,
    parts: readonly { projectId: string | null }[],
  ): Promise<Map<string, string>> {
    const projectIds = parts.flatMap(({ projectId }) => projectId ?? []);
    const codes = await database.inWorkspace(workspaceId, (tx) => readProjectCodes(tx, projectIds));
    const codeOf = (of: { code: string; costCentre: string | null }) =>
      card.dimension === 'cost_centre' ? of.costCentre : of.code;
    const byCode = new Map<string, string | null>();
    for (const code of new Set([...codes.values()].flatMap((of) => codeOf(of) ?? [])))
      byCode.set(code, (await dimension?.find(vendor.http, code)) ?? null);
    const unknown = [...byCode].flatMap(([code, id]) => (id === null ? [code] : []));
    if (unknown.length > 0 && card.unknownDimension === 'fail')
      throw new InvalidRequest(
        `${vendor.connector.name} has no ${dimension?.name ?? 'dimension'} ${unknown.join(', ')}. Make it there, or leave it out by the ownership card.`,
        { vendorCode: 'dimension_unknown' },
      );
    return new Map(
      [...codes].flatMap(([projectId, of]) => {
        const id = byCode.get(codeOf(of) ?? '') ?? null;
        return id === null ? [] : [[projectId, id] as const];
      }),
    );
  }

  async function ensureCustomer(
    vendor: OpenVendor,
    target: InvoiceTarget,
    workspaceId: string,
    { clientId, clientName, currency }: InvoiceRow,
  ): Promise<string> {
    let party = { name: clientName, email: null as string | null, currency };
    const find = async () => {
      const row = await database.inWorkspace(workspaceId, (tx) =>
        tx.row<{ email: string | null }>('select email from clients where workspace_id = $1 and id = $2', [
          workspaceId,
          clientId,
        ]),
      );
      party = { ...party, email: row?.email ?? null };
      return target.customers.find(vendor.http, party);
    };
    const subject = { workspaceId, subjectType: 'client', subjectId: clientId } as const;
    const create = (key: string) => target.customers.create(vendor.http, party, key);
    return ensureNamed(database, vendor, subject, { find, create }, actor);
  }

  /** The platform's item per product name of the lines' kinds. */
  async function ensureItems(
    vendor: OpenVendor,
    target: InvoiceTarget,
    workspaceId: string,
    products: Named['products'],
  ): Promise<Map<string, string>> {
    const items = new Map<string, string>();
    for (const { id, name, externalId } of products) {
      const find = () => target.items.find(vendor.http, { name });
      const create = (key: string) => target.items.create(vendor.http, { name }, key);
      const subject = { workspaceId, subjectType: 'product', subjectId: id } as const;
      items.set(name, externalId ?? (await ensureNamed(database, vendor, subject, { find, create }, actor)));
    }
    return items;
  }
}

/** What an invoice names at a platform, with the ids there of what was found or made before. */
interface Named {
  customerExternalId: string | null;
  /** Of its accounts payable: some platforms make a page to pay at only for whom they could mail. */
  email: string | null;
  products: { id: string; name: string; externalId: string | null }[];
}

async function readNamed(
  tx: WorkspaceTx,
  connectionId: string,
  clientId: string,
  productNames: readonly string[],
): Promise<Named> {
  const client = await tx.row<{ customerExternalId: string | null; email: string | null }>(
    `select s.external_id as customer_external_id, coalesce(c.accounts_payable_email, c.email) as email from clients c
     left join sync_records s on s.workspace_id = $1 and s.connection_id = $3 and s.subject_type = 'client' and s.subject_id = c.id
     where c.workspace_id = $1 and c.id = $2`,
    [tx.workspaceId, clientId, connectionId],
  );
  return {
    customerExternalId: client?.customerExternalId ?? null,
    email: client?.email ?? null,
    products: await tx.rows(
      `select p.id, p.name, s.external_id from products p
       left join sync_records s on s.workspace_id = $1 and s.connection_id = $3 and s.subject_type = 'product' and s.subject_id = p.id
       where p.workspace_id = $1 and p.name = any($2::text[]) order by p.name`,
      [tx.workspaceId, productNames, connectionId],
    ),
  };
}

export async function readPushed(
  tx: WorkspaceTx,
  invoiceId: string,
): Promise<{ invoice: InvoiceRow; lines: InvoiceLineRow[] }> {
  return {
    invoice: (await readInvoice(tx, invoiceId))!,
    lines: await readInvoiceLines(tx, invoiceId, 0, maxSyncedLines + 1),
  };
}

/** In one transaction: it is there, what waited for it goes on, and what follows of it is queued. */
async function keepSynced(
  tx: WorkspaceTx,
  { connectionId }: SyncRecord,
  invoice: InvoiceRow,
  remote: RemoteInvoice,
  { card, document, unlinked }: SaidInvoice,
): Promise<void> {
  await markSynced(tx, {
    connectionId,
    subjectType: 'client_invoice',
    subjectId: invoice.id,
    externalId: remote.externalId,
    versionToken: remote.versionToken,
    total: remote.total,
    remoteNumber: remote.number === invoice.number ? null : remote.number,
    actor,
  });
  await releaseWaiting(tx, invoice.id);
  // A clock that is set forward waits for looks: what comes next must be planned before it goes on.
  if ((await clockOf(tx)).isSandbox)
    await enqueueLook(tx, {
      subjectType: 'client_invoice',
      subjectId: invoice.id,
      lane: 'bulk',
      reason: 'synced',
    });
  if (card.attachTime) await sayUnlinked(tx, connectionId, invoice.id, document, remote, unlinked);
  // A draft is nobody's word yet: whoever posts it there sends it.
  if (card.mail === 'theirs' && remote.status !== 'draft')
    await queueDocument(tx, {
      connectionId,
      subjectType: 'invoice_mail',
      subjectId: invoice.id,
      ownerType: 'client_invoice',
      ownerId: invoice.id,
    });
  // Paid before we knew its id: a reading in between took that payment for one that is not ours.
  if (!new Decimal(remote.balance).eq(remote.total)) await readPaymentsAnew(tx, connectionId);
}

async function readPaymentsAnew(tx: WorkspaceTx, connectionId: string): Promise<void> {
  await rereadStreamToo(tx, connectionId, 'payments');
  await enqueueLook(tx, {
    subjectType: 'connection',
    subjectId: connectionId,
    lane: 'interactive',
    reason: 'an invoice was found paid',
  });
}

export function invoiceTargetOf(connector: Connector): InvoiceTarget {
  if (!connector.invoiceTarget)
    throw new InvalidRequest(`${connector.name} takes no invoices; choose another target for the contract.`);
  return connector.invoiceTarget;
}

/** A refusal of ours, under a step's name of its own. */
function refusedAt(at: { step: string }, step: string, reason: string): InvalidRequest {
  at.step = step;
  return new InvalidRequest(reason, { vendorCode: step });
}
