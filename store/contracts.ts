/** Owns contracts: what was agreed with a client, and from when it bills. */
import type { Grouping } from '../domain/grouping/build-drafts.ts';
import { minorPlaces, type Rounding } from '../domain/money.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { Severity } from '../domain/validation/rule.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { type NewRow, tenantTable, type Values } from './tenant-table.ts';

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
  severities: Record<string, Severity>;
  purchaseOrderId: string | null;
  buyerReference: string | null;
  longStopOn: Day | null;
  overtimeMultiplier: DecimalText | null;
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
  longStopOn: 'plain',
  overtimeMultiplier: 'plain',
  targetConnectionId: 'plain',
  createdAt: 'plain',
});

/** Where nothing else is agreed, money is rounded to what its currency has. */
export const contracts: typeof table = {
  ...table,
  insert: (tx, values) =>
    table.insert(tx, {
      ...values,
      rounding: values.rounding ?? {
        mode: 'half_up',
        moneyPlaces: minorPlaces(values.currency ?? ''),
        quantityPlaces: 2,
      },
    }),
};

export async function insertContract(tx: WorkspaceTx, values: NewContract): Promise<Contract> {
  const contract = await contracts.insert(tx, values);
  requireDatesInOrder(contract);
  return contract;
}

/** The caller holds the contract's lock. */
export async function changeContract(
  tx: WorkspaceTx,
  before: Contract,
  change: Values<Contract>,
): Promise<Contract> {
  const contract = found(await contracts.update(tx, before.id, change), 'contract');
  requireDatesInOrder(contract);
  return contract;
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
