/** Owns the steps of a client invoice after issue: the push to the accounting platform, and when nothing is waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connector, InvoiceTarget, RemoteInvoice, TargetInvoice } from '../connectors/kit/define.ts';
import { InvalidRequest, toVendorError, Unavailable } from '../connectors/kit/errors.ts';
import { numberLimits } from '../connectors/kit/registry.ts';
import { Decimal } from '../domain/money.ts';
import { productDefaults } from '../domain/pricing/product-defaults.ts';
import { rereadStream } from '../store/checkpoints.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { unprintedDocuments } from '../store/document-files.ts';
import { type InvoiceLineRow, type InvoiceRow, readInvoice, readInvoiceLines } from '../store/invoices.ts';
import { holdInvoices, issueInvoices } from '../store/issue.ts';
import { enqueueLook } from '../store/outbox.ts';
import { expireSignOff } from '../store/sign-offs.ts';
import {
  closeIntent,
  expireIntent,
  extendIntent,
  type Intent,
  markSynced,
  markSyncFailed,
  markSyncing,
  openIntent,
  readExternalId,
  readIntent,
  readSyncRecord,
  type SyncedSubject,
} from '../store/sync.ts';
import { workspaceNow } from '../store/workspaces.ts';
import { type ClientInvoiceStep, nextStep } from './client-invoice-step.ts';
import type { ActivityDeps } from './deps.ts';
import { look, type SubjectRef } from './look.ts';
import { type OpenVendor, openVendor, settleVendorFailure } from './vendor.ts';

const actor = 'system:client-invoice';
/** The vendor may commit a request that we gave up on; this much later we believe that it will not. */
const deadlineMarginMs = 2_000;
/** Several invoices of a client wait for its one customer record: they see within this time that it is there. */
const intentPollMs = 200;
const maxSyncedLines = 10_000;

