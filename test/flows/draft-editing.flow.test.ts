/** Owns editing drafts over HTTP: discounts, words, items held, adjusted and written off, tax anew; and what holds an issue back. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { carryOut, entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm, runOf } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
const opened: Firm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

const taxed = { tax: { category: 'standard', rate: '20' } };
async function newFirm(options: Parameters<typeof openFirm>[1] = { contract: taxed }): Promise<Firm> {
  const firm = await openFirm(api, options);
  opened.push(firm);
  return firm;
}
const onP2 = { project: { externalId: null, code: 'P2', name: 'P2' } };
async function draft(firm: Firm, wanted: Record<string, unknown> = {}) {
  const asked = await firm.post('/billing-runs', runOf(firm.books, { finishAt: 'draft', ...wanted }));
  if (asked.status !== 202) throw new Error(asked.text);
  await carryOut(api.test.database, firm.books, asked.json);
  const rows = (await invoicesOf(firm.books)).filter((invoice) => invoice.status === 'draft');
  return rows.at(-1)!.id;
}
const show = async (firm: Firm, id: string) => (await firm.get(`/invoices/${id}`)).json;
const sums = ({ net, tax, rounding, total, discounted }: Record<string, string>) => [
  net,
  tax,
  rounding,
  total,
  discounted,
];
const itemsOf = async (firm: Firm): Promise<Record<string, string>> => {
  const rows = await firm.books.in((tx) =>
    tx.rows<{ id: string; externalId: string }>(
      `select i.id, e.external_id from billable_items i join work_entries e on e.workspace_id = $1 and e.id = i.entry_id
       where i.workspace_id = $1 and i.withdrawn_at is null order by i.id`,
      [firm.books.workspaceId],
    ),
  );
  return Object.fromEntries(rows.map((row) => [row.externalId, row.id]));
};

describe('a discount', () => {
  test('on the document is spread over its lines and lowers the tax; on a line it comes first', async () => {
    const firm = await newFirm({ projects: ['P1', 'P2'], contract: taxed });
    await take(firm.books, [entryOf('A'), entryOf('B', { ...onP2, quantity: 7200 })]);
    const id = await draft(firm);
    const [first, second] = (await show(firm, id)).lines;
    // Lines of 80.00 and 160.00. 10 % of the second is 16.00; 5.00 over 80.00 and 144.00: 1.785… and 3.214….
    const onLine = await firm.post(`/invoices/${id}/discounts`, {
      lineId: second.id,
      percentage: '10',
      reason: 'Second week',
    });
    expect(onLine.status).toBe(201);
    expect(sums(onLine.json)).toEqual(['224.00', '44.80', '0.00', '268.80', '16.00']);
    const onAll = await firm.post(`/invoices/${id}/discounts`, { fixedAmount: '5.00', reason: 'Goodwill' });
    expect(sums(onAll.json)).toEqual(['219.00', '43.80', '0.00', '262.80', '21.00']);
    expect(
      onAll.json.lines.map((line: Record<string, string>) => [line.amount, line.discount, line.allowance]),
    ).toEqual([
      ['80.00', '0.00', '1.79'],
      ['160.00', '16.00', '3.21'],
    ]);
    expect(onAll.json.allowances).toEqual([
      {
        reason: 'Goodwill',
        amount: '5.00',
        percentage: null,
        base: null,
        category: 'standard',
        rate: '20',
      },
    ]);

    const gone = await api.call(
      'DELETE',
      `/invoices/${id}/discounts/${onAll.json.discounts.find((one: { lineId: string | null }) => one.lineId === null).id}`,
      { key: firm.key },
    );
    expect(gone.status).toBe(204);
    expect(sums(await show(firm, id))).toEqual(['224.00', '44.80', '0.00', '268.80', '16.00']);
    expect(first.discount).toBe('0');
    const issued = await firm.post(`/invoices/${id}/issue`, {});
    expect(issued.json).toMatchObject({ status: 'issued', net: '224.00', total: '268.80' });
    const late = await firm.post(`/invoices/${id}/discounts`, { percentage: '1', reason: 'Too late' });
    expect(late.json).toMatchObject({ code: 'invoice.not_editable' });
    expect(late.json.detail).toContain('NFE-0001');
  });

  test('takes no more than there is, and not beyond the limit of who gives it', async () => {
    const firm = await newFirm();
    await take(firm.books, [entryOf('A')]);
    const id = await draft(firm);
    const large = await firm.post(`/invoices/${id}/discounts`, {
      fixedAmount: '80.01',
      reason: 'All and more',
    });
    expect(large.json).toMatchObject({ code: 'invoice.discount_too_large', details: { left: '80' } });
    const both = await firm.post(`/invoices/${id}/discounts`, {
      percentage: '5',
      fixedAmount: '5',
      reason: 'Both',
    });
    expect(both.status).toBe(422);
    await firm.patch('/workspace', { settings: { approvalLimits: { GBP: '10.00' } } });
    const manager = await api.newMember(firm.books.workspaceId, 'manager');
    const give = (fixedAmount: string) =>
      api.call('POST', `/invoices/${id}/discounts`, {
        key: manager.key,
        body: { fixedAmount, reason: 'Goodwill' },
        headers: { 'Idempotency-Key': `limit-${fixedAmount}` },
      });
    expect((await give('10.01')).json.code).toBe('duty.beyond_limit');
    expect((await give('10.00')).status).toBe(201);
    expect(sums(await show(firm, id))).toEqual(['70.00', '14.00', '0.00', '84.00', '10.00']);
  });
});

describe('words', () => {
  test('and order of a draft are edited by who saw what is there, and no figure moves', async () => {
    const firm = await newFirm({ projects: ['P1', 'P2'], contract: taxed });
    await take(firm.books, [entryOf('A'), entryOf('B', onP2)]);
    const id = await draft(firm);
    const read = await firm.get(`/invoices/${id}`);
    const [first, second] = read.json.lines;
    const edited = await api.call('PATCH', `/invoices/${id}`, {
      key: firm.key,
      headers: { 'If-Match': read.headers.get('etag')! },
      body: {
        notes: 'Thank you',
        lines: [{ id: first.id, description: 'Refit of the engine' }],
        order: [second.id, first.id],
      },
    });
    expect(edited.status).toBe(200);
    expect(edited.json.notes).toBe('Thank you');
    expect(edited.json.lines.map((line: Record<string, unknown>) => [line.lineNo, line.id])).toEqual([
      [1, second.id],
      [2, first.id],
    ]);
    expect(edited.json.lines[1].description).toBe('Refit of the engine');
    expect(sums(edited.json)).toEqual(sums(read.json));
    const stale = await api.call('PATCH', `/invoices/${id}`, {
      key: firm.key,
      headers: { 'If-Match': read.headers.get('etag')! },
      body: { notes: 'Other words' },
    });
    expect(stale.status).toBe(412);
    const half = await firm.patch(`/invoices/${id}`, { order: [first.id] });
    expect(half.json).toMatchObject({ code: 'invoice.order_incomplete' });
    expect(half.status).toBe(422);
  });

  test('that change after a client agreed take the agreement back', async () => {
    const firm = await newFirm();
    await take(firm.books, [entryOf('A')]);
    const id = await draft(firm);
    await firm.books.in((tx) =>
      tx.run("update client_invoices set status = 'ready' where workspace_id = $1 and id = $2", [
        tx.workspaceId,
        id,
      ]),
    );
    expect((await firm.patch(`/invoices/${id}`, { notes: 'One more thing' })).json.status).toBe('draft');
  });
});

describe('an item', () => {
  test('that is held leaves its draft, its line is made anew, and no run takes it before it is released', async () => {
    const firm = await newFirm();
    // Three times 20 minutes at 80.00 are 80.00: 27.20, 26.40, 26.40 of 0.34 h, 0.33 h, 0.33 h.
    await take(
      firm.books,
      ['A', 'B', 'C'].map((name) => entryOf(name, { quantity: 1200 })),
    );
    const id = await draft(firm);
    expect(sums(await show(firm, id))).toEqual(['80.00', '16.00', '0.00', '96.00', '0']);
    const items = await itemsOf(firm);
    const held = await firm.post('/billable-items/hold', { itemIds: [items.B], reason: 'Next stage' });
    expect(held.json).toEqual({ items: 1 });
    const after = await show(firm, id);
    expect(after).toMatchObject({ net: '53.60', tax: '10.72', quantitySeconds: 2400, itemCount: 2 });
    expect(after.lines[0]).toMatchObject({
      quantity: '0.67',
      unitPrice: '80.00',
      amount: '53.60',
      itemCount: 2,
    });
    await draft(firm).catch(() => null);
    expect(await invoicesOf(firm.books)).toHaveLength(1);
    const released = await firm.post('/billable-items/release', {
      itemIds: [items.B],
      reason: 'Stage reached',
    });
    expect(released.json).toEqual({ items: 1 });
    const again = await firm.post('/billable-items/release', { itemIds: [items.B], reason: 'Stage reached' });
    expect(again.json.code).toBe('item.not_held');
    const next = await draft(firm);
    expect(await show(firm, next)).toMatchObject({ net: '26.40', quantitySeconds: 1200 });
  });

  test('that is the last of its draft takes the draft with it', async () => {
    const firm = await newFirm();
    await take(firm.books, [entryOf('A')]);
    const id = await draft(firm);
    const { A } = await itemsOf(firm);
    expect((await firm.post('/billable-items/hold', { itemIds: [A], reason: 'Later' })).status).toBe(200);
    expect(await show(firm, id)).toMatchObject({ status: 'discarded' });
  });

  test('is written down on its draft: less is billed, and all of its hours stay claimed', async () => {
    const firm = await newFirm();
    await take(firm.books, [entryOf('A', { quantity: 7200 }), entryOf('B', { workDate: '2026-03-03' })]);
    const id = await draft(firm);
    const { A, B } = await itemsOf(firm);
    const down = await firm.post(`/billable-items/${A}/adjust`, {
      quantity: '1.5',
      reason: 'Learning the ropes',
    });
    expect(down.status).toBe(200);
    expect(down.json).toMatchObject({ quantity: '1.5', rawQuantity: 7200, status: 'drafted' });
    expect(Number(down.json.adjustedQuantity)).toBe(-0.5);
    expect(await show(firm, id)).toMatchObject({ net: '200.00', tax: '40.00', quantitySeconds: 10_800 });
    // At another price the line cannot show quantity × price any more: 120.00 + 1 × 90.50.
    await firm.post(`/billable-items/${B}/adjust`, { unitPrice: '90.50', reason: 'Night work' });
    const lump = await show(firm, id);
    expect(lump.lines[0]).toMatchObject({ kind: 'lump_sum', amount: '210.50' });
    // 100.00 for 1.5 h is 66.666667 an hour.
    const amount = await firm.post(`/billable-items/${A}/adjust`, {
      amount: '100.00',
      reason: 'Fixed by phone',
    });
    expect(amount.json.unitPrice).toBe('66.666667');
    expect(await show(firm, id)).toMatchObject({ net: '190.50', total: '228.60' });
    const claimed = await firm.books.in((tx) =>
      tx.row<{ seconds: number }>(
        'select sum(quantity)::bigint as seconds from claims where workspace_id = $1',
        [tx.workspaceId],
      ),
    );
    expect(claimed!.seconds).toBe(10_800);
    for (const [change, code] of [
      [{ quantity: '0' }, 'item.sign_changes'],
      [{ quantity: '-1' }, 'item.sign_changes'],
      [{ amount: '100.001' }, 'item.amount_unreachable'],
      [{ quantity: '1.50' }, 'item.unchanged'],
    ] as const)
      expect((await firm.post(`/billable-items/${A}/adjust`, { ...change, reason: 'No' })).json.code).toBe(
        code,
      );
    expect((await firm.post(`/invoices/${id}/issue`, {})).json).toMatchObject({ status: 'issued' });
    const late = await firm.post(`/billable-items/${A}/adjust`, { quantity: '1', reason: 'Too late' });
    expect(late.json.code).toBe('item.not_open');
  });

  test('is written off with its reason, and taken back it is held until somebody releases it', async () => {
    const firm = await newFirm();
    await take(firm.books, [entryOf('A'), entryOf('B', { workDate: '2026-03-03' })]);
    const id = await draft(firm);
    const { A } = await itemsOf(firm);
    const off = await firm.post('/billable-items/write-off', {
      itemIds: [A],
      reasonCode: 'goodwill',
      reason: 'Our mistake',
    });
    expect(off.json).toMatchObject({
      reasonCode: 'goodwill',
      items: 1,
      amounts: [{ currency: 'GBP' }],
      reversedAt: null,
    });
    expect(await show(firm, id)).toMatchObject({ net: '80.00', itemCount: 1 });
    expect((await firm.get(`/billable-items/${A}`)).json.status).toBe('written_off');
    expect((await firm.post('/billable-items/hold', { itemIds: [A], reason: 'x' })).json.code).toBe(
      'item.not_open',
    );

    const back = await firm.post(`/write-offs/${off.json.id}/reverse`, { reason: 'They pay after all' });
    expect(back.json).toMatchObject({ items: 0, reversalReason: 'They pay after all' });
    const held = (await firm.get(`/billable-items/${A}`)).json;
    expect(held).toMatchObject({
      status: 'held',
      heldReason: 'its write-off was taken back: They pay after all',
    });
    const twice = await firm.post(`/write-offs/${off.json.id}/reverse`, { reason: 'Again' });
    expect(twice.json.code).toBe('write_off.reversed');
    await firm.post('/billable-items/release', { itemIds: [A], reason: 'Bill it' });
    await firm.run('issue');
    expect((await firm.get(`/billable-items/${A}`)).json.status).toBe('billed');
    expect((await firm.get('/write-offs')).json.items).toHaveLength(1);
  });

  test('of oneself is somebody else’s to write off where four eyes are asked for', async () => {
    const firm = await newFirm();
    await firm.patch('/workspace', { settings: { fourEyes: true } });
    await take(firm.books, [entryOf('A')]);
    await draft(firm);
    const { A } = await itemsOf(firm);
    const personId = (await firm.get(`/billable-items/${A}`)).json.personId;
    const ann = await api.newMember(firm.books.workspaceId, 'manager', { personId });
    const answer = await api.call('POST', `/billable-items/${A}/adjust`, {
      key: ann.key,
      body: { unitPrice: '200', reason: 'I was good' },
      headers: { 'Idempotency-Key': 'own-work' },
    });
    expect(answer.status).toBe(403);
    expect(answer.json.code).toBe('duty.own_work');
  });
});

describe('before an issue', () => {
  test('an invoice far above what is usual is held, and mended bounds let a retry of all send it', async () => {
    const firm = await newFirm();
    for (const [index, hours] of [1, 1, 6].entries()) {
      await take(firm.books, [
        entryOf(`E${index}`, { workDate: `2026-03-0${index + 1}`, quantity: hours * 3600 }),
      ]);
      await firm.run('issue');
    }
    const rows = await invoicesOf(firm.books);
    expect(rows.map((row) => row.status)).toEqual(['issued', 'issued', 'held']);
    expect(rows[2]!.holdReason).toBe(
      'its total of 576.00 GBP is more than 5 times 96.00, the largest of the last 2 to this client',
    );
    expect((await firm.post('/invoices/retry-held', {})).json).toEqual({
      tried: 1,
      issued: 0,
      held: 1,
      next: null,
    });
    await firm.patch('/workspace', { settings: { safetyBounds: { totalFactor: '6' } } });
    expect((await firm.post('/invoices/retry-held', { clientId: firm.books.clientId })).json).toMatchObject({
      issued: 1,
      held: 0,
    });
    expect((await invoicesOf(firm.books)).map((row) => row.number)).toEqual([
      'NFE-0001',
      'NFE-0002',
      'NFE-0003',
    ]);
    expect((await firm.get('/exceptions?rule=invoice.held&status=open')).json.items).toEqual([]);
    const counted = await firm.patch('/workspace', { settings: { safetyBounds: { mostItems: 1 } } });
    expect(counted.status).toBe(200);
    await take(firm.books, [
      entryOf('F', { workDate: '2026-04-01' }),
      entryOf('G', { workDate: '2026-04-02' }),
    ]);
    await firm.run('issue');
    expect((await invoicesOf(firm.books)).at(-1)!.holdReason).toBe('it holds 2 items, more than 1');
  });

  test('the same entry twice on an invoice holds it', async () => {
    const firm = await newFirm();
    await take(firm.books, [entryOf('A')]);
    const id = await draft(firm);
    // A second item of the same hour, as no compile would make it, on a line of the same draft.
    await firm.books.in(async (tx) => {
      await tx.run(
        `with copy as (
           insert into billable_items (workspace_id, id, kind, entry_id, entry_version, contract_id, client_id, project_id, person_id, work_date,
             description, unit, raw_quantity, rounded_quantity, quantity, unit_price, amount, currency, price_source)
           select workspace_id, gen_random_uuid(), kind, entry_id, entry_version, contract_id, client_id, project_id, person_id, work_date,
             description, unit, raw_quantity, rounded_quantity, quantity, unit_price, amount, currency, price_source
           from billable_items where workspace_id = $1 returning *),
         balanced as (
           insert into item_balance (workspace_id, item_id, contract_id, quantity) select workspace_id, id, contract_id, quantity from copy)
         select 1 from copy`,
        [tx.workspaceId],
      );
      await tx.run(
        `insert into allocations (workspace_id, item_id, kind, invoice_id, target_id, quantity, amount)
         select $1, b.item_id, 'draft', $2, (select id from invoice_lines where workspace_id = $1 and invoice_id = $2), b.quantity, 0
         from item_balance b where b.workspace_id = $1 and b.allocated = 0`,
        [tx.workspaceId, id],
      );
    });
    const refused = await firm.post(`/invoices/${id}/issue`, {});
    expect(refused.json.detail).toContain('1 entries are on it twice');
    // These books are wrong on purpose.
    opened.splice(opened.indexOf(firm), 1);
  });
});

describe('tax', () => {
  test('goes by the region, the product and the tax point, and is made anew when a rate comes after the draft', async () => {
    const firm = await newFirm({ contract: { tax: { category: 'standard', rate: '25' } } });
    await firm.patch(`/clients/${firm.books.clientId}`, { address: { country: 'DE' } });
    for (const rate of [
      { rate: '16', validTo: '2026-03-02' },
      { rate: '19', validFrom: '2026-03-02' },
    ])
      expect((await firm.post('/tax-rates', { region: 'DE', category: 'standard', ...rate })).status).toBe(
        201,
      );
    const overlap = await firm.post('/tax-rates', { region: 'DE', category: 'standard', rate: '20' });
    expect(overlap.json).toMatchObject({ code: 'tax_rate.overlaps' });
    await take(firm.books, [entryOf('A', { workDate: '2026-03-01' })]);
    const early = await draft(firm);
    expect(await show(firm, early)).toMatchObject({
      net: '80.00',
      tax: '12.80',
      taxSubtotals: [{ category: 'standard', rate: '16' }],
    });
    await take(firm.books, [entryOf('B', { workDate: '2026-03-02' })]);
    expect(await show(firm, await draft(firm))).toMatchObject({ tax: '15.20' });
    const { json } = await firm.get('/tax-rates?region=DE');
    await firm.patch(`/tax-rates/${json.items[0].id}`, { validTo: '2026-03-01' });
    await firm.post('/tax-rates', {
      region: 'DE',
      category: 'standard',
      rate: '7',
      validFrom: '2026-03-01',
      validTo: '2026-03-02',
    });
    const anew = await firm.post(`/invoices/${early}/recalculate`);
    expect(anew.json).toMatchObject({ net: '80.00', tax: '5.60', total: '85.60' });
  });

  test('in the prices comes out of them to six places, and the rest is said', async () => {
    const firm = await newFirm({ rate: '9.99', contract: { tax: { category: 'standard', rate: '0' } } });
    await firm.patch(`/clients/${firm.books.clientId}`, { address: { country: 'DE' } });
    await firm.post('/tax-rates', { region: 'DE', category: 'standard', rate: '19', inclusive: true });
    await take(firm.books, [entryOf('A', { quantity: 3 * 3600 })]);
    const id = await draft(firm);
    const shown = await show(firm, id);
    // 3 × 9.99 = 29.97 is what they pay; 3 × 8.394958 = 25.18, 19 % of it 4.78, and a cent.
    expect(sums(shown)).toEqual(['25.18', '4.78', '0.01', '29.97', '0']);
    expect(shown.lines[0]).toMatchObject({ unitPrice: '8.394958', amount: '25.18', grossAmount: '29.97' });
    const half = await firm.post(`/invoices/${id}/discounts`, { percentage: '50', reason: 'Half price' });
    expect(sums(half.json)).toEqual(['12.59', '2.39', '0.01', '14.99', '12.59']);
    expect((await firm.post(`/invoices/${id}/issue`, {})).json).toMatchObject({
      status: 'issued',
      total: '14.99',
    });
  });

  test('that the client owes needs the ids of both and says its words; an exempt client has the reason', async () => {
    const firm = await newFirm();
    const wordless = await firm.patch(`/clients/${firm.books.clientId}`, { taxTreatment: 'reverse_charge' });
    expect(wordless.status).toBe(422);
    expect(wordless.json.errors[0].pointer).toBe('/taxLegalText');
    await firm.patch(`/clients/${firm.books.clientId}`, {
      taxTreatment: 'reverse_charge',
      taxLegalText: 'Autoliquidation',
    });
    await take(firm.books, [entryOf('A')]);
    const id = await draft(firm);
    expect(await show(firm, id)).toMatchObject({
      tax: '0.00',
      taxSubtotals: [{ category: 'reverse_charge', reverseCharge: true, legalText: 'Autoliquidation' }],
    });
    const refused = await firm.post(`/invoices/${id}/issue`, { releaseReason: 'Send it' });
    expect(refused.json.detail).toContain('a reverse charge needs the VAT id of the client');
    expect(refused.json.detail).toContain('a reverse charge needs the tax registration of the seller');
    await firm.patch(`/clients/${firm.books.clientId}`, { taxId: 'FR12345678901' });
    const registered = await firm.post(`/sellers/${firm.books.sellerId}/tax-registrations`, {
      country: 'GB',
      number: 'GB123456789',
    });
    expect(registered.status).toBe(201);
    expect((await firm.post(`/invoices/${id}/issue`, {})).json).toMatchObject({
      status: 'issued',
      total: '80.00',
    });

    await firm.patch(`/clients/${firm.books.clientId}`, {
      taxTreatment: 'exempt',
      taxExemptionReason: 'Diplomatic mission',
    });
    await take(firm.books, [entryOf('B', { workDate: '2026-03-03' })]);
    expect(await show(firm, await draft(firm))).toMatchObject({
      taxSubtotals: [{ category: 'exempt', exemptionReason: 'Diplomatic mission' }],
    });
  });

  test('by the day of issue: a rate that changed since the draft holds it until it is recalculated', async () => {
    const firm = await newFirm();
    await firm.patch(`/sellers/${firm.books.sellerId}`, { taxPointRule: 'issue_date' });
    await firm.patch(`/clients/${firm.books.clientId}`, { address: { country: 'DE' } });
    await firm.post('/tax-rates', { region: 'DE', category: 'standard', rate: '16' });
    await take(firm.books, [entryOf('A')]);
    const id = await draft(firm);
    // As if it had been drafted a year ago, and the rate had changed since.
    await firm.books.in((tx) =>
      tx.run(
        `update client_invoices set terms = terms || jsonb_build_object('taxPoint', (current_date - 365)::text) where workspace_id = $1`,
        [tx.workspaceId],
      ),
    );
    const [rate] = (await firm.get('/tax-rates')).json.items;
    const border = new Date(Date.now() - 100 * 86_400_000).toISOString().slice(0, 10);
    await firm.patch(`/tax-rates/${rate.id}`, { validTo: border });
    await firm.post('/tax-rates', { region: 'DE', category: 'standard', rate: '19', validFrom: border });
    const refused = await firm.post(`/invoices/${id}/issue`, {});
    expect(refused.json.detail).toContain('tax rates changed between');
    await firm.post(`/invoices/${id}/recalculate`);
    const issued = await firm.post(`/invoices/${id}/issue`, {});
    expect(issued.json).toMatchObject({ status: 'issued', tax: '15.20' });
  });
});

describe('at the same moment', () => {
  test('a draft is issued or one of its items is held: one of both, and the books balance', async () => {
    for (let round = 0; round < 6; round += 1) {
      const firm = await newFirm();
      await take(firm.books, [entryOf('A'), entryOf('B', { workDate: '2026-03-03' })]);
      const id = await draft(firm);
      const { A } = await itemsOf(firm);
      const issue = () => firm.post(`/invoices/${id}/issue`, {});
      const hold = () => firm.post('/billable-items/hold', { itemIds: [A], reason: 'Later' });
      const [issued, held] =
        round % 2
          ? await Promise.all([issue(), hold()])
          : (await Promise.all([hold(), issue()])).toReversed();
      const after = await show(firm, id);
      // Held first, what is left of the draft may still go out; issued first, nothing of it is held any more.
      expect(issued!.status, issued!.text).toBe(200);
      if (held!.status === 200) expect(after).toMatchObject({ status: 'issued', net: '80.00', itemCount: 1 });
      else {
        expect(['invoice.not_editable', 'item.not_open']).toContain(held!.json.code);
        expect(after).toMatchObject({ status: 'issued', net: '160.00', itemCount: 2 });
      }
    }
  });

  test('what an issued invoice says is fixed in the database', async () => {
    const firm = await newFirm();
    await take(firm.books, [entryOf('A')]);
    await firm.run('issue');
    const [invoice] = await invoicesOf(firm.books);
    for (const change of ["notes = 'x'", "allowances = '[1]'", "tax_subtotals = '[]'", 'discounted = 1'])
      await expect(
        firm.books.in((tx) =>
          tx.run(`update client_invoices set ${change} where workspace_id = $1 and id = $2`, [
            tx.workspaceId,
            invoice!.id,
          ]),
        ),
        change,
      ).rejects.toThrow(/is issued and cannot change/);
    await expect(
      firm.books.in((tx) =>
        tx.run(
          `insert into invoice_discounts (workspace_id, invoice_id, percentage, reason, created_by) values ($1, $2, 5, 'late', 'test')`,
          [tx.workspaceId, invoice!.id],
        ),
      ),
    ).rejects.toThrow(/is issued/);
  });
});
