/** Owns how a work entry is shown over the API, and what explains its billing. */
import { z } from 'zod';
import { invoiceStatuses } from '../../../domain/invoice.ts';
import { approvalStates, entryKinds } from '../../../domain/work-entry.ts';
import { entryStatuses } from '../../../store/entries.ts';
import { id, instant, storedDay, storedDecimal } from '../../kit/schemas.ts';

const rawQuantity = z.int().meta({
  description: 'Signed whole units by kind: seconds (labor, mileage_time), metres, cents (expense), counts.',
});

export const entryStatus = z.enum(entryStatuses).meta({
  description:
    'open: the next run may take it · excepted: an open exception keeps it back · claimed: priced · billed: on an issued invoice · not_billable: offers nothing · deleted.',
});

const facts = {
  id,
  status: entryStatus,
  version: z.int(),
  externalId: z.string(),
  sourceId: id,
  sourceName: z.string(),
  kind: z.enum(entryKinds),
  workDate: storedDay,
  zone: z.string().nullable(),
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  quantity: rawQuantity,
  open: rawQuantity,
  claimed: rawQuantity,
  billable: z.boolean(),
  running: z.boolean(),
  approval: z.enum(approvalStates),
  settledElsewhere: z.boolean(),
  notes: z.string().nullable(),
  position: z.string().nullable(),
  personId: id.nullable(),
  personName: z.string().nullable(),
  clientId: id.nullable(),
  clientName: z.string().nullable(),
  projectId: id.nullable(),
  projectName: z.string().nullable(),
  taskId: id.nullable(),
  taskName: z.string().nullable(),
};
export const entry = z.object(facts).meta({ id: 'Entry' });

const reason = z
  .object({
    code: z.string(),
    message: z.string(),
    whatToDo: z.string(),
    exceptionId: id.optional(),
    invoiceId: id.optional(),
  })
  .meta({ id: 'WhyNotBilled' });

const version = z.object({
  version: z.int(),
  workDate: storedDay,
  quantity: rawQuantity,
  claimable: rawQuantity,
  claimed: rawQuantity,
  billable: z.boolean(),
  approval: z.enum(approvalStates),
  contentHash: z.string(),
  operationId: id.nullable(),
  createdAt: instant,
});
const claim = z.object({
  version: z.int(),
  itemId: id,
  quantity: rawQuantity,
  runId: id.nullable(),
  createdAt: instant,
});
const line = z.object({
  invoiceId: id,
  invoiceStatus: z.enum(invoiceStatuses),
  invoiceNumber: z.string().nullable(),
  lineId: id,
  lineNo: z.int().nullable(),
  quantity: storedDecimal,
  amount: storedDecimal,
});
const item = z.object({
  id,
  version: z.int(),
  kind: z.string(),
  quantity: storedDecimal,
  unit: z.string(),
  unitPrice: storedDecimal,
  amount: storedDecimal,
  currency: z.string(),
  priceSource: z.string(),
  priceRule: z.record(z.string(), z.unknown()),
  flagged: z.boolean().meta({ description: 'No price source was found: compiled at 0.00.' }),
  included: z.boolean(),
  heldReason: z.string().nullable(),
  allocated: storedDecimal,
  lines: z.array(line),
});

export const entryInFull = z
  .object({
    ...facts,
    whyNotBilled: z.array(reason).meta({ description: 'Empty once it is billed in full.' }),
    versions: z.array(version),
    claims: z.array(claim),
    items: z.array(item).nullable().meta({ description: 'Null where the key lacks items.read.' }),
    exceptions: z.array(
      z.object({
        id,
        rule: z.string(),
        severity: z.enum(['E', 'W']),
        status: z.string(),
        createdAt: instant,
      }),
    ),
  })
  .meta({ id: 'EntryInFull' });
