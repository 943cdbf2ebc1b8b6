/** Owns how batches of opening balances are written and shown over the API, as JSON and as columns of a file. */
import { z } from 'zod';
import type { Doer } from '../../../domain/duties.ts';
import { seriesDocumentTypes } from '../../../domain/numbering.ts';
import { type OpeningRow, openingKinds, openingStatuses } from '../../../domain/opening-balance.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { type OpeningBatch, proposeOpeningBatch } from '../../../store/opening-batches.ts';
import { findNames, type GivenRow } from '../../../store/opening-names.ts';
import {
  currency,
  day,
  decimal,
  id,
  instant,
  name,
  shortText,
  storedDay,
  storedDecimal,
} from '../../kit/schemas.ts';
import { badRows } from '../clients/client-csv.ts';

const kind = z.enum(openingKinds);
export const openingStatus = z.enum(openingStatuses);

/** A row: what each kind needs and may have is in domain/opening-balance.ts. */
export const openingRow = z
  .strictObject({
    kind,
    seller: name.nullish().meta({ description: 'By name; left out: the only one.' }),
    client: shortText.nullish().meta({ description: 'By its code.' }),
    person: name.nullish().meta({ description: 'By code, e-mail or name.' }),
    contract: name.nullish().meta({ description: 'By name, of the client.' }),
    project: name.nullish().meta({ description: 'By code, of the client.' }),
    phase: name.nullish().meta({ description: 'By name, of the project.' }),
    position: shortText.nullish(),
    documentType: z.enum(seriesDocumentTypes).nullish(),
    series: name.nullish().meta({ description: 'Of numbers; left out: default.' }),
    number: shortText.nullish().meta({ description: 'As the other system gave it.' }),
    issueDate: day.nullish(),
    dueDate: day.nullish(),
    usedOn: day.nullish().meta({ description: 'Of a use of a cap: the day in whose period it counts.' }),
    currency: currency.nullish().meta({ description: 'Left out: hours, or a number.' }),
    total: decimal.nullish().meta({ description: 'What the document came to at first.' }),
    amount: decimal.meta({ description: 'What is open of it; of a last number that number.' }),
  })
  .meta({ id: 'NewOpeningBalance' });

export const toOpeningRow = ({ kind, amount, ...given }: z.output<typeof openingRow>): OpeningRow => ({
  kind,
  amount,
  seller: given.seller ?? null,
  client: given.client ?? null,
  person: given.person ?? null,
  contract: given.contract ?? null,
  project: given.project ?? null,
  phase: given.phase ?? null,
  position: given.position ?? null,
  documentType: given.documentType ?? null,
  series: given.series ?? null,
  number: given.number ?? null,
  issueDate: given.issueDate ?? null,
  dueDate: given.dueDate ?? null,
  usedOn: given.usedOn ?? null,
  currency: given.currency ?? null,
  total: given.total ?? null,
});

export const controlTotal = z
  .object({
    kind,
    currency: currency.nullable(),
    count: z.int().min(0),
    amount: decimal,
  })
  .meta({ id: 'ControlTotal' });

export const openingBatch = z
  .object({
    id,
    name: z.string(),
    asOf: storedDay.meta({ description: 'The balances are those with which this day begins.' }),
    status: openingStatus,
    countersBatchId: id.nullable().meta({ description: 'The batch that it undoes.' }),
    counteredById: id.nullable(),
    rowCount: z.int(),
    totals: z
      .array(controlTotal.extend({ amount: storedDecimal }))
      .meta({ id: 'OpeningTotals', description: 'Of its rows, by kind and currency.' }),
    proposedBy: z.string(),
    decidedBy: z.string().nullable(),
    decidedAt: instant.nullable(),
    decisionReason: z.string().nullable(),
    createdAt: instant,
  })
  .meta({ id: 'OpeningBatch' });

export const openingBalance = z
  .object({
    id,
    lineNo: z.int(),
    kind,
    sellerId: id.nullable(),
    clientId: id.nullable(),
    personId: id.nullable(),
    contractId: id.nullable(),
    projectId: id.nullable(),
    phaseId: id.nullable(),
    subjectId: id.nullable().meta({
      description:
        'What it brings once in effect: an invoice, a contractor invoice, an item to bill, or the series it sets.',
    }),
    position: z.string().nullable(),
    number: z.string().nullable(),
    issueDate: storedDay.nullable(),
    dueDate: storedDay.nullable(),
    usedOn: storedDay.nullable(),
    currency: z.string().nullable(),
    total: storedDecimal.nullable(),
    amount: storedDecimal,
    countersId: id.nullable().meta({ description: 'The row that it undoes.' }),
  })
  .meta({ id: 'OpeningBalance' });

/** All rows or none: the answer to bad ones names each with its line. */
export async function propose(
  tx: WorkspaceTx,
  { rows, ...batch }: { name: string; asOf: string; rows: readonly GivenRow[] },
  doer: Doer,
): Promise<OpeningBatch> {
  const found = await findNames(tx, rows, batch.asOf);
  if (found.flaws.length > 0) throw badRows(found.flaws);
  return proposeOpeningBatch(tx, { ...batch, rows: found.rows }, doer);
}
