/** Owns cost rates: what a person's work costs, from a day on; a new row takes over, none is changed. */
import type { Day, DecimalText, EntryKind, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export const costRateKinds = ['labor', 'mileage_distance', 'mileage_time'] as const;

export interface CostRate {
  id: string;
  personId: string;
  kind: (typeof costRateKinds)[number];
  /** `*` is for every position without a row of its own. */
  position: string;
  currency: string;
  /** Per hour, or per kilometre. */
  regularRate: DecimalText;
  /** Per hour of overtime; null: the regular rate. */
  overtimeRate: DecimalText | null;
  validFrom: Day;
  /** First day on which it no longer holds; null: until another takes over. */
  validTo: Day | null;
  createdBy: string;
  createdAt: Instant;
}
export type NewCostRate = NewRow<
  CostRate,
  'personId' | 'kind' | 'currency' | 'regularRate' | 'validFrom' | 'createdBy'
>;

export const costRates = tenantTable<CostRate>('cost_rates', {
  personId: 'plain',
  kind: 'plain',
  position: 'plain',
  currency: 'plain',
  regularRate: 'plain',
  overtimeRate: 'plain',
  validFrom: 'plain',
  validTo: 'plain',
  createdBy: 'plain',
  createdAt: 'plain',
});

/** Work that came without its cost, as the book of costs looks at it. */
interface Uncosted {
  kind: EntryKind;
  personId: string | null;
  workDate: Day;
  costRate: DecimalText | null;
}
/** What people cost, read where work comes without its cost and kept; employees' hours mostly (BILLING §10). */
export interface CostBook {
  load: (tx: WorkspaceTx, work: readonly Uncosted[]) => Promise<void>;
  /** The days and currencies of what `find` may answer for these, to look up their rates. */
  currencies: (work: readonly Uncosted[]) => { currency: string; day: Day }[];
  find: (
    work: Omit<Uncosted, 'costRate'> & { position: string | null; isOvertime: boolean },
  ) => { rate: DecimalText; currency: string } | null;
}

type KnownCost = Pick<
  CostRate,
  'personId' | 'kind' | 'position' | 'currency' | 'regularRate' | 'overtimeRate' | 'validFrom' | 'validTo'
>;
const hasRate = (kind: EntryKind): kind is CostRate['kind'] =>
  (costRateKinds as readonly EntryKind[]).includes(kind);

/** `hasCostRates` false: nobody's cost is known here, and nothing is read. */
export function openCosts(hasCostRates: boolean): CostBook {
  const known = new Map<string, KnownCost[]>();
  const ofWork = ({ kind, personId, workDate }: Omit<Uncosted, 'costRate'>) =>
    personId === null || !hasRate(kind)
      ? []
      : (known.get(personId) ?? []).filter(
          (row) =>
            row.kind === kind &&
            row.validFrom <= workDate &&
            (row.validTo === null || workDate < row.validTo),
        );
  return {
    load: async (tx, work) => {
      if (!hasCostRates) return;
      const missing = new Set<string>();
      for (const { kind, personId, costRate } of work)
        if (costRate === null && personId !== null && hasRate(kind) && !known.has(personId))
          missing.add(personId);
      if (missing.size === 0) return;
      // As at approval: the position's own row before '*', then the latest first day, then the row that was added last.
      const rows = await tx.rows<KnownCost>(
        `select person_id, kind, position, currency, regular_rate, overtime_rate, valid_from, valid_to from cost_rates
         where workspace_id = $1 and person_id = any($2::uuid[]) order by position = '*', valid_from desc, id desc`,
        [tx.workspaceId, plainArray([...missing])],
      );
      const byPerson = Map.groupBy(rows, (row) => row.personId);
      for (const personId of missing) known.set(personId, byPerson.get(personId) ?? []);
    },
    currencies: (work) =>
      known.size === 0
        ? []
        : work.flatMap((each) =>
            each.costRate === null
              ? ofWork(each).map(({ currency }) => ({ currency, day: each.workDate }))
              : [],
          ),
    find: (work) => {
      if (known.size === 0) return null;
      const position = work.position?.trim().toLowerCase();
      const row = ofWork(work).find(
        (each) => each.position === '*' || each.position.toLowerCase() === position,
      );
      if (!row) return null;
      const rate = work.isOvertime ? (row.overtimeRate ?? row.regularRate) : row.regularRate;
      return { rate, currency: row.currency };
    },
  };
}
