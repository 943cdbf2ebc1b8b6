/** Owns purchase orders over HTTP: entering them, naming them on contracts, what they hold back, and who hears that they run out. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const ok = (answer: Answered, status: number) => {
  expect(answer.status, answer.text).toBe(status);
  return answer.json;
};
const refusal = ({ status, json }: Answered) => [status, json.code];
const enter = (firm: Firm, facts: Record<string, unknown> = {}) =>
  firm.post('/purchase-orders', { clientId: firm.books.clientId, number: 'PO-7', ...facts });
const change = (firm: Firm, id: string, facts: Record<string, unknown>) =>
  firm.patch(`/purchase-orders/${id}`, facts);
const nameOnContract = (firm: Firm, purchaseOrderId: string | null) =>
  firm.patch(`/contracts/${firm.books.contractId}`, { purchaseOrderId });
/** An invoice of 80.00 for each. */
const perEntry = { contract: { grouping: { invoice: 'entry', line: 'entry' } } } as const;
const work = (firm: Firm, keys: string[]) =>
  take(
    firm.books,
    keys.map((key) => entryOf(key)),
  );
const shown = async (firm: Firm) =>
  (await invoicesOf(firm.books)).map(({ status, holdReason }) => [status, holdReason]);
const eventsOf = (firm: Firm, id: string) =>
  firm.books.in((tx) =>
    tx.rows<{ type: string; before: object | null; after: object | null }>(
      'select type, before, after from events where workspace_id = $1 and subject_id = $2 order by id',
      [firm.books.workspaceId, id],
    ),
  );

test('an order is entered once under its number, in the currency of its client, and is found by client and status', async () => {
  const firm = await openFirm(api);
  const order = ok(
    await enter(firm, { limitAmount: '1000.00', validFrom: '2026-01-01', validTo: '2027-01-01' }),
    201,
  );
  expect(order).toEqual({
    id: order.id,
    clientId: firm.books.clientId,
    number: 'PO-7',
    status: 'active',
    currency: 'GBP',
    limitAmount: '1000.00',
    validFrom: '2026-01-01',
    validTo: '2027-01-01',
    used: '0',
    left: '1000',
  });
  const again = await enter(firm);
  expect(refusal(again)).toEqual([409, 'purchase_order.number_taken']);
  expect(again.json.detail).toContain('purchase order PO-7 already');
  // Another client may well use the same number.
  const other = ok(
    await firm.post('/clients', { name: 'Other', code: 'OTH', currency: 'EUR', email: 'ap@other.example' }),
    201,
  );
  const theirs = ok(await enter(firm, { clientId: other.id }), 201);
  expect(theirs).toMatchObject({ currency: 'EUR', limitAmount: null, left: null });
  const list = async (query: string) =>
    (ok(await firm.get(`/purchase-orders?${query}`), 200).items as { id: string }[]).map(({ id }) => id);
  expect(await list(`clientId=${other.id}`)).toEqual([theirs.id]);
  expect(await list('status=active')).toEqual([order.id, theirs.id]);
  ok(await change(firm, theirs.id, { status: 'archived' }), 200);
  expect(await list('status=archived')).toEqual([theirs.id]);

  expect(
    refusal(await enter(firm, { number: 'PO-8', validFrom: '2026-02-01', validTo: '2026-02-01' })),
  ).toEqual([422, 'purchase_order.validity']);
  expect(refusal(await change(firm, order.id, { validTo: '2025-12-31' }))).toEqual([
    422,
    'purchase_order.validity',
  ]);
  expect(ok(await change(firm, order.id, { validFrom: null, number: 'PO-7a' }), 200)).toMatchObject({
    number: 'PO-7a',
    validFrom: null,
  });
});

