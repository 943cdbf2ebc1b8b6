/** Owns the words that a client is described with, the life of one, and what keeps its code and itself in place. */
import { invalidField, Refusal } from './refusal.ts';
import type { TaxTreatment } from './tax.ts';

export const clientStatuses = ['active', 'inactive', 'pending', 'archived'] as const;
export type ClientStatus = (typeof clientStatuses)[number];
export const companySizes = ['1-10', '11-50', '51-200', '201-500', '500+'] as const;
/** In millions of the client's own currency. */
export const annualRevenues = ['under_1m', '1m_5m', '5m_20m', '20m_100m', 'over_100m'] as const;
export const clientDocumentKinds = ['contract', 'agreement', 'specification', 'other'] as const;

/**
 * From each status where it may go by an edit. Pending: its first step is not complete. Archived is where a client goes
 * that was to be deleted and could not be; from there it can be taken back.
 */
export const clientTransitions: Record<ClientStatus, readonly ClientStatus[]> = {
  pending: ['active', 'inactive'],
  active: ['inactive'],
  inactive: ['active'],
  archived: ['active'],
};

interface Standing {
  status: ClientStatus;
  email: string | null;
}

/** Refuses with 409 what the table does not have, and with 422 a client that would become active without an e-mail address, or lose it. */
export function requireClientStatus(before: Standing, { status, email }: Standing): void {
  if (status === 'active' && email === null && (before.status !== 'active' || before.email !== null))
    throw emailMissing('An active client has an e-mail address.');
  if (status === before.status) return;
  if (!clientTransitions[before.status].includes(status))
    throw new Refusal({
      code: 'client.wrong_status',
      message: `A client that is ${before.status} cannot become ${status}.`,
      whatToDo:
        status === 'archived'
          ? 'Delete the client: it is archived where it must be kept.'
          : 'Read the client again.',
    });
}

const emailMissing = (message: string) =>
  invalidField(
    '/email',
    'client.email_missing',
    message,
    'Give one; or save the first step as a draft, with the status pending.',
  );

/** What a new client begins as: active, unless asked otherwise. Refuses with 422 one without an e-mail address that is not asked to be pending. */
export function firstStatus({
  status,
  email,
}: {
  status?: ClientStatus | undefined;
  email: string | null;
}): ClientStatus {
  if (status === undefined && email === null) throw emailMissing('A client has an e-mail address.');
  if (status === undefined) return 'active';
  if (status !== 'pending') requireClientStatus({ status: 'pending', email }, { status, email });
  return status;
}

/** Refuses with 422 a treatment without the words that its invoices must carry. */
export function requireTaxWords(client: {
  taxTreatment?: TaxTreatment | undefined;
  taxExemptionReason?: string | null | undefined;
  taxLegalText?: string | null | undefined;
}): void {
  if (client.taxTreatment === 'exempt' && !client.taxExemptionReason)
    throw invalidField(
      '/taxExemptionReason',
      'client.tax_words_missing',
      'An exempt client has the reason on its invoices.',
    );
  if (client.taxTreatment === 'reverse_charge' && !client.taxLegalText)
    throw invalidField(
      '/taxLegalText',
      'client.tax_words_missing',
      'A client with a reverse charge has its legal text on its invoices.',
    );
}

/** What the first step still lacks: such a client is pending. */
export const missingOf = (client: { email: string | null }): string[] =>
  client.email === null ? ['email'] : [];

/** Lists that a workspace may set as its own. */
export const clientLists = {
  industries: [
    'Marine engineering',
    'Shipping',
    'Ports and terminals',
    'Offshore energy',
    'Fishing and aquaculture',
    'Government',
    'Other',
  ],
  serviceTypes: [
    'Engineering',
    'Inspection',
    'Maintenance',
    'Installation',
    'Consulting',
    'Software',
    'Other',
  ],
  complianceStandards: ['ISO 9001', 'EPA', 'OSHA', 'SOC 2'],
} as const satisfies Record<string, readonly string[]>;
export type ClientList = keyof typeof clientLists;

/** The workspace's own list, or ours where it has set none. Settings are checked where they are written. */
export function listOf(settings: Readonly<Record<string, unknown>>, list: ClientList): readonly string[] {
  const own = settings[list];
  return Array.isArray(own)
    ? own.filter((entry): entry is string => typeof entry === 'string')
    : clientLists[list];
}

export interface ListedFacts {
  industry?: string | null | undefined;
  serviceType?: string | null | undefined;
  complianceRequirements?: readonly string[] | undefined;
}
/** Refuses with 422 what is on no list of the workspace; what the client has already (`before`) may stay. */
export function requireListed(
  settings: Readonly<Record<string, unknown>>,
  facts: ListedFacts,
  before: ListedFacts = {},
): void {
  const check = (
    field: keyof ListedFacts,
    list: ClientList,
    values: readonly string[],
    had: readonly string[],
  ) => {
    const allowed = listOf(settings, list);
    const unlisted = values.find((value) => !allowed.includes(value) && !had.includes(value));
    if (unlisted === undefined) return;
    throw invalidField(
      `/${field}`,
      'client.not_listed',
      `"${unlisted}" is not on this workspace's list: ${allowed.join(', ')}.`,
      `Choose one of them, or add it to the setting ${list} of the workspace.`,
      { list, allowed },
    );
  };
  const one = (value: string | null | undefined) => (value === null || value === undefined ? [] : [value]);
  check('industry', 'industries', one(facts.industry), one(before.industry));
  check('serviceType', 'serviceTypes', one(facts.serviceType), one(before.serviceType));
  check(
    'complianceRequirements',
    'complianceStandards',
    facts.complianceRequirements ?? [],
    before.complianceRequirements ?? [],
  );
}

/** What refers to a client, by how many; anything of it keeps the client from being deleted. */
export interface ClientHolds {
  issuedInvoices: number;
  draftInvoices: number;
  contracts: number;
  projects: number;
  entries: number;
  payments: number;
  purchaseOrders: number;
  members: number;
  reports: number;
}
const holdWords: Record<keyof ClientHolds, [one: string, many: string]> = {
  issuedInvoices: ['issued invoice', 'issued invoices'],
  draftInvoices: ['invoice without a number', 'invoices without a number'],
  contracts: ['contract', 'contracts'],
  projects: ['project', 'projects'],
  entries: ['work entry', 'work entries'],
  payments: ['payment', 'payments'],
  purchaseOrders: ['purchase order', 'purchase orders'],
  members: ['member of the portal', 'members of the portal'],
  reports: ['quarterly report', 'quarterly reports'],
};

/** Why a client is archived instead of deleted, as one sentence; null: nothing keeps it. */
export function whyKept(holds: ClientHolds): string | null {
  const kept = (Object.keys(holdWords) as (keyof ClientHolds)[])
    .filter((what) => holds[what] > 0)
    .map((what) => `${holds[what]} ${holdWords[what][holds[what] === 1 ? 0 : 1]}`);
  if (kept.length === 0) return null;
  const what = kept.length === 1 ? kept[0]! : `${kept.slice(0, -1).join(', ')} and ${kept.at(-1)!}`;
  return `It has ${what}, which must stay readable, so it is archived instead.`;
}
