/** Owns the library of payment terms over HTTP, and which of them end up on an invoice. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entryOf, take } from '../support/books.ts';
import { type Firm, openFirm, runOf } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

interface Terms {
  id: string;
  name: string;
  language: string;
  standard: boolean;
}
const written = async (firm: Firm, terms: Record<string, unknown>): Promise<Terms> => {
  const answer = await firm.post('/payment-terms', terms);
  expect(answer.status, answer.text).toBe(201);
  return answer.json as Terms;
};
/** The words on an invoice over 2 h more, made by a run of its own. */
async function issuedTerms(firm: Firm, externalId: string): Promise<string> {
  await take(firm.books, [entryOf(externalId, { quantity: 7200 })]);
  await firm.run('issue');
  const row = await firm.books.in((tx) =>
    tx.row<{ text: string }>(
      "select snapshot #>> '{terms,text}' as text from client_invoices where workspace_id = $1 order by id desc limit 1",
      [firm.books.workspaceId],
    ),
  );
  return row!.text;
}

test('a workspace begins with standard words in English and German', async () => {
  const firm = await openFirm(api);
  const { items } = (await firm.get('/payment-terms')).json as { items: Terms[] };
  expect(items.map(({ name, language, standard }) => `${name} ${language} ${standard}`).sort()).toEqual([
    'Standard de true',
    'Standard en true',
    'With late fee de false',
    'With late fee en false',
  ]);
  const german = (await firm.get('/payment-terms?language=de')).json.items as Terms[];
  expect(german).toHaveLength(2);
});

test('a variable that invoices do not have is refused, naming it and those that they have', async () => {
  const firm = await openFirm(api);
  const answer = await firm.post('/payment-terms', {
    name: 'Wrong',
    message: 'By {{due_date}}, {{invoice.number}}',
    lateFeePolicy: 'After {{#if late}} days }}',
  });
  expect(answer.status).toBe(422);
  expect(answer.json.code).toBe('payment_terms.unknown_variable');
  expect(answer.json.errors).toMatchObject([
    {
      pointer: '/message',
      detail: expect.stringMatching(/^\{\{due_date\}\} is not known; known are .*\{\{dueDate\}\}/),
    },
    { pointer: '/lateFeePolicy', detail: expect.stringContaining('{{#if late}}') },
    { pointer: '/lateFeePolicy', detail: expect.stringContaining('braces') },
  ]);
  expect((await firm.get('/payment-terms')).json.items).toHaveLength(4);
});

test('run before contract before client before the standard: each invoice says the words that were chosen for it', async () => {
  const firm = await openFirm(api, { contract: { jobReference: 'J-9' } });
  const { books } = firm;
  expect(await issuedTerms(firm, 'A')).toMatch(/^Payable within 30 days, by .*NFE-0001 as the reference\.$/s);

  const ofClient = await written(firm, { name: 'Client', message: 'Client: {{client.code}} by {{dueDate}}' });
  await firm.patch(`/clients/${books.clientId}`, { paymentTermsId: ofClient.id });
  expect(await issuedTerms(firm, 'B')).toMatch(/^Client: NFE by \d+ \w{3} \d{4}$/);

  const ofContract = await written(firm, {
    name: 'Contract',
    message: '{{ contract.name }}, {{job}}: {{invoice.total}}',
    lateFeePolicy: '8 % after {{terms.days}} days.',
  });
  await firm.patch(`/contracts/${books.contractId}`, { paymentTermsId: ofContract.id });
  expect(await issuedTerms(firm, 'C')).toBe('Refit, J-9: GBP 160.00\n\n8 % after 30 days.');

  const ofRun = await written(firm, { name: 'Run', message: 'Run: {{invoice.number}}' });
  await take(books, [entryOf('D')]);
  const run = await firm.post('/billing-runs', runOf(books, { paymentTermsId: ofRun.id }));
  expect(run.status, run.text).toBe(202);
  const kept = await books.in((tx) =>
    tx.row<{ terms: string }>(
      'select payment_terms_id as terms from runs where workspace_id = $1 and id = $2',
      [books.workspaceId, run.json.id],
    ),
  );
  expect(kept!.terms).toBe(ofRun.id);
});

