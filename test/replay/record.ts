/**
 * Owns the recording of workflow histories that workflows.replay.test.ts keeps replaying (invariant 11).
 *
 *     npm run record [-- NAME …]
 *
 * Tells the stories below on a hub with servers of its own in a temporary folder (about a minute) and writes one file per
 * workflow to `histories/`, named `<workflow>.<path>.json`: those that have no file yet, or the NAMEs. When to record:
 *   - a new workflow type, or a new path of one: add it to a story here, record it, commit its file;
 *   - never to make a failing replay pass. A history stands for workflows that run at somebody's hub: keep it, and let
 *     the changed workflow carry both ways with `patched()` (docs/decisions/0031-versioning-workflows.md).
 */
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import pino from 'pino';
import type { TicketStep } from '../../activities/ticket.ts';
import { startHub } from '../../cli/hub.ts';
import { readConfig } from '../../config.ts';
import { localDay } from '../../domain/day.ts';
import { sweepOverdue } from '../../runtime/sweeper.ts';
import { subjectWorkflowId } from '../../runtime/temporal-signals.ts';
import { newId } from '../../store/new-id.ts';
import { enqueueLook } from '../../store/outbox.ts';
import { bundleTickets, markTicketsPaid } from '../../store/tickets.ts';
import { hubDoor, openContractorFirm } from '../support/contractors.ts';
import { sleep, until } from '../support/loops.ts';
import { makeMember } from '../support/make-member.ts';
import { makeSandbox, openSandbox } from '../support/sandbox.ts';
import { openSelfBillingFirm } from '../support/self-billing-firm.ts';
import { openSpine, type ShownInvoice, type Spine, type SpineOptions } from '../support/spine.ts';
import type { Answered } from '../support/start-api.ts';
import { openTicketDesk } from '../support/ticket-desk.ts';
import { expectStatus } from '../support/tickets.ts';
import { openTestWorkspace, type TestWorkspace } from '../support/workspace.ts';
import { historyToText } from './history-file.ts';

const directory = join(import.meta.dirname, 'histories');
const named = process.argv.slice(2);
const isWanted = (name: string) =>
  named.length > 0 ? named.includes(name) : !existsSync(join(directory, `${name}.json`));
const dataDir = mkdtempSync(join(tmpdir(), 'slipway-record-'));
const { PATH, HOME } = process.env;
const hub = await startHub({
  config: readConfig({
    PATH,
    HOME,
    SLIPWAY_DATA_DIR: dataDir,
    SLIPWAY_PORT: '0',
    SLIPWAY_ALLOW_LOOPBACK_VENDORS: 'true',
  }),
  logger: pino({ level: 'silent' }),
  version: 'recording',
  durations: { durations: { client_invoice: { connectionRetryMs: 500, syncRetryMs: 1_000 } } },
  vendorTimeoutMs: 1_000,
});

async function record(name: string, handle: WorkflowHandle): Promise<void> {
  if (!isWanted(name)) return;
  const history = await handle.fetchHistory();
  writeFileSync(join(directory, `${name}.json`), historyToText(history));
  console.log(`${name}: ${history.events?.length ?? 0} events`);
}

interface Firm extends Spine {
  at: TestWorkspace;
}
async function withFirm(options: SpineOptions, story: (firm: Firm) => Promise<void>): Promise<void> {
  const at = await openTestWorkspace(hub, hub.database);
  const firm = { ...(await openSpine(at, options)), at };
  try {
    firm.work('NPF-101', 2);
    await firm.sync(firm.harvestId);
    await at.idle(patienceMs);
    await story(firm);
  } finally {
    await firm.close();
  }
}
/** Beside other work of the machine everything takes longer. */
const patienceMs = 120_000;
const isPostOf = (what: string) => (method: string, path: string) =>
  method === 'POST' && path.endsWith(`/${what}`);
const becomesClosed = (handle: WorkflowHandle) =>
  until(
    'it has ended',
    () =>
      handle.describe().then(
        ({ status }) => status.name !== 'RUNNING',
        () => false, // not started yet
      ),
    patienceMs,
  );

