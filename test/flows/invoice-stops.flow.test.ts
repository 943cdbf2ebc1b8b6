/** Owns that a void and a dispute stop an invoice in whatever state they find it: no letter afterwards, its workflow ended or waiting. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addDays } from '../../domain/day.ts';
import { clients } from '../../store/clients.ts';
import { contracts } from '../../store/contracts.ts';
import { listMails } from '../../store/mails.ts';
import { projects } from '../../store/projects.ts';
import { rateCards } from '../../store/rate-cards.ts';
import { series } from '../../store/series.ts';
import { type Books, entryOf, expectBalanced, openBooks, take } from '../support/books.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { makeSandbox, type Sandbox } from '../support/sandbox.ts';
import { named } from '../support/source-entry.ts';

type Found = 'in_sign_off' | 'ready' | 'held' | 'issued' | 'sent' | 'reminded' | 'partially_paid' | 'settled';
interface Case {
  found: Found;
  /** A draft has no number: it is discarded instead of voided, and rejected instead of disputed. */
  stop: 'void' | 'dispute' | 'dispute_and_reject';
  becomes: string;
  /** `COMPLETED`: ended. `RUNNING`: it waits. */
  workflow: 'COMPLETED' | 'RUNNING';
  /** What its client gets afterwards, in two months. */
  mailed: readonly string[];
}
/** A credit note is a document of its own, and is mailed. */
const creditNote = ['document.sent'] as const;
const cases: readonly Case[] = [
  { found: 'in_sign_off', stop: 'void', becomes: 'discarded', workflow: 'COMPLETED', mailed: [] },
  { found: 'in_sign_off', stop: 'dispute', becomes: 'draft', workflow: 'RUNNING', mailed: [] },
  { found: 'ready', stop: 'void', becomes: 'discarded', workflow: 'COMPLETED', mailed: [] },
  { found: 'held', stop: 'void', becomes: 'discarded', workflow: 'COMPLETED', mailed: [] },
  { found: 'issued', stop: 'void', becomes: 'void', workflow: 'COMPLETED', mailed: [] },
  { found: 'issued', stop: 'dispute', becomes: 'issued', workflow: 'RUNNING', mailed: [] },
  { found: 'sent', stop: 'void', becomes: 'credited', workflow: 'COMPLETED', mailed: creditNote },
  { found: 'sent', stop: 'dispute', becomes: 'sent', workflow: 'RUNNING', mailed: [] },
  { found: 'reminded', stop: 'void', becomes: 'credited', workflow: 'COMPLETED', mailed: creditNote },
  { found: 'reminded', stop: 'dispute', becomes: 'sent', workflow: 'RUNNING', mailed: [] },
  { found: 'partially_paid', stop: 'void', becomes: 'credited', workflow: 'COMPLETED', mailed: creditNote },
  { found: 'partially_paid', stop: 'dispute', becomes: 'partially_paid', workflow: 'RUNNING', mailed: [] },
  { found: 'settled', stop: 'void', becomes: 'credited', workflow: 'COMPLETED', mailed: creditNote },
  { found: 'settled', stop: 'dispute', becomes: 'settled', workflow: 'COMPLETED', mailed: [] },
  // What shows that the others were stopped: the letters of the steps that were still to come go out.
  {
    found: 'sent',
    stop: 'dispute_and_reject',
    becomes: 'sent',
    workflow: 'RUNNING',
    mailed: ['reminder.sent', 'reminder.sent', 'reminder.sent'],
  },
];

let hub: TestHub;
let books: Books;
let at: Sandbox;
const day0 = '2027-03-01';
/** By its place in the table. */
const invoiceIds: string[] = [];
const mailsBefore: string[][] = [];

const code = (place: number) => `Q${String.fromCharCode(65 + Math.floor(place / 26), 65 + (place % 26))}`;
const addressOf = (place: number) => `ap@${code(place).toLowerCase()}.example`;

async function mailsTo(place: number): Promise<string[]> {
  const mails = await books.in((tx) => listMails(tx, { status: null, before: null, limit: 200 }));
  return mails.filter(({ address }) => address === addressOf(place)).map(({ kind }) => kind);
}
const statusOf = async (place: number) =>
  (await at.get<{ status: string }>(`/invoices/${invoiceIds[place]}`)).status;

/** A client with a contract of its own, an hour of work on it, and a run; it has an address unless its invoice is not to be sent. */
async function bill(place: number, { found }: Case): Promise<void> {
  const contractId = await books.in(async (tx) => {
    const client = await clients.insert(tx, {
      name: `Client ${code(place)}`,
      code: code(place),
      currency: 'GBP',
      paymentTermsDays: 10,
      ...(found !== 'issued' && { email: addressOf(place) }),
    });
    const contract = await contracts.insert(tx, {
      clientId: client.id,
      sellerId: books.sellerId,
      name: 'Refit',
      currency: 'GBP',
      zone: 'Europe/London',
      startsOn: '2026-01-01',
      goLiveOn: '2026-01-01',
    });
    await projects.insert(tx, {
      clientId: client.id,
      contractId: contract.id,
      code: code(place),
      name: code(place),
    });
    await rateCards.insert(tx, {
      scopeType: 'contract',
      scopeId: contract.id,
      position: '*',
      regularRate: '80.00',
      currency: 'GBP',
    });
    return contract.id;
  });
  const asks = found === 'in_sign_off' || found === 'ready' || found === 'held';
  if (asks) {
    const clauses = { signOffDays: found === 'held' ? 3 : 30, signOffExpiry: 'hold' };
    await at.patch(`/contracts/${contractId}`, { clauses });
  }
  const project = { externalId: null, code: code(place), name: code(place) };
  await take(books, [entryOf(`hour of ${place}`, { client: named(`Client ${code(place)}`), project })]);
  const asked = await at.post<{ id: string }>('/billing-runs', {
    scope: { type: 'contract', id: contractId },
    cutoffOn: '2027-02-28',
    reason: 'test',
    finishAt: found === 'ready' ? 'draft' : 'issue',
  });
  const runEnds = async () =>
    (await at.get<{ run: { status: string } }>(`/billing-runs/${asked.id}`)).run.status === 'done';
  await until('the run ends', runEnds, 60_000);
  const { items } = await at.get<{ items: { id: string }[] }>(`/invoices?runId=${asked.id}`);
  invoiceIds[place] = items[0]!.id;
  if (found === 'ready') {
    const invoice = `/invoices/${invoiceIds[place]}`;
    await at.post(`${invoice}/request-sign-off`, {});
    const { contentHash } = await at.get<{ contentHash: string }>(`${invoice}/sign-off`);
    await at.post(`${invoice}/accept`, { contentHash });
  }
}