test("a contract names an order of its own client, in its currency, that isn't archived", async () => {
  const firm = await openFirm(api);
  const other = ok(
    await firm.post('/clients', { name: 'Other', code: 'OTH', currency: 'GBP', email: 'ap@other.example' }),
    201,
  );
  const theirs = ok(await enter(firm, { clientId: other.id }), 201);
  const euros = ok(await enter(firm, { number: 'PO-EUR', currency: 'EUR' }), 201);
  const order = ok(await enter(firm), 201);
  expect(refusal(await nameOnContract(firm, theirs.id))).toEqual([422, 'reference.unknown']);
  expect(refusal(await nameOnContract(firm, euros.id))).toEqual([422, 'purchase_order.other_currency']);
  expect(ok(await nameOnContract(firm, order.id), 200).purchaseOrderId).toBe(order.id);

  // While it is named it stays as it is.
  const archived = await change(firm, order.id, { status: 'archived' });
  expect(refusal(archived)).toEqual([409, 'purchase_order.in_use']);
  expect(archived.json.detail).toContain('contract Refit');
  expect(refusal(await change(firm, order.id, { currency: 'EUR' }))).toEqual([
    409,
    'purchase_order.currency_fixed',
  ]);
  ok(await nameOnContract(firm, null), 200);
  ok(await change(firm, order.id, { status: 'archived' }), 200);
  expect(refusal(await nameOnContract(firm, order.id))).toEqual([422, 'purchase_order.archived']);
  ok(await change(firm, order.id, { status: 'active', currency: 'EUR' }), 200);
  expect(await eventsOf(firm, order.id)).toMatchObject([
    { type: 'purchase_order.created', after: { number: 'PO-7', currency: 'GBP' } },
    { type: 'purchase_order.archived', before: { status: 'active' }, after: { status: 'archived' } },
    {
      type: 'purchase_order.updated',
      before: { status: 'archived', currency: 'GBP' },
      after: { status: 'active', currency: 'EUR' },
    },
  ]);
});

test('what is invoiced counts as used, and no limit goes down below it', async () => {
  const firm = await openFirm(api, perEntry);
  const order = ok(await enter(firm, { limitAmount: '170.00' }), 201);
  ok(await nameOnContract(firm, order.id), 200);
  await work(firm, ['a', 'b']);
  await firm.run('draft');
  expect(ok(await firm.get(`/purchase-orders/${order.id}`), 200)).toMatchObject({ used: '0', left: '170' });
  await work(firm, ['c']);
  await firm.run('draft');
  for (const { id } of await invoicesOf(firm.books)) await firm.post(`/invoices/${id}/issue`, {});
  expect((await shown(firm)).filter(([status]) => status === 'issued')).toHaveLength(2);
  expect(ok(await firm.get(`/purchase-orders/${order.id}`), 200)).toMatchObject({
    used: '160.00',
    left: '10',
  });

  const lowered = await change(firm, order.id, { limitAmount: '159.99' });
  expect(refusal(lowered)).toEqual([409, 'purchase_order.limit_below_used']);
  expect(lowered.json.detail).toContain('160.00 GBP');
  expect(lowered.json.detail).toContain('159.99');
  expect(ok(await change(firm, order.id, { limitAmount: '160.00' }), 200).left).toBe('0');
  // Beyond it by a person's word; then it may go up to what it likes, and not down.
  const [rest] = (await invoicesOf(firm.books)).filter(({ status }) => status !== 'issued');
  const beyond = await firm.post(`/invoices/${rest!.id}/issue`, {});
  expect(refusal(beyond)).toEqual([409, 'invoice.gate']);
  expect(beyond.json.detail).toContain('purchase order PO-7 of 160.00 would come to 240');
  ok(await firm.post(`/invoices/${rest!.id}/issue`, { releaseReason: 'Agreed by mail' }), 200);
  expect(ok(await firm.get(`/purchase-orders/${order.id}`), 200)).toMatchObject({
    used: '240.00',
    left: '-80',
  });
  expect(refusal(await change(firm, order.id, { limitAmount: '159.99' }))[0]).toBe(409);
  expect(ok(await change(firm, order.id, { limitAmount: '200.00' }), 200).left).toBe('-40');
  expect(ok(await change(firm, order.id, { limitAmount: null }), 200).left).toBeNull();
  expect(refusal(await change(firm, order.id, { limitAmount: '239.99' }))[0]).toBe(409);
  await expectBalanced(api.test.database, firm.books);
});