/** The whole spine on a good day, with a second payment and a disconnected platform at its end. */
async function goodDay(): Promise<void> {
  await withFirm({ pollSeconds: 2 }, async (firm) => {
    const run = await firm.bill();
    const invoice = await firm.invoiceBecomes('synced', (one) => one.sync?.status === 'synced');
    for (const [status, amount] of [
      ['partially_paid', '50.00'],
      ['settled', '150.00'],
    ]) {
      firm.quickbooks.bookPayment({
        invoiceId: invoice.sync!.externalId!,
        amount: amount!,
        date: '2026-04-10',
      });
      await firm.invoiceBecomes(status!, (one) => one.status === status);
    }
    await firm.at.idle(patienceMs);
    await record('billing-run.issued', firm.at.workflow('billing_run', run.id));
    await record('client-invoice.settled', firm.at.workflow('client_invoice', invoice.id));
    await record('connection.payments-polled', firm.at.workflow('connection', firm.quickbooksId));
    await firm.at.patch(`/connections/${firm.harvestId}`, { status: 'paused' });
    await firm.at.idle(patienceMs);
    await firm.at.patch(`/connections/${firm.harvestId}`, { status: 'disconnected' });
    await becomesClosed(firm.at.workflow('connection', firm.harvestId));
    await record('connection.disconnected', firm.at.workflow('connection', firm.harvestId));
  });
}

/** Answers that never come, a sign-in that is lost, a refusal that a person mends. */
async function badDay(): Promise<void> {
  await withFirm({}, async (firm) => {
    firm.harvest.fault({
      kind: 'status',
      status: 500,
      times: 6,
      match: (_, path) => path.endsWith('/time_entries'),
    });
    await firm.sync(firm.harvestId);
    firm.quickbooks.fault({ kind: 'commit_then_drop', times: 1, match: isPostOf('customer') });
    firm.quickbooks.fault({ kind: 'status', status: 404, times: 1, match: isPostOf('invoice') });
    await firm.bill();
    const failed = await firm.invoiceBecomes('failed', (one) => one.sync?.status === 'failed');
    firm.quickbooks.setAccessToken('another');
    await firm.at.post(`/invoices/${failed.id}/retry-sync`, {});
    await firm.connectionBecomes(firm.quickbooksId, 'lost', (one) => one.status === 'authorization_lost');
    await sleep(1_500);
    await firm.at.patch(`/connections/${firm.quickbooksId}`, { secrets: { accessToken: 'another' } });
    await firm.invoiceBecomes('synced', (one) => one.sync?.status === 'synced');
    await firm.at.idle(patienceMs);
    await record('client-invoice.mended-by-a-person', firm.at.workflow('client_invoice', failed.id));
    const gaveUp = async () =>
      (await firm.at.get<{ items: { status: string }[] }>('/operations')).items.filter(
        (one) => one.status === 'failed',
      ).length === 6;
    await until('the reading was given up', gaveUp, 60_000);
    await firm.at.idle(patienceMs);
    await record('connection.reading-given-up', firm.at.workflow('connection', firm.harvestId));
  });
}

/** Cancelled before a worker had it, and asked to stop at the drafts. */
async function otherRuns(): Promise<void> {
  await withFirm({}, async (firm) => {
    const ask = (finishAt: string) =>
      firm.at.post<{ id: string }>('/billing-runs', {
        scope: { type: 'workspace', id: firm.at.workspaceId },
        cutoffOn: '2026-04-01',
        reason: 'recording',
        finishAt,
      });
    const cancelled = await ask('issue');
    await firm.at.post(`/billing-runs/${cancelled.id}/cancel`, {});
    await becomesClosed(firm.at.workflow('billing_run', cancelled.id));
    await record('billing-run.cancelled', firm.at.workflow('billing_run', cancelled.id));
    const compiled = await firm.at.post<{ subjectId: string }>('/compilations', {
      scope: { type: 'workspace', id: firm.at.workspaceId },
      cutoffOn: '2026-04-01',
    });
    await firm.at.idle(patienceMs);
    await firm.at.post(`/billing-runs/${compiled.subjectId}/undo-compilation`, {});
    await firm.at.idle(patienceMs);
    await record('billing-run.undone', firm.at.workflow('billing_run', compiled.subjectId));
    const drafted = await ask('draft');
    await firm.at.idle(patienceMs);
    await record('billing-run.drafted', firm.at.workflow('billing_run', drafted.id));
  });
}

