/** Owns contracts: what was agreed with a client, and from when it bills. */
import { triggerKinds } from '../domain/billing-triggers.ts';
import { amend, type ClauseChange, type ContractClauses, readClauses } from '../domain/contract-terms.ts';
import type { Grouping } from '../domain/grouping/group-keys.ts';
import { minorPlaces, type Rounding } from '../domain/money.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import type { RuleSetting } from '../domain/validation/rule.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { type Client, clients } from './clients.ts';
import { isBilled, lockContract, readTimeline, requireClauses } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { keepPolicy, pullWaitingWork } from './keep-policy.ts';
import { requireOrderFor } from './purchase-orders.ts';
import { requireReference } from './references.ts';
import { type NewRow, type TenantTable, tenantTable, type Values } from './tenant-table.ts';

export const contractStatuses = ['draft', 'active', 'paused', 'ended'] as const;
export const approvalPolicies = ['approved', 'submitted', 'any'] as const;

export interface ContractTax {
  /** Percent, e.g. `"20"`. */
  rate: DecimalText;
  /** e.g. `standard`, `reduced`, `exempt`. */
  category: string;
}

export interface Contract {
  id: string;
  clientId: string;
  sellerId: string;
  name: string;
  status: (typeof contractStatuses)[number];
  currency: string;
  /** IANA zone: the contract's days and periods are days there. */
  zone: string;
  startsOn: Day;
  /** First day that is no longer covered. */
  endsBefore: Day | null;
  /** Nothing dated earlier is billed here. */
  goLiveOn: Day;
  /** Which approval makes an entry billable. */
  approvalPolicy: (typeof approvalPolicies)[number];
  grouping: Grouping;
  rounding: Rounding;
  tax: ContractTax;
  /** Rule code → severity, where it differs from the rule's own. */
  severities: Record<string, RuleSetting>;
  purchaseOrderId: string | null;
  buyerReference: string | null;
  vesselReference: string | null;
  jobReference: string | null;
  /** Field by field before the client's. */
  billTo: Client['billTo'];
  accountsPayableEmail: string | null;
  deliveryChannel: Client['deliveryChannel'];
  electronicAddress: string | null;
  paymentTermsId: string | null;
  /** Its invoices list the entries. */
  appendix: boolean;
  /** Contractors are paid for its work as its client pays, or on the long-stop day whatever the client does. */
  payWhenPaid: boolean;
  longStopOn: Day | null;
  overtimeMultiplier: DecimalText | null;
  /** Whose holidays count where a version names no calendar of its own. */
  holidayCalendarId: string | null;
  /** What was agreed when the contract was made; amendments are versions of their own. */
  clauses: ContractClauses;
  /** Connection that receives its invoices. */
  targetConnectionId: string | null;
  createdAt: string;
}
export type NewContract = NewRow<
  Contract,
  'clientId' | 'sellerId' | 'name' | 'currency' | 'zone' | 'startsOn' | 'goLiveOn'
>;

const table = tenantTable<Contract>('contracts', {
  clientId: 'plain',
  sellerId: 'plain',
  name: 'plain',
  status: 'plain',
  currency: 'plain',
  zone: 'plain',
  startsOn: 'plain',
  endsBefore: 'plain',
  goLiveOn: 'plain',
  approvalPolicy: 'plain',
  grouping: 'json',
  rounding: 'json',
  tax: 'json',
  severities: 'json',
  purchaseOrderId: 'plain',
  buyerReference: 'plain',
  vesselReference: 'plain',
  jobReference: 'plain',
  billTo: 'json',
  accountsPayableEmail: 'plain',
  deliveryChannel: 'plain',
  electronicAddress: 'plain',
  paymentTermsId: 'plain',
  appendix: 'plain',
  payWhenPaid: 'plain',
  longStopOn: 'plain',
  overtimeMultiplier: 'plain',
  holidayCalendarId: 'plain',
  clauses: 'json',
  targetConnectionId: 'plain',
  createdAt: 'plain',
});

const inFull = (row: Contract): Contract => ({ ...row, clauses: readClauses(row.clauses) });
const inFullOrNull = (row: Contract | null) => row && inFull(row);

