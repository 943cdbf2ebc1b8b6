/** Owns `slipway contract`: who invoices is never guessed, and what does not fit changes nothing. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { makeContract, type Wanted } from '../cli/commands/contract.ts';
import { clients } from '../store/clients.ts';
import { contracts } from '../store/contracts.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { insertProject, projects } from '../store/projects.ts';
import { sellers } from '../store/sellers.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { newWorkspace } from './support/loops.ts';

let test: TestDatabase;
let workspaceId: string;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const wanted: Wanted = {
  client: 'Acme Ferries',
  seller: null,
  rate: '80.00',
  currency: 'GBP',
  from: '2026-01-01',
  zone: 'UTC',
  country: 'GB',
  invoice: 'client',
  projectCodes: [],
};
const inWorkspace = <T>(work: (tx: WorkspaceTx) => Promise<T>) =>
  test.database.inWorkspace(workspaceId, work);
const agree = (change: Partial<Wanted> = {}) =>
  inWorkspace((tx) => makeContract(tx, { ...wanted, ...change }));
const all = { limit: 10, after: null };
const newSeller = (name: string) =>
  inWorkspace((tx) => sellers.insert(tx, { name, country: 'GB', functionalCurrency: 'GBP', zone: 'UTC' }));
const sellerNames = () => inWorkspace(async (tx) => (await sellers.list(tx, all)).map((row) => row.name));

beforeEach(async () => {
  workspaceId = await newWorkspace(test.database);
  await inWorkspace(async (tx) => {
    const client = await clients.insert(tx, { name: 'Acme Ferries', code: 'ACM', currency: 'GBP' });
    await insertProject(tx, { clientId: client.id, code: 'P1', name: 'Hull' });
    await insertProject(tx, { clientId: client.id, code: 'P2', name: 'Deck' });
  });
});

it('the seller that is named invoices, and is made where it is missing', async () => {
  await newSeller('First Ltd');
  expect(await agree({ seller: 'Second Ltd' })).toContain('Invoices come from Second Ltd (a new seller).');
  const [contract] = await inWorkspace((tx) => contracts.list(tx, all));
  const seller = await inWorkspace((tx) => sellers.find(tx, contract!.sellerId));
  expect(seller?.name).toBe('Second Ltd');
});

it('without a name it is the only seller, or else it is asked for', async () => {
  await newSeller('First Ltd');
  expect(await agree()).toContain('Invoices come from First Ltd.');
  await newSeller('Second Ltd');
  await expect(agree({ from: '2026-02-01' })).rejects.toThrow(/--seller NAME: First Ltd, Second Ltd/);
});

it('an unknown project, and a contract that is there already, are said in words and change nothing', async () => {
  await expect(agree({ projectCodes: ['P1', 'P9'] })).rejects.toThrow('Acme Ferries has no project P9.');
  expect(await sellerNames()).toEqual([]);
  await agree({ projectCodes: ['P1'] });
  const under = await inWorkspace(async (tx) =>
    (await projects.list(tx, all)).map((row) => row.contractId !== null),
  );
  expect(under).toEqual([true, false]);
  await expect(agree()).rejects.toThrow(/has the contract "Time and materials from 2026-01-01" already/);
});