/** Nobody decides until reminder and escalation have gone out; then approved, and paid in two parts. */
async function contractorDay(): Promise<void> {
  const at = await openTestWorkspace(hub, hub.database);
  const firm = await openContractorFirm(
    hubDoor((method, path, options = {}) => at.call(method, path, options), hub.database),
  );
  const { workspaceId } = firm.books;
  const settings = { contractorInvoiceReminderAfterSeconds: 1, contractorInvoiceEscalationAfterSeconds: 2 };
  expectStatus(await firm.admin.patch('/workspace', { settings }), 200);
  const { id } = await firm.submittedInvoice([await firm.approvedTicket()]);
  await until(
    'the admins were told',
    async () => (await firm.told(firm.admin)).includes('contractor_invoice.escalated'),
    20_000,
  );
  expectStatus(await firm.admin.post(`/contractor-invoices/${id}/approve`, {}), 200);
  const handle = hub.temporal.workflow.getHandle(
    subjectWorkflowId({ workspaceId, subjectType: 'contractor_invoice', subjectId: id }),
  );
  const waitsFor = (what: string) =>
    until(`it waits for ${what}`, async () => {
      const state = await handle.query<{ for?: string } | null>('state');
      return state?.for === what;
    });
  await waitsFor('payment');
  expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '34.00' }]), 201);
  await waitsFor('rest_of_payment');
  expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '50.00' }]), 201);
  await becomesClosed(handle);
  await record('contractor-invoice.paid', handle);
}

/** Nobody decides until reminder and escalation have gone out, then it is followed to the money; another is rejected at once. */
async function ticketDay(): Promise<void> {
  const at = await openTestWorkspace(hub, hub.database);
  await at.patch('/workspace', {
    settings: { ticketReminderAfterSeconds: 1, ticketEscalationAfterSeconds: 2 },
  });
  const desk = await openTicketDesk(at, hub.database);
  const hours = [{ kind: 'labor', seconds: 7_200 }];
  const id = await desk.handIn(desk.dayAgo(2), hours);
  const handle = at.workflow('ticket', id);
  const stands = (what: string, wanted: (state: TicketStep) => boolean) =>
    until(what, async () => {
      const state = await handle.query<TicketStep | null>('state').catch(() => null);
      return state !== null && wanted(state);
    });
  await stands('reminded and escalated', (state) => state.step === 'wait' && state.until === null);
  await desk.send(desk.manager, 'POST', `/tickets/${id}/approve`, {});
  await stands('approved', (state) => state.step === 'wait' && state.for === 'contractor_invoice');
  const invoice = { actor: 'recording', contractorInvoiceId: id };
  await at.in((tx) => bundleTickets(tx, [id], invoice));
  await stands('bundled', (state) => state.step === 'wait' && state.for === 'payment');
  await at.in((tx) => markTicketsPaid(tx, [id], invoice));
  await becomesClosed(handle);
  await record('ticket.paid', handle);

  const other = await desk.handIn(desk.dayAgo(3), hours);
  await desk.send(desk.manager, 'POST', `/tickets/${other}/reject`, { reason: 'Which yard?' });
  await becomesClosed(at.workflow('ticket', other));
  await record('ticket.rejected', at.workflow('ticket', other));
}

