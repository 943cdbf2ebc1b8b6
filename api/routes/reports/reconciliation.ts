/** Owns how the reconciliation report is asked for and shown over the API. */
import { z } from 'zod';
import { hourPlaces } from '../../../domain/reconciliation.ts';
import { invalidField } from '../../../domain/refusal.ts';
import type { ReconciliationFilter } from '../../../store/reports/reconciliation.ts';
import { day, id, storedDecimal } from '../../kit/schemas.ts';

export const reconciliationQuery = {
  startsOn: day.optional().meta({ description: 'Work, and documents issued, from this day on.' }),
  endsBefore: day.optional().meta({ description: 'The first day after it.' }),
  sourceId: id.optional().meta({ description: 'One source only: a connection, a file, tickets.' }),
};

export function toFilter(query: {
  startsOn?: string | undefined;
  endsBefore?: string | undefined;
  sourceId?: string | undefined;
}): ReconciliationFilter {
  const { startsOn = null, endsBefore = null, sourceId = null } = query;
  if (startsOn !== null && endsBefore !== null && endsBefore <= startsOn)
    throw invalidField('/endsBefore', 'report.period_empty', `${endsBefore} is not after ${startsOn}.`);
  return { startsOn, endsBefore, sourceId };
}

const says: Record<(typeof hourPlaces)[number], string> = {
  billed: 'On invoices with a number, less what voids and credits gave back.',
  unbilled: 'Open, priced and on no document, or on a draft.',
  nonBillable: 'Excluded: not billable, by its source.',
  settledElsewhere: 'Excluded: of before go-live, or billed at its platform.',
  writtenOff: 'Excluded: will not be billed.',
  included: 'Excluded: under a fixed price, or drawn from a retainer.',
  quarantined: 'In rows that were set aside though their hours can be read.',
};
const seconds = (description: string) =>
  z.int().meta({ description: `Seconds of labor, signed. ${description}` });
const hours = {
  source: seconds('What the source says, with what of it is in quarantine.'),
  ...(Object.fromEntries(hourPlaces.map((place) => [place, seconds(says[place])])) as Record<
    (typeof hourPlaces)[number],
    z.ZodInt
  >),
  drafted: seconds('Of the unbilled: on a draft.'),
  difference: seconds('Source less all places but drafted: 0, or something is wrong.'),
  entries: z.int(),
  quarantinedRows: z.int().meta({ description: 'Rows in quarantine; most have no hours that can be read.' }),
};

export const reconciledHours = z
  .object({
    sourceId: id,
    sourceName: z.string(),
    sourceKind: z.enum(['connection', 'file', 'ticket', 'timer']),
    connectionId: id.nullable(),
    projectCode: z.string().nullable(),
    costCentre: z.string().nullable(),
    period: z.string().nullable().meta({ description: 'Month of the work; null of rows in quarantine.' }),
    ...hours,
  })
  .meta({ id: 'ReconciledHours' });
export const reconciledSums = z.object(hours).meta({ id: 'ReconciledSums' });
export const reconciledMoney = z
  .object({
    connectionId: id,
    connectionName: z.string(),
    period: z.string().meta({ description: 'Month of issue.' }),
    currency: z.string(),
    documents: z.int().meta({ description: 'Invoices, and credit notes, whose amounts count against.' }),
    net: storedDecimal,
    total: storedDecimal,
    remoteTotal: storedDecimal.meta({ description: 'What the platform said that it has.' }),
    waitingTotal: storedDecimal.meta({ description: 'Of documents on their way.' }),
    failedTotal: storedDecimal.meta({ description: 'Of documents whose sync failed.' }),
    difference: storedDecimal.meta({ description: 'Total less all three.' }),
  })
  .meta({ id: 'ReconciledMoney' });
