/** Owns POST /contracts. */
import { insertContract } from '../../../store/contracts.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { contract, contractSubject, newContract } from './contract.ts';

export const createContract = defineRoute({
  name: 'create-contract',
  method: 'post',
  path: '/contracts',
  summary: 'Create a contract',
  permission: 'contracts.create',
  body: newContract,
  example: {
    clientId: '{clientId}',
    sellerId: '{sellerId}',
    name: 'Dry dock 2026',
    currency: 'EUR',
    zone: 'Europe/Oslo',
    startsOn: '2026-01-01',
    goLiveOn: '2026-01-01',
    grouping: { invoice: 'client', line: 'project' },
  },
  responses: { 201: contract },
  errors: [
    'contract.dates_conflict',
    'contract.long_stop_missing',
    'reference.unknown',
    'purchase_order.archived',
    'purchase_order.other_currency',
  ],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertContract(tx, body);
      await recordCreated(tx, actor, contractSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/contracts/${created.id}` } };
    }),
});