/** Where nothing else is agreed, money is rounded to what its currency has. */
export const contracts: TenantTable<Contract> = {
  insert: async (tx, values) => {
    const contract = inFull(
      await table.insert(tx, {
        ...values,
        rounding: values.rounding ?? {
          mode: 'half_up',
          moneyPlaces: minorPlaces(values.currency ?? ''),
          quantityPlaces: 2,
        },
      }),
    );
    if (Object.values(triggerKinds(contract.clauses.triggers)).includes(true))
      await keepPolicy(tx, contract.id, [contract.clauses]);
    return contract;
  },
  find: async (tx, id) => inFullOrNull(await table.find(tx, id)),
  lock: async (tx, id) => inFullOrNull(await table.lock(tx, id)),
  update: async (tx, id, values) => {
    const contract = inFullOrNull(await table.update(tx, id, values));
    if (contract === null) return null;
    const timeline = await readTimeline(tx, id);
    await keepPolicy(tx, id, timeline);
    const mayBillNow =
      contract.status === 'active' && (values.status === 'active' || values.clauses !== undefined);
    if (mayBillNow) await pullWaitingWork(tx, timeline);
    return contract;
  },
  list: async (tx, options) => (await table.list(tx, options)).map(inFull),
  remove: table.remove,
};

type WithClauses<Row extends { clauses?: unknown }> = Omit<Row, 'clauses'> & {
  clauses?: ClauseChange | undefined;
};

/** Currency and tax are the client's where nothing else is said. */
export async function insertContract(
  tx: WorkspaceTx,
  values: WithClauses<Omit<NewContract, 'currency'> & Values<Pick<Contract, 'currency'>>>,
): Promise<Contract> {
  const clauses = readClauses(values.clauses);
  requireLongStop(values);
  await requireReference(tx, 'client', values.clientId, '/clientId');
  await requireClauses(tx, null, clauses, values.startsOn);
  const client = found(await clients.find(tx, values.clientId), 'client');
  const currency = values.currency ?? client.currency;
  await requireOrderFor(tx, { clientId: client.id, currency }, values.purchaseOrderId);
  const contract = await contracts.insert(tx, {
    ...values,
    currency,
    tax: values.tax ?? client.tax ?? undefined,
    clauses,
  });
  requireDatesInOrder(contract);
  return contract;
}

/** The caller holds the contract's lock. Clauses are changed until something is billed by them; then they are amended. */
export async function changeContract(
  tx: WorkspaceTx,
  before: Contract,
  change: WithClauses<Values<Contract>>,
): Promise<Contract> {
  const { clauses, ...facts } = change;
  requireLongStop({ ...before, ...facts });
  if (facts.purchaseOrderId !== before.purchaseOrderId)
    await requireOrderFor(tx, before, facts.purchaseOrderId);
  const changed: Values<Contract> = clauses ? { ...facts, clauses: amend(before.clauses, clauses) } : facts;
  if (changed.clauses) {
    await lockContract(tx, before.id);
    if (await isBilled(tx, before.id))
      throw new Refusal({
        code: 'contract.billed',
        message: 'Work is billed by these clauses.',
        whatToDo: 'Amend the contract from a day on (POST /contracts/:contractId/amendments).',
      });
    await requireClauses(tx, before.id, changed.clauses, before.startsOn);
  }
  const contract = found(await contracts.update(tx, before.id, changed), 'contract');
  requireDatesInOrder(contract);
  return contract;
}

function requireLongStop({
  payWhenPaid,
  longStopOn,
}: Values<Pick<Contract, 'payWhenPaid' | 'longStopOn'>>): void {
  if (payWhenPaid && !longStopOn)
    throw invalidField(
      '/longStopOn',
      'contract.long_stop_missing',
      'Who pays when they are paid names the day on which they pay in any case.',
    );
}

function requireDatesInOrder({ startsOn, endsBefore }: Contract): void {
  if (endsBefore === null || endsBefore > startsOn) return;
  throw new Refusal({
    code: 'contract.dates_conflict',
    status: 422,
    message: `A contract that starts on ${startsOn} cannot have ended before ${endsBefore}.`,
    errors: [{ pointer: '/endsBefore', detail: 'is not after the start' }],
  });
}
