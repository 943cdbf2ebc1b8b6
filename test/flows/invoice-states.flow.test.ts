/** Owns that an invoice moves by its table alone: what a status does not take is refused with 409, and leaves no trace. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { localDay } from '../../domain/day.ts';
import { canMove, type InvoiceStatus } from '../../domain/invoice.ts';
import { series } from '../../store/series.ts';
import { entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
const opened: Firm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

const today = localDay(new Date(), 'Europe/London');
interface Invoice {
  firm: Firm;
  id: string;
}
type Step = (invoice: Invoice) => Promise<Answered>;
const posting =
  (action: string, body: object = { reason: 'A test' }): Step =>
  ({ firm, id }) =>
    firm.post(`/invoices/${id}/${action}`, body);
const paying =
  (amount: string): Step =>
  ({ firm, id }) =>
    firm.post('/payments', {
      clientId: firm.books.clientId,
      currency: 'GBP',
      amount,
      valueDate: today,
      applications: [{ invoiceId: id, amount }],
    });

/** Everything that may be asked of an invoice of 80.00 + 20 %. */
const commands: Record<string, Step> = {
  issue: posting('issue', {}),
  'issue after a release': posting('issue', { releaseReason: 'A test' }),
  discard: posting('discard'),
  'ask for sign-off': posting('request-sign-off', {}),
  'sign off': posting('accept', { contentHash: '0'.repeat(64) }),
  'reject the draft': posting('reject-draft', { remarks: [{ remark: 'A test' }] }),
  recalculate: posting('recalculate', {}),
  discount: posting('discounts', { percentage: '1', reason: 'A test' }),
  'change its words': ({ firm, id }) => firm.patch(`/invoices/${id}`, { notes: 'A test' }),
  dispute: posting('disputes'),
  'write off as bad debt': posting('write-off-bad-debt'),
  'take bad debt back': posting('reverse-bad-debt'),
  'pay a part': paying('10.00'),
  'pay all': paying('96.00'),
  'credit an amount': posting('credit-notes', { by: 'amount', amount: '1.00', reason: 'A test' }),
  'credit in full': posting('credit-notes', { by: 'full', reason: 'A test' }),
  'credit its corrections': posting('credit-corrections'),
  'make anew': posting('reissue'),
  void: posting('void'),
};

const issue = commands.issue!;
/** How an invoice comes to each status, from its draft. */
const ways: Partial<Record<InvoiceStatus, Step[]>> = {
  draft: [],
  in_sign_off: [commands['ask for sign-off']!],
  ready: [
    commands['ask for sign-off']!,
    async ({ firm, id }) => {
      const { json } = await firm.get(`/invoices/${id}/sign-off`);
      return firm.post(`/invoices/${id}/accept`, { contentHash: json.contentHash });
    },
  ],
  discarded: [commands.discard!],
  issued: [issue],
  partially_paid: [issue, commands['pay a part']!],
  settled: [issue, commands['pay all']!],
  void: [issue, commands.void!],
  credited: [issue, commands['credit in full']!],
  uncollectible: [issue, commands['write off as bad debt']!],
};

async function invoiceIn(way: Step[]): Promise<Invoice> {
  const firm = await openFirm(api, { contract: { tax: { category: 'standard', rate: '20' } } });
  opened.push(firm);
  const { books } = firm;
  await books.in((tx) =>
    series.insert(tx, {
      sellerId: books.sellerId,
      documentType: 'credit_note',
      pattern: '{CLIENT}-CN-{NNNN}',
    }),
  );
  await take(books, [entryOf('A')]);
  await firm.run('draft');
  const [draft] = await invoicesOf(books);
  const invoice = { firm, id: draft!.id };
  for (const step of way) {
    const answer = await step(invoice);
    expect(answer.status, answer.text).toBeLessThan(300);
  }
  return invoice;
}

/** All rows of the ledgers, the event log and the outbox, and what the invoice says. */
const tracesOf = ({ firm, id }: Invoice) =>
  firm.books.in(async (tx) => {
    const counts = ['events', 'outbox', 'allocations', 'payments', 'payment_applications', 'credit_notes']
      .concat(['credit_note_lines', 'bad_debts', 'disputes', 'sign_offs', 'invoice_discounts', 'runs'])
      .map((table) => `(select count(*) from ${table} where workspace_id = $1)::int as ${table}`);
    return tx.row<Record<string, unknown> & { status: InvoiceStatus }>(
      `select to_jsonb(i) as invoice, i.status, ${counts.join(', ')} from client_invoices i where i.workspace_id = $1 and i.id = $2`,
      [tx.workspaceId, id],
    );
  });

describe.each(Object.entries(ways) as [InvoiceStatus, Step[]][])('an invoice that is %s', (status, way) => {
  test('takes what its table allows, and refuses the rest without a trace', async () => {
    let invoice = await invoiceIn(way);
    const wrong: string[] = [];
    for (const [name, command] of Object.entries(commands)) {
      const before = (await tracesOf(invoice))!;
      expect(before.status).toBe(status);
      const answer = await command(invoice);
      const after = (await tracesOf(invoice))!;
      const said = `${name}: ${answer.status} ${answer.json?.code ?? ''}`;
      if (answer.status < 300) {
        if (after.status !== status && !canMove(status, after.status))
          wrong.push(`${said} → ${after.status}`);
        invoice = await invoiceIn(way);
      } else {
        if (answer.status !== 409) wrong.push(said);
        if (JSON.stringify(after) !== JSON.stringify(before)) wrong.push(`${said} left a trace`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
