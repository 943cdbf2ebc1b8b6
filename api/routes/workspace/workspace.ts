/** Owns how the workspace is read and written over the API. */
import { z } from 'zod';
import { fileCeilingBytes } from '../../../domain/document-settings.ts';
import { ledgerAccounts } from '../../../domain/ledger-accounts.ts';
import { Decimal } from '../../../domain/money.ts';
import type { Subject } from '../../kit/record-change.ts';
import { currency, id, instant, name, price, shortText, zone } from '../../kit/schemas.ts';

export const workspaceSubject: Subject = { type: 'workspace', permission: 'workspace.read' };

export const workspace = z
  .object({
    id,
    name: z.string(),
    kind: z.enum(['live', 'sandbox']),
    clockAt: instant.nullable().meta({ description: "A sandbox's own clock; null: the real one." }),
    settings: z.record(z.string(), z.unknown()),
    createdAt: instant,
  })
  .meta({ id: 'Workspace' });

const waitSeconds = z.int().min(1).max(31_536_000);
const fileSize = z.int().min(10_000).max(fileCeilingBytes);
/** Settings by name; null removes one. */
const choices = z.array(shortText).min(1).max(100);
const settings = z.strictObject({
  zone: zone.nullish().meta({ description: 'Where a source does not say it.' }),
  currency: currency.nullish().meta({ description: 'Of clients that a sync creates.' }),
  ticketReminderAfterSeconds: waitSeconds.nullish().meta({
    description: 'After this approvers are reminded of a submitted ticket; default one day.',
  }),
  ticketEscalationAfterSeconds: waitSeconds.nullish().meta({
    description: 'After this admins are told that nobody decided on a ticket; default three days.',
  }),
  ticketMaxAgeDays: z
    .int()
    .min(1)
    .max(3660)
    .nullish()
    .meta({ description: 'Older work is refused; default 730.' }),
  contractorInvoiceReminderAfterSeconds: waitSeconds.nullish().meta({
    description: 'After this approvers are reminded of a contractor invoice; default two days.',
  }),
  contractorInvoiceEscalationAfterSeconds: waitSeconds.nullish().meta({
    description: 'After this admins are told that nobody decided on a contractor invoice; default five days.',
  }),
  contractorPaymentTermsDays: z
    .int()
    .min(0)
    .max(365)
    .nullish()
    .meta({ description: 'From the approval of a contractor invoice until it is due; default 30.' }),
  payoutBlockDays: z
    .int()
    .min(0)
    .max(90)
    .nullish()
    .meta({ description: 'How long nobody is paid to a changed account; default 5.' }),
  approvalLimits: z.record(currency, price).nullish().meta({
    description: 'Currency → up to how much a manager decides; a currency that is not named has no limit.',
  }),
  timerLimitHours: z
    .int()
    .min(1)
    .max(24)
    .nullish()
    .meta({ description: 'A timer that runs longer counts as forgotten; default 12.' }),
  defaultProductId: id.nullish().meta({
    description: 'What work is sold as where nothing nearer names a product.',
  }),
  digestTime: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day, such as 07:00')
    .nullish()
    .meta({ description: 'When the finance team is told each day of what is open; default 07:00.' }),
  exceptionAgeDays: z.int().min(1).max(365).nullish().meta({
    description: 'An exception that is open for more days raises the alarm; default 7.',
  }),
  safetyBounds: z
    .strictObject({
      totalFactor: price.refine((text) => new Decimal(text).gte(1), 'at least 1').optional(),
      mostItems: z.int().min(1).max(10_000_000).optional(),
    })
    .nullish()
    .meta({
      description:
        "An invoice is held whose total is more than totalFactor times the client's largest of the last twelve (default 5; from the third on), or that holds more items than mostItems (default 250,000).",
    }),
  fourEyes: z.boolean().nullish().meta({
    description: 'Whether decisions need a second person; default: from three members on who could decide.',
  }),
  documentReminderDays: z
    .array(z.int().min(1).max(365))
    .max(10)
    .nullish()
    .meta({ description: 'So many days before a document expires it is told; default 30, 14 and 3.' }),
  receiptMaxBytes: fileSize.nullish().meta({ description: 'Of a receipt; default 10 MB.' }),
  documentMaxBytes: fileSize
    .nullish()
    .meta({ description: "Of a document or a contractor's own invoice; default 25 MB." }),
  industries: choices.nullish().meta({ description: 'What a client may be in.' }),
  serviceTypes: choices.nullish().meta({ description: 'What is mostly done for a client.' }),
  complianceStandards: choices.nullish().meta({
    description: 'What a client may require; default ISO 9001, EPA, OSHA and SOC 2.',
  }),
  monthlyStatements: z.boolean().nullish().meta({
    description:
      'On the first of a month each client with something on its account gets a statement of the month before.',
  }),
  quarterlyReportGraceDays: z.int().min(0).max(180).nullish().meta({
    description:
      "After a quarter's end a client's report waits for closed books so many days at most; default 14.",
  }),
  ledgerAccounts: z
    .partialRecord(z.enum(ledgerAccounts), shortText)
    .nullish()
    .meta({ description: "Our word for an account → the firm's own number, as the journal shows it." }),
  clientConfirmations: z
    .enum(['show', 'ask_admin'])
    .nullish()
    .meta({ description: "A client's word that they paid: shown at once (default), or after an admin's." }),
  clientConfirmationDays: z.int().min(1).max(365).nullish().meta({
    description:
      'A client said that they paid, and after more days no money has come: an exception says so; default 10.',
  }),
});
export const workspaceChange = z.object({ name: name.optional(), settings: settings.optional() });