export function createClientInvoiceActivities(deps: ActivityDeps) {
  const { database } = deps;

  return {
    /** What this invoice needs now, from its own state and its connection's. */
    lookAtClientInvoice: (ref: SubjectRef): Promise<ClientInvoiceStep> =>
      look(deps, 'client_invoice', ref, (tx) => nextStep(tx, ref.subjectId)),

    /** The files of the invoice and of its credit notes, each made once; its mails go out with them. */
    async printDocuments(ref: SubjectRef): Promise<void> {
      const { workspaceId, subjectId } = ref;
      const unprinted = await database.inWorkspace(workspaceId, (tx) => unprintedDocuments(tx, subjectId));
      for (const document of unprinted) await deps.documents.keep({ workspaceId, ...document });
    },

    /** Nobody answered in time: by the contract a yes, or the draft is held. */
    async expireSignOff({ workspaceId, subjectId }: SubjectRef): Promise<void> {
      await database.inWorkspace(workspaceId, async (tx) => {
        const outcome = await expireSignOff(tx, subjectId, actor, await workspaceNow(tx));
        if (outcome === 'hold')
          await holdInvoices(
            tx,
            [{ id: subjectId, reason: 'its client has not signed it off in time' }],
            actor,
          );
      });
    },

    /** What its client has signed off goes through the same gate as the rest of its run did. */
    async issueSignedOff({ workspaceId, subjectId }: SubjectRef): Promise<void> {
      await database.inWorkspace(workspaceId, async (tx) =>
        issueInvoices(tx, [subjectId], actor, await workspaceNow(tx), null, numberLimits, true),
      );
    },

    /**
     * Books the invoice at the platform once, however often this is repeated: intent, look, post, compare to the cent.
     * Throws what Temporal should retry; everything else ends in the sync record.
     */
    async pushInvoice(ref: SubjectRef): Promise<void> {
      const { workspaceId, subjectId } = ref;
      const record = await database.inWorkspace(workspaceId, (tx) =>
        readSyncRecord(tx, 'client_invoice', subjectId),
      );
      if (!record || record.status === 'synced' || record.status === 'failed') return;
      const { invoice, lines } = await database.inWorkspace(workspaceId, async (tx) => {
        await markSyncing(tx, 'client_invoice', subjectId, record.connectionId);
        return {
          invoice: (await readInvoice(tx, subjectId))!,
          lines: await readInvoiceLines(tx, subjectId, 0, maxSyncedLines + 1),
        };
      });
      // Voided while this began: the void held the record until it was done.
      if (invoice.status === 'void') return;
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
      let step = 'connection';
      try {
        const vendor = await openVendor(deps, workspaceId, record.connectionId);
        if (!vendor) return;
        const target = invoiceTargetOf(vendor.connector);
        if (lines.length > maxSyncedLines)
          return await fail(
            'too_many_lines',
            `more than ${maxSyncedLines} lines; group the invoice by project`,
          );
        if (invoice.number!.length > target.numberMaxLength) {
          return await fail(
            'number_too_long',
            `${invoice.number} is longer than the ${target.numberMaxLength} characters ${vendor.connector.name} takes`,
          );
        }
        step = 'customer';
        const customer = await ensureCustomer(vendor, target, workspaceId, invoice);
        step = 'item';
        const items = await ensureItems(vendor, target, workspaceId, lines);
        step = 'invoice';
        const document = toTargetInvoice(invoice, lines, customer, items);
        const { remote, intent } = await writeOnce(
          vendor,
          { workspaceId, subjectType: 'client_invoice', subjectId, generation: record.generation },
          () => target.invoices.find(vendor.http, document),
          (key) => target.invoices.create(vendor.http, document, key),
        );
        await database.inWorkspace(workspaceId, (tx) => closeIntent(tx, intent.id, remote.externalId));
        const difference = differenceOf(invoice, remote);
        if (difference) return await fail('total_differs', difference, remote.externalId);
        await database.inWorkspace(workspaceId, async (tx) => {
          await markSynced(tx, {
            connectionId: record.connectionId,
            subjectType: 'client_invoice',
            subjectId,
            externalId: remote.externalId,
            versionToken: remote.versionToken,
            total: remote.total,
            actor,
          });
          // Paid before we knew its id: a reading in between took that payment for one that is not ours.
          if (!new Decimal(remote.balance).eq(remote.total)) await readPaymentsAnew(tx, record.connectionId);
        });
      } catch (problem) {
        const settled = await settleVendorFailure(deps, workspaceId, record.connectionId, problem);
        if (settled.kind === 'invalid')
          await fail(settled.code === 'total_differs' ? settled.code : step, settled.reason);
      }
    },
  };

  async function ensureCustomer(
    vendor: OpenVendor,
    target: InvoiceTarget,
    workspaceId: string,
    invoice: InvoiceRow,
  ): Promise<string> {
    const known = await database.inWorkspace(workspaceId, (tx) =>
      readExternalId(tx, vendor.connection.id, 'client', invoice.clientId),
    );
    if (known) return known;
    const email = await database.inWorkspace(workspaceId, async (tx) =>
      tx.row<{ email: string | null }>('select email from clients where workspace_id = $1 and id = $2', [
        workspaceId,
        invoice.clientId,
      ]),
    );
    const { clientId, clientName, currency } = invoice;
    const party = { name: clientName, email: email?.email ?? null, currency };
    return ensureNamed(
      vendor,
      { workspaceId, subjectType: 'client', subjectId: clientId, generation: 1 },
      () => target.customers.find(vendor.http, party),
      (key) => target.customers.create(vendor.http, party, key),
    );
  }

  /** The platform's item per product name of the lines' kinds. */
  async function ensureItems(
    vendor: OpenVendor,
    target: InvoiceTarget,
    workspaceId: string,
    lines: InvoiceLineRow[],
  ): Promise<Map<string, string>> {
    const names = [...new Set(lines.map((line) => productNameOf(line.kind)))];
    const products = await database.inWorkspace(workspaceId, (tx) =>
      tx.rows<{ id: string; name: string }>(
        'select id, name from products where workspace_id = $1 and name = any($2::text[]) order by name',
        [workspaceId, names],
      ),
    );
    const items = new Map<string, string>();
    for (const { id, name } of products) {
      const known = await database.inWorkspace(workspaceId, (tx) =>
        readExternalId(tx, vendor.connection.id, 'product', id),
      );
      const externalId =
        known ??
        (await ensureNamed(
          vendor,
          { workspaceId, subjectType: 'product', subjectId: id, generation: 1 },
          () => target.items.find(vendor.http, { name }),
          (key) => target.items.create(vendor.http, { name }, key),
        ));
      items.set(name, externalId);
    }
    return items;
  }

  /** Finds or makes a customer or an item; two invoices of one client at once share the intent. */
  async function ensureNamed(
    vendor: OpenVendor,
    subject: { workspaceId: string; subjectType: SyncedSubject; subjectId: string; generation: number },
    find: () => Promise<string | null>,
    create: (idempotencyKey: string) => Promise<string>,
  ): Promise<string> {
    const existing = await find();
    const made = existing === null ? await writeOnce(vendor, subject, find, create) : null;
    const externalId = existing ?? made!.remote;
    await database.inWorkspace(subject.workspaceId, async (tx) => {
      if (made) await closeIntent(tx, made.intent.id, externalId);
      await markSynced(tx, {
        connectionId: vendor.connection.id,
        ...subject,
        externalId,
        versionToken: null,
        total: null,
        actor,
      });
    });
    return externalId;
  }

  /** Until whoever holds the intent has answered, or its request can no longer arrive at the vendor. */
  async function outwait(workspaceId: string, intent: Intent): Promise<void> {
    let { status, deadlineAt } = intent;
    while (status === 'open' && Date.parse(deadlineAt) > Date.now()) {
      await sleep(Math.min(intentPollMs, Date.parse(deadlineAt) - Date.now() + 1));
      ({ status, deadlineAt } = await database.inWorkspace(workspaceId, (tx) => readIntent(tx, intent.id)));
    }
  }

  /** Intent → (when it is not the first try: wait out its deadline, look) → post under the intent's idempotency key. */
  async function writeOnce<Remote>(
    vendor: OpenVendor,
    subject: { workspaceId: string; subjectType: SyncedSubject; subjectId: string; generation: number },
    find: () => Promise<Remote | null>,
    create: (idempotencyKey: string) => Promise<Remote>,
  ): Promise<{ remote: Remote; intent: Intent }> {
    const deadlineMs = vendor.timeoutMs + deadlineMarginMs;
    const intent = await database.inWorkspace(subject.workspaceId, (tx) =>
      openIntent(tx, { ...subject, connectionId: vendor.connection.id, action: 'create', deadlineMs }),
    );
    // A new generation follows a failure that a person mended: what stands there is not known any more than on a repeat.
    if (!intent.fresh || subject.generation > 1) {
      await outwait(subject.workspaceId, intent);
      const found = await find();
      if (found !== null) return { remote: found, intent };
      await database.inWorkspace(subject.workspaceId, (tx) => extendIntent(tx, intent.id, deadlineMs));
    }
    try {
      return { remote: await create(intent.idempotencyKey), intent };
    } catch (problem) {
      // Only an answer that never came can still commit; a refusal made nothing.
      if (!(toVendorError(problem) instanceof Unavailable)) {
        await database.inWorkspace(subject.workspaceId, (tx) => expireIntent(tx, intent.id));
      }
      throw problem;
    }
  }
}