test('the same choice in the language of the client is taken where it is there', async () => {
  const firm = await openFirm(api);
  const { books } = firm;
  const english = await written(firm, { name: 'Two weeks', message: 'Within two weeks: {{invoice.total}}' });
  await firm.patch(`/clients/${books.clientId}`, { paymentTermsId: english.id, language: 'de-AT' });
  expect(await issuedTerms(firm, 'A')).toBe('Within two weeks: GBP 160.00');
  await written(firm, { name: 'Two weeks', language: 'de', message: 'In zwei Wochen: {{invoice.total}}' });
  expect(await issuedTerms(firm, 'B')).toBe('In zwei Wochen: 160,00 GBP');
  await firm.patch(`/clients/${books.clientId}`, { paymentTermsId: null });
  expect(await issuedTerms(firm, 'C')).toMatch(/^Zahlbar innerhalb von 30 Tagen/);
});

test("what was issued keeps its words when the template is edited, and a value's braces are no template", async () => {
  const firm = await openFirm(api);
  const { books } = firm;
  const terms = await written(firm, { name: 'Odd', message: 'For {{contract.name}}' });
  await firm.patch(`/contracts/${books.contractId}`, {
    name: 'Evil {{invoice.total}} <b>',
    paymentTermsId: terms.id,
  });
  expect(await issuedTerms(firm, 'A')).toBe('For Evil {{invoice.total}} <b>');
  const [invoice] = (await firm.get('/invoices')).json.items as { id: string }[];
  const page = await api.call('GET', `/invoices/${invoice!.id}/html`, { key: firm.key });
  expect(page.text).toContain('<p>For Evil {{invoice.total}} &lt;b&gt;</p>');
  const changed = await firm.patch(`/payment-terms/${terms.id}`, { message: 'Other words' });
  expect(changed.json.message).toBe('Other words');
  const again = await api.call('GET', `/invoices/${invoice!.id}/html`, { key: firm.key });
  expect(again.text).toContain('For Evil');
});

test('terms that something names are not deleted, and it says what; else they go, and issued invoices stay as they are', async () => {
  const firm = await openFirm(api);
  const { books } = firm;
  const terms = await written(firm, { name: 'Named', message: 'Named: {{dueDate}}' });
  await firm.patch(`/clients/${books.clientId}`, { paymentTermsId: terms.id });
  const before = await issuedTerms(firm, 'A');
  const refused = await api.call('DELETE', `/payment-terms/${terms.id}`, { key: firm.key });
  expect([refused.status, refused.json.code]).toEqual([409, 'payment_terms.in_use']);
  expect(refused.json.detail).toContain('client Northern Ferries');
  await firm.patch(`/clients/${books.clientId}`, { paymentTermsId: null });
  expect((await api.call('DELETE', `/payment-terms/${terms.id}`, { key: firm.key })).status).toBe(204);
  const [invoice] = (await firm.get('/invoices')).json.items as { id: string }[];
  const page = await api.call('GET', `/invoices/${invoice!.id}/html`, { key: firm.key });
  expect(page.text).toContain(before);
});

test('one of each language is the standard: a new one takes its place', async () => {
  const firm = await openFirm(api);
  const own = await written(firm, { name: 'Our own', message: 'Ours', standard: true });
  const { items } = (await firm.get('/payment-terms?language=en')).json as { items: Terms[] };
  expect(items.filter(({ standard }) => standard)).toMatchObject([{ id: own.id }]);
  expect(await issuedTerms(firm, 'A')).toBe('Ours');
});

test('an account whose IBAN cannot be one is refused', async () => {
  const firm = await openFirm(api);
  const path = `/sellers/${firm.books.sellerId}/bank-accounts`;
  const wrong = await firm.post(path, { label: 'x', currency: 'GBP', iban: 'GB29 NWBK 6016 1331 9268 18' });
  expect([wrong.status, wrong.json.errors[0].pointer]).toEqual([422, '/iban']);
  expect((await firm.post(path, { label: 'x', currency: 'GBP' })).status).toBe(422);
  const right = await firm.post(path, { label: 'x', currency: 'GBP', iban: 'gb29 nwbk 6016 1331 9268 19' });
  expect(right.json.iban).toBe('GB29NWBK60161331926819');
});
