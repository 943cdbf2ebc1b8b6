/** Owns how an ownership card is written over the API, and refusing one that its platform cannot act on. */
import { z } from 'zod';
import {
  dimensionSources,
  lineForms,
  type OwnershipCard,
  plainCard,
  type TargetAbilities,
  whoDoes,
  whyNotOwned,
} from '../../../domain/ownership.ts';
import { invalidField } from '../../../domain/refusal.ts';
import type { ApiDeps, ConnectorFacts } from '../../deps.ts';
import { id } from '../../kit/schemas.ts';

const who = z.enum(whoDoes);
const code = z.string().trim().min(1).max(100);
const mapped = z
  .record(z.string().min(1).max(50), code)
  .refine((values) => Object.keys(values).length <= 100, 'at most 100 codes');

/** The money side; each field with what it does when it is left out. */
const targetFields = {
  number: who.meta({ description: 'theirs: the platform counts, and our number goes into its reference.' }),
  pdf: who.meta({ description: 'theirs: we print none and send none.' }),
  mail: who.meta({ description: "theirs: the platform's own mail goes out once the invoice is there." }),
  firstStatus: z.enum(['open', 'draft']),
  payments: z.boolean().meta({ description: 'Off: payments that are booked there are not read back.' }),
  paymentLinks: z.boolean().meta({
    description:
      "Off: clients are not shown the platform's page to pay an invoice at, and it is not asked for.",
  }),
  lines: z.enum(lineForms).meta({
    description: 'As on the invoice, one per entry, or one per kind, tax rate and dimension.',
  }),
  attachTime: z.boolean().meta({
    description: 'Entries from elsewhere are made there once, and the lines link to them.',
  }),
  tax: who.meta({ description: 'ours: our tax is sent as it stands. Either way both are compared.' }),
  accounts: mapped.meta({ description: 'Account there by kind of line, e.g. time; * for all others.' }),
  taxCodes: mapped.meta({ description: 'Tax code there by category and rate, e.g. S:20, or by category.' }),
  dimension: z.enum(dimensionSources).meta({
    description: "What of a project goes into the platform's own dimension (Class, tracking).",
  }),
  unknownDimension: z.enum(['fail', 'leave_out']),
  voids: z.enum(['credit', 'there']).meta({
    description: 'there: an invoice that only the platform has may be voided, and is voided there too.',
  }),
  billsOf: z.array(id).max(100).meta({
    description: 'Sellers whose approved contractor invoices are booked there as bills.',
  }),
} satisfies { [Field in keyof OwnershipCard]: z.ZodType };

/** Fields of the target part, each optional. */
export const targetOwnership = z.object(targetFields).partial().shape;

/** Refuses a card that the connector could not act on, with each reason. */
export function requireOwnable(
  deps: ApiDeps,
  connectorId: string,
  card: Readonly<Record<string, unknown>> | undefined,
): void {
  const connector = deps.connectors.get(connectorId);
  if (!card || !connector) return;
  const [why] = whyNotOwned(card, abilitiesOf(connector));
  if (why !== undefined)
    throw invalidField(
      '/ownership',
      'connection.cannot_own',
      why,
      `Known are ${Object.keys(plainCard).join(', ')}.`,
    );
}

function abilitiesOf({ name, invoiceTarget, timeTarget, timeSource }: ConnectorFacts): TargetAbilities {
  return {
    name,
    isTarget: invoiceTarget !== undefined,
    takes: invoiceTarget?.takes ?? ['their_tax'],
    sendsMail: invoiceTarget?.emailInvoice !== undefined,
    voids: invoiceTarget?.voidInvoice !== undefined,
    takesBills: invoiceTarget?.bills !== undefined,
    dimension: invoiceTarget?.dimension?.name ?? null,
    holdsTime: timeTarget !== undefined || timeSource !== undefined,
  };
}