async function pay(place: number, amount: string, valueDate: string): Promise<void> {
  const applications = [{ invoiceId: invoiceIds[place], amount }];
  await at.post('/payments', { currency: 'GBP', amount, valueDate, applications });
}

async function stop(place: number, { found, stop: how }: Case): Promise<void> {
  const invoice = `/invoices/${invoiceIds[place]}`;
  const isDraft = found === 'in_sign_off' || found === 'ready' || found === 'held';
  if (how === 'void' && isDraft) await at.post(`${invoice}/discard`, { reason: 'Not wanted' });
  else if (how === 'void') await at.post(`${invoice}/void`, { reason: 'Wrong client' });
  else if (isDraft) await at.post(`${invoice}/reject-draft`, { remarks: [{ remark: 'Wrong vessel' }] });
  else {
    const { id } = await at.post<{ id: string }>(`${invoice}/disputes`, { reason: 'Not us' });
    const no = { decision: 'rejected', reason: 'It was' };
    if (how === 'dispute_and_reject') await at.post(`/disputes/${id}/decide`, no);
  }
  // It was not mailed for want of an address; from now on a letter could be.
  if (found === 'issued') {
    const { clientId } = await at.get<{ clientId: string }>(invoice);
    await at.patch(`/clients/${clientId}`, { email: addressOf(place) });
  }
}

/** All that are found in such a state are stopped in it. */
async function stopAll(...states: Found[]): Promise<void> {
  await at.idle(60_000);
  for (const [place, one] of cases.entries()) {
    if (!states.includes(one.found)) continue;
    const wanted = one.found === 'reminded' ? 'sent' : one.found;
    await until(`${one.found} is reached`, async () => (await statusOf(place)) === wanted, 60_000);
    if (one.found === 'reminded')
      await until('it is reminded', async () => (await mailsTo(place)).includes('reminder.sent'));
    mailsBefore[place] = await mailsTo(place);
    await stop(place, one);
  }
  await at.idle(60_000);
}

beforeAll(async () => {
  hub = await startTestHub();
  books = await openBooks(hub.test.database);
  at = await makeSandbox(hub, books.workspaceId, `${day0}T09:00:00.000Z`);
  await books.in((tx) =>
    series.insert(tx, { sellerId: books.sellerId, documentType: 'credit_note', pattern: 'CN-{NNNN}' }),
  );
  await at.post('/reminder-policies', {
    name: 'Three letters',
    isDefault: true,
    steps: [{ days: -3 }, { days: 7 }, { days: 14 }],
    thanks: true,
  });
  for (const [place, one] of cases.entries()) await bill(place, one);
  await stopAll('in_sign_off', 'ready', 'issued', 'sent');
  // Due on the 11th, a Thursday: the first letter goes out on the 8th.
  await at.moveTo(`${addDays(day0, 8)}T12:00:00.000Z`, 120_000);
  for (const [place, { found }] of cases.entries())
    if (found === 'partially_paid') await pay(place, '30.00', addDays(day0, 8));
  await stopAll('held', 'reminded', 'partially_paid');
  // Settled on a Sunday: thanks would go out on Monday.
  await at.moveTo(`${addDays(day0, 13)}T12:00:00.000Z`, 120_000);
  for (const [place, { found }] of cases.entries())
    if (found === 'settled') await pay(place, '80.00', addDays(day0, 13));
  await stopAll('settled');
  await at.moveTo(`${addDays(day0, 73)}T12:00:00.000Z`, 240_000);
  await at.idle(60_000);
}, 900_000);
afterAll(() => hub.stop());

test.each(cases.map((one, place) => [`${one.found}, ${one.stop.replaceAll('_', ' ')}`, place] as const))(
  'an invoice that is %s',
  async (_, place) => {
    const { becomes, workflow, mailed } = cases[place]!;
    expect(await statusOf(place)).toBe(becomes);
    const due = await books.in((tx) =>
      tx.rows('select kind from due where workspace_id = $1 and subject_id = $2 and done_at is null', [
        books.workspaceId,
        invoiceIds[place],
      ]),
    );
    expect(due).toEqual([]);
    // Temporal hears of an end a moment after the look that was the last.
    await expect
      .poll(() => at.workflowStatus('client_invoice', invoiceIds[place]!), { timeout: 20_000 })
      .toBe(workflow);
    const mails = await mailsTo(place);
    expect(mails.slice(0, mails.length - mailsBefore[place]!.length)).toEqual(mailed);
  },
);

test('and the books balance', () => expectBalanced(hub.test.database, books));
