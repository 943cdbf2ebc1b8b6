/** Owns POST /opening-batches. */
import { z } from 'zod';
import { defineRoute } from '../../kit/route.ts';
import { day, name } from '../../kit/schemas.ts';
import { openingBatch, openingRow, propose, toOpeningRow } from './opening-batch.ts';

/** A JSON body is read whole; more of them come as a file. */
const maxJsonRows = 1_000;

export const createOpeningBatch = defineRoute({
  name: 'create-opening-batch',
  method: 'post',
  path: '/opening-batches',
  summary: 'Bring in opening balances of the books of before',
  description:
    'Open invoices, what contractors are owed, work in progress, retainers, used caps and last numbers, with which the day begins. Nothing takes effect before a second person has signed off the control totals. One bad row, and nothing is kept.',
  permission: 'opening_balances.create',
  body: z.object({ name, asOf: day, rows: z.array(openingRow).min(1).max(maxJsonRows) }),
  example: {
    name: 'Open work of 2025',
    asOf: '2026-01-01',
    rows: [{ kind: 'wip', client: 'FIX', contract: 'Fixture contract', currency: 'EUR', amount: '980.00' }],
  },
  responses: { 201: openingBatch },
  errors: ['file.bad_rows', 'opening.same_rows'],
  handler: ({ body: { rows, ...batch }, actor, transact }) =>
    transact(async (tx) => {
      const given = rows.map((row, index) => ({ line: index + 1, row: toOpeningRow(row) }));
      const made = await propose(tx, { ...batch, rows: given }, actor);
      return { status: 201, body: made, headers: { Location: `/api/v1/opening-batches/${made.id}` } };
    }),
});