async function sweeps(): Promise<void> {
  const schedule = hub.temporal.schedule.getHandle('slipway-sweep');
  await schedule.trigger();
  let workflowId: string | undefined;
  await until('a sweep ran', async () => {
    const [latest] = (await schedule.describe()).info.recentActions;
    if (latest?.action.type === 'startWorkflow') ({ workflowId } = latest.action.workflow);
    return workflowId !== undefined;
  });
  const handle = hub.temporal.workflow.getHandle(workflowId!);
  await becomesClosed(handle);
  await record('sweep.nothing-overdue', handle);
}

/** Holds the database so that an activity of the subject waits, then fails it for good. Answers once it is failed. */
async function failWhileHeld(
  handle: WorkflowHandle,
  hold: (work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await hold(async () => {
    let activityId: string | undefined;
    await until(
      'an activity waits',
      async () => {
        const pending = (await handle.describe().catch(() => null))?.raw.pendingActivities;
        activityId = pending?.find((one) => one.lastStartedTime)?.activityId ?? undefined;
        return activityId !== undefined;
      },
      patienceMs,
    );
    await hub.temporal.activity.fail(
      { workflowId: handle.workflowId, activityId: activityId! },
      ApplicationFailure.nonRetryable('the disk is full'),
    );
  });
}
const holdSteps = (at: TestWorkspace, work: () => Promise<void>) =>
  at.in(async (tx) => {
    await tx.run('lock table run_steps in exclusive mode');
    await work();
  });
const askForRun = async (at: TestWorkspace, key = at.key) => {
  const answer = await at.call('POST', '/billing-runs', {
    key,
    headers: { 'idempotency-key': newId() },
    body: {
      scope: { type: 'workspace', id: at.workspaceId },
      cutoffOn: '2026-04-01',
      reason: 'recording',
      finishAt: 'issue',
    },
  });
  return expectStatus(answer, 202) as { id: string; approval: string | null };
};

/** A run whose step fails for good: here while the database keeps it waiting, so that the failure is certain. */
async function failedRun(): Promise<void> {
  await withFirm({}, async ({ at }) => {
    let handle: WorkflowHandle | undefined;
    await holdSteps(at, async () => {
      handle = at.workflow('billing_run', (await askForRun(at)).id);
      await failWhileHeld(handle, (work) => work());
    });
    await becomesClosed(handle!);
    await record('billing-run.failed', handle!);
  });
}

/** A run that waits for another person, and again when more work came in meanwhile. */
async function waitingRun(): Promise<void> {
  await withFirm({}, async (firm) => {
    const { at } = firm;
    const limit = { action: 'run', currency: 'USD', amount: '100.00' };
    expectStatus(await at.call('PUT', '/duty-limits', { body: limit }), 200);
    const [asker, other] = await at.in(async (tx) => [
      await makeMember(tx, 'manager', { name: 'Ada' }),
      await makeMember(tx, 'manager', { name: 'Bo' }),
    ]);
    const { id } = await askForRun(at, asker!.key);
    const handle = at.workflow('billing_run', id);
    const agree = async () =>
      expectStatus(
        await at.call('POST', `/billing-runs/${id}/approve`, {
          key: other!.key,
          headers: { 'idempotency-key': newId() },
          body: {},
        }),
        202,
      );
    const waits = (times: number) =>
      until(
        'it waits for another person',
        async () =>
          (
            await at.in((tx) =>
              tx.rows<{ status: string }>(
                'select status from run_approvals where workspace_id = $1 and run_id = $2',
                [at.workspaceId, id],
              ),
            )
          ).length === times &&
          (await handle.query<{ step: string }>('progress').catch(() => null))?.step === 'wait',
        patienceMs,
      );
    await waits(1);
    firm.work('NPF-102', 3);
    await firm.sync(firm.harvestId);
    await until(
      'the hours are here',
      async () => (await at.get<{ items: unknown[] }>('/entries')).items.length === 2,
    );
    await agree();
    await waits(2);
    await agree();
    await becomesClosed(handle);
    await record('billing-run.asked-again', handle);
  });
}

/** The clock of a sandbox is moved, with nothing to do on the way; once it cannot be. */
async function movedClock(): Promise<void> {
  const at = await openSandbox({ hub, test: { database: hub.database } }, '2026-01-20T08:00:00.000Z');
  const clock = at.workflow('clock', at.workspaceId);
  await at.moveTo('2026-01-23T08:00:00Z', patienceMs);
  await becomesClosed(clock);
  await record('clock.moved', clock);
  const { id } = await at.ask({ by: 'P5Y' });
  await failWhileHeld(clock, (work) =>
    at.in(async (tx) => {
      await tx.run('select 1 from workspaces where id = $1 for update', [at.workspaceId]);
      await work();
    }),
  );
  await at.ended(id);
  await becomesClosed(clock);
  await record('clock.given-up', clock);
}

/** From the sign-off that is reminded of to the thanks: every letter, a late fee, a word to us, a contractor who is paid. */
async function longInvoice(): Promise<void> {
  const test = { database: hub.database };
  const opened = await openTestWorkspace(hub, hub.database);
  const firm = await openContractorFirm(
    hubDoor((method, path, options = {}) => opened.call(method, path, options), hub.database),
  );
  const { books, admin } = firm;
  const days = (count: number, from = '2027-03-01T12:00:00.000Z') =>
    new Date(Date.parse(from) + count * 86_400_000).toISOString();
  const at = await makeSandbox({ hub, test }, books.workspaceId, days(0));
  const done = async (status: number, answer: Promise<Answered>) => expectStatus(await answer, status);
  const client = { email: 'ap@ferries.example', paymentTermsDays: 10 };
  await done(200, admin.patch(`/clients/${books.clientId}`, client));
  const clauses = { signOffDays: 5, signOffExpiry: 'accept' };
  const contract = { clauses, payWhenPaid: true, longStopOn: '2099-01-01' };
  await done(200, admin.patch(`/contracts/${books.contractId}`, contract));
  const series = { sellerId: books.sellerId, documentType: 'late_fee', pattern: 'LF-{NNNN}' };
  await done(201, admin.post('/series', series));
  const steps = [{ days: -3 }, { days: 7 }, { days: 14, fee: { amount: '40.00', currency: 'GBP' } }];
  await done(
    201,
    admin.post('/reminder-policies', { name: 'Letters', isDefault: true, steps, thanks: true }),
  );
  await firm.approvedInvoice([await firm.approvedTicket()]);
  const run = {
    scope: { type: 'contract', id: books.contractId },
    cutoffOn: '2098-01-01',
    reason: 'recording',
  };
  await done(202, admin.post('/billing-runs', { ...run, finishAt: 'issue' }));
  await at.idle(60_000);
  const [invoice] = (await at.get<{ items: { id: string; total: string }[] }>('/invoices')).items;
  await at.moveTo(days(60), 300_000);
  const { total } = await at.get<{ total: string }>(`/invoices/${invoice!.id}`);
  const payment = { currency: 'GBP', amount: total, valueDate: days(60).slice(0, 10) };
  await done(
    201,
    admin.post('/payments', { ...payment, applications: [{ invoiceId: invoice!.id, amount: total }] }),
  );
  await at.moveTo(days(61), 60_000);
  await becomesClosed(at.workflow('client_invoice', invoice!.id));
  await record('client-invoice.reminded-and-thanked', at.workflow('client_invoice', invoice!.id));
}

/** The client is asked first: they accept; they say nothing, and the contract takes that for a yes; or for a no. */
async function signOffs(): Promise<void> {
  for (const [path, clauses] of [
    ['signed-off', { signOffDays: 5 }],
    ['accepted-by-silence', { signOffDays: 5, signOffExpiry: 'accept' }],
    ['held-by-silence', { signOffDays: 5, signOffExpiry: 'hold' }],
  ] as const) {
    if (!isWanted(`client-invoice.${path}`)) continue;
    await withFirm({}, async (firm) => {
      const { at } = firm;
      await at.patch(`/contracts/${firm.contracts.NPF}`, { clauses });
      await firm.bill();
      const asked = await firm.invoiceBecomes('in sign-off', (one) => one.status === 'in_sign_off');
      const handle = at.workflow('client_invoice', asked.id);
      await until(
        'it waits',
        async () => (await handle.describe().catch(() => null))?.status.name === 'RUNNING',
      );
      await at.idle(patienceMs);
      if (path === 'signed-off') {
        const { contentHash } = await at.get<{ contentHash: string }>(`/invoices/${asked.id}/sign-off`);
        await at.post(`/invoices/${asked.id}/accept`, { contentHash });
      } else await timePasses(at, asked.id);
      const wanted = path === 'held-by-silence' ? 'held' : 'issued';
      await firm.invoiceBecomes(wanted, (one) => one.status === wanted);
      await at.idle(patienceMs);
      await record(`client-invoice.${path}`, handle);
    });
  }
}
/** Its window ends now: days are not waited for. */
const timePasses = (at: TestWorkspace, invoiceId: string) =>
  at.in(async (tx) => {
    await tx.run(`update sign_offs set due_at = now() where workspace_id = $1 and invoice_id = $2`, [
      at.workspaceId,
      invoiceId,
    ]);
    await enqueueLook(tx, {
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      lane: 'interactive',
      reason: 'recording',
    });
  });

/** Disputed while it waits for money, and the dispute rejected; void before anybody outside has it; its draft discarded. */
async function ends(): Promise<void> {
  await withFirm({}, async (firm) => {
    await firm.bill();
    const invoice = await firm.invoiceBecomes('synced', (one) => one.sync?.status === 'synced');
    await firm.at.idle(patienceMs);
    const dispute = await firm.at.post<{ id: string }>(`/invoices/${invoice.id}/disputes`, {
      reason: 'Ann was not on board that day',
    });
    await firm.at.idle(patienceMs);
    await firm.at.post(`/disputes/${dispute.id}/decide`, { decision: 'rejected', reason: 'She was' });
    await firm.at.idle(patienceMs);
    await pay(firm, invoice);
    await becomesClosed(firm.at.workflow('client_invoice', invoice.id));
    await record('client-invoice.disputed-then-paid', firm.at.workflow('client_invoice', invoice.id));
  });
  await withFirm({}, async (firm) => {
    // Nobody outside has it: no platform takes the contract's invoices, and they go by post.
    await firm.at.patch(`/contracts/${firm.contracts.NPF}`, {
      targetConnectionId: null,
      deliveryChannel: 'post',
    });
    await firm.bill();
    const invoice = await firm.invoiceBecomes('issued', (one) => one.status === 'issued');
    await firm.at.idle(patienceMs);
    await firm.at.post(`/invoices/${invoice.id}/void`, { reason: 'recording' });
    await becomesClosed(firm.at.workflow('client_invoice', invoice.id));
    await record('client-invoice.voided', firm.at.workflow('client_invoice', invoice.id));
  });
}
const pay = (firm: Firm, invoice: ShownInvoice) =>
  firm.at.post('/payments', {
    clientId: invoice.clientId,
    currency: 'USD',
    amount: invoice.total,
    valueDate: '2026-04-10',
    reference: null,
    applications: [{ invoiceId: invoice.id, amount: invoice.total }],
  });

/** One approval is billed at once, one gathers; the end of a month is waited for; the policy ends with its contract. */
async function policy(): Promise<void> {
  const at = await openTestWorkspace(hub, hub.database);
  const triggers = { onApproval: { windowSeconds: 5 }, periodEnd: 'month' };
  const firm = await openSelfBillingFirm(at, { triggers });
  await at.idle(patienceMs);
  const day = localDay(new Date(Date.now() - 2 * 86_400_000), 'Europe/Oslo');
  for (const id of await firm.record([day, day])) {
    await firm.approve([id]);
    await firm.issuedBecome(1);
  }
  await firm.issuedBecome(2);
  await at.idle(patienceMs);
  await at.patch(`/contracts/${firm.contractId}`, { status: 'ended' });
  const handle = at.workflow('billing_policy', firm.contractId);
  await becomesClosed(handle);
  await record('billing-policy.gathered-and-ended', handle);
}

/** A quarter that ends on a moved clock, books that nobody closes, and the end of the grace. */
async function report(): Promise<void> {
  const at = await openTestWorkspace(hub, hub.database);
  const clockTo = async (day: string) => {
    await at.in((tx) =>
      tx.run('update workspaces set clock_at = $2 where id = $1', [at.workspaceId, `${day}T12:00:00Z`]),
    );
    await sweepOverdue(hub.database, { graceMs: 0 });
    await at.idle(patienceMs);
  };
  await clockTo('2026-02-10');
  await at.post('/clients', {
    name: 'Northern Ferries',
    email: 'office@ferries.example',
    currency: 'EUR',
    quarterlyReports: true,
  });
  await at.idle(patienceMs);
  const { items } = await at.get<{ items: { id: string }[] }>('/client-reports');
  for (const day of ['2026-04-03', '2026-04-20']) await clockTo(day);
  const handle = at.workflow('client_report', items[0]!.id);
  await becomesClosed(handle);
  await record('client-report.made-after-grace', handle);
}

/** An invoice that waits for its client has a workflow before it has a number: its search learns of it. */
async function numberedLater(): Promise<void> {
  await withFirm({}, async (firm) => {
    const contractId = firm.contracts.NPF!;
    await firm.at.patch(`/contracts/${contractId}`, { clauses: { signOffDays: 5 } });
    await firm.bill();
    const asked = await firm.invoiceBecomes('in sign-off', ({ status }) => status === 'in_sign_off');
    await firm.at.idle();
    const { contentHash } = await firm.at.get<{ contentHash: string }>(`/invoices/${asked.id}/sign-off`);
    await firm.at.post(`/invoices/${asked.id}/accept`, { contentHash });
    await firm.invoiceBecomes('synced', (one) => one.sync?.status === 'synced');
    await firm.at.idle();
    await record('client-invoice.named-while-waiting', firm.at.workflow('client_invoice', asked.id));
  });
}

/** Which histories each story brings. */
const stories: { tell: () => Promise<void>; brings: string[] }[] = [
  {
    tell: goodDay,
    brings: [
      'billing-run.issued',
      'client-invoice.settled',
      'connection.payments-polled',
      'connection.disconnected',
    ],
  },
  { tell: badDay, brings: ['client-invoice.mended-by-a-person', 'connection.reading-given-up'] },
  { tell: otherRuns, brings: ['billing-run.cancelled', 'billing-run.undone', 'billing-run.drafted'] },
  { tell: failedRun, brings: ['billing-run.failed'] },
  { tell: waitingRun, brings: ['billing-run.asked-again'] },
  { tell: movedClock, brings: ['clock.moved', 'clock.given-up'] },
  { tell: longInvoice, brings: ['client-invoice.reminded-and-thanked'] },
  {
    tell: signOffs,
    brings: [
      'client-invoice.signed-off',
      'client-invoice.accepted-by-silence',
      'client-invoice.held-by-silence',
    ],
  },
  { tell: ends, brings: ['client-invoice.disputed-then-paid', 'client-invoice.voided'] },
  { tell: contractorDay, brings: ['contractor-invoice.paid'] },
  { tell: ticketDay, brings: ['ticket.paid', 'ticket.rejected'] },
  { tell: policy, brings: ['billing-policy.gathered-and-ended'] },
  { tell: report, brings: ['client-report.made-after-grace'] },
  { tell: numberedLater, brings: ['client-invoice.named-while-waiting'] },
  { tell: sweeps, brings: ['sweep.nothing-overdue'] },
];

try {
  mkdirSync(directory, { recursive: true });
  const known = stories.flatMap(({ brings }) => brings);
  const unknown = named.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`no story brings ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  for (const { tell, brings } of stories) if (brings.some(isWanted)) await tell();
} finally {
  await hub.stop();
  await rm(dataDir, { recursive: true, force: true });
}