async function readPaymentsAnew(tx: WorkspaceTx, connectionId: string): Promise<void> {
  await rereadStream(tx, connectionId, 'payments');
  await enqueueLook(tx, {
    subjectType: 'connection',
    subjectId: connectionId,
    lane: 'interactive',
    reason: 'an invoice was found paid',
  });
}

function invoiceTargetOf(connector: Connector): InvoiceTarget {
  if (!connector.invoiceTarget)
    throw new InvalidRequest(`${connector.name} takes no invoices; choose another target for the contract.`);
  return connector.invoiceTarget;
}

const productByLineKind: Record<string, string> = {
  time: productDefaults.labor.name,
  expense: productDefaults.expense.name,
  goods: productDefaults.goods.name,
  mileage: productDefaults.mileage_distance.name,
};
const productNameOf = (lineKind: string) => productByLineKind[lineKind] ?? productDefaults.labor.name;

/** Our document in the target's words; pure. */
export function toTargetInvoice(
  invoice: InvoiceRow,
  lines: InvoiceLineRow[],
  customerExternalId: string,
  items: Map<string, string>,
): TargetInvoice {
  return {
    key: invoice.id,
    number: invoice.number!,
    customer: { externalId: customerExternalId },
    currency: invoice.currency,
    issueDate: invoice.issueDate!,
    dueDate: invoice.dueDate!,
    email: null,
    lines: lines.map((line) => ({
      ...figuresOf(line),
      itemExternalId: items.get(productNameOf(line.kind))!,
      serviceDate: line.serviceTo,
      taxCode: null,
    })),
    net: invoice.net,
    tax: invoice.tax,
    total: invoice.total,
  };
}

/** Platforms multiply quantity and price: a line with a discount is one of what it brings, and says so. */
function figuresOf(line: InvoiceLineRow) {
  const { description, quantity, unitPrice, amount, discount, allowance } = line;
  const off = new Decimal(discount).plus(allowance);
  if (off.isZero()) return { description, quantity, unitPrice, amount };
  const net = new Decimal(amount).minus(off).toFixed();
  const words = `${description} (${quantity} × ${unitPrice}, less ${off.toFixed()})`;
  return { description: words, quantity: '1', unitPrice: net, amount: net };
}

/** Net, tax and total to the cent; null when they agree. */
export function differenceOf(
  ours: { net: string; tax: string; total: string },
  theirs: Pick<RemoteInvoice, 'net' | 'tax' | 'total'>,
): string | null {
  const unequal = (['net', 'tax', 'total'] as const).filter(
    (field) => !new Decimal(ours[field]).eq(theirs[field]),
  );
  return unequal.length === 0
    ? null
    : unequal.map((field) => `${field} is ${ours[field]} here and ${theirs[field]} there`).join('; ');
}