test('a contract that asks for an order holds its drafts until it names one, and says what to do', async () => {
  const firm = await openFirm(api, perEntry);
  const order = ok(await enter(firm), 201);
  ok(await nameOnContract(firm, order.id), 200);
  ok(
    await firm.patch(`/contracts/${firm.books.contractId}`, { clauses: { purchaseOrderRequired: true } }),
    200,
  );
  await work(firm, ['a']);
  await firm.run('draft');
  ok(await nameOnContract(firm, null), 200);
  const [draft] = await invoicesOf(firm.books);
  const refused = await firm.post(`/invoices/${draft!.id}/issue`, {});
  expect(refusal(refused)).toEqual([409, 'invoice.gate']);
  expect(refused.json.detail).toContain(
    "the contract asks for a purchase order and names none: enter the client's, name it on the contract, then issue again",
  );
  // An archived one is as good as none.
  await firm.books.in((tx) =>
    tx.run(
      `with o as (update purchase_orders set status = 'archived' where workspace_id = $1 and id = $2 returning id)
       update contracts k set purchase_order_id = o.id from o where k.workspace_id = $1 and k.id = $3`,
      [firm.books.workspaceId, order.id, firm.books.contractId],
    ),
  );
  expect((await firm.post(`/invoices/${draft!.id}/issue`, {})).json.detail).toContain(
    'purchase order PO-7 is archived: name another on the contract',
  );
  ok(await change(firm, order.id, { status: 'active' }), 200);
  ok(await firm.post(`/invoices/${draft!.id}/issue`, {}), 200);
  expect(await shown(firm)).toEqual([['issued', null]]);
});

test('where the contract switches the rule off, its drafts go out without an order', async () => {
  const firm = await openFirm(api, {
    ...perEntry,
    contract: { ...perEntry.contract, severities: { 'contract.purchase_order': 'off' } },
  });
  ok(
    await firm.patch(`/contracts/${firm.books.contractId}`, { clauses: { purchaseOrderRequired: true } }),
    200,
  );
  await work(firm, ['a']);
  await firm.run('issue');
  expect(await shown(firm)).toEqual([['issued', null]]);
});

test('who keeps the orders hears once that four fifths are used, and anew of another limit', async () => {
  const firm = await openFirm(api, perEntry);
  const manager = await api.newMember(firm.books.workspaceId, 'manager', { name: 'Max' });
  const told = async () =>
    (
      ok(await api.call('GET', '/notifications', { key: manager.key }), 200).items as {
        kind: string;
        title: string;
        body: string;
      }[]
    )
      .filter(({ kind }) => kind === 'purchase_order.nearly_used')
      .map(({ title, body }) => `${title}: ${body}`)
      .reverse();
  const order = ok(await enter(firm, { limitAmount: '300.00' }), 201);
  ok(await nameOnContract(firm, order.id), 200);
  await work(firm, ['a', 'b']);
  await firm.run('issue');
  expect(await told()).toEqual([]);
  await work(firm, ['c']);
  await firm.run('issue');
  const first =
    'Northern Ferries: little is left of purchase order PO-7: 240.00 GBP of the 300.00 GBP of purchase order PO-7 are invoiced, 60 GBP are left. Ask Northern Ferries for more, or for another one: what goes beyond it is held.';
  expect(await told()).toEqual([first]);
  ok(await change(firm, order.id, { validTo: '2028-01-01' }), 200);
  expect(await told()).toEqual([first]);
  ok(await change(firm, order.id, { limitAmount: '400.00' }), 200);
  expect(await told()).toEqual([first]);
  await work(firm, ['d']);
  await firm.run('issue');
  expect(await told()).toEqual([first, expect.stringContaining('320.00 GBP of the 400.00 GBP')]);
  expect((await eventsOf(firm, order.id)).map(({ type }) => type)).toEqual([
    'purchase_order.created',
    'purchase_order.nearly_used',
    'purchase_order.updated',
    'purchase_order.updated',
    'purchase_order.nearly_used',
  ]);
});
