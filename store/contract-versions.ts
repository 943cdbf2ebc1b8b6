/** Owns the versions of contracts: the amendments, and what holds of a contract on a day. */
import {
  type BilledSum,
  type BilledUpTo,
  capBelowBilled,
  periodStart,
  whyNotAmended,
} from '../domain/contract.ts';
import {
  amend,
  type ClauseChange,
  type ContractClauses,
  type ContractTerms,
  type ContractTimeline,
  capPeriods,
  readClauses,
} from '../domain/contract-terms.ts';
import { Decimal } from '../domain/money.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import type { RuleSetting } from '../domain/validation/rule.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { Contract } from './contracts.ts';
import type { WorkspaceTx } from './database.ts';
import { keepPolicy } from './keep-policy.ts';
import { sumsOfPrice } from './price-schedules.ts';

interface StoredContract {
  id: string;
  startsOn: Day;
  endsBefore: Day | null;
  goLiveOn: Day;
  zone: string;
  currency: string;
  tax: { rate: DecimalText; category: string };
  severities: Record<string, RuleSetting>;
  overtimeMultiplier: DecimalText | null;
  holidayCalendarId: string | null;
  clauses: unknown;
  versions: { version: number; startsOn: Day; clauses: unknown }[];
}

/** One at a time drafts or amends a contract: caps, retainers and drafts look at sums. Held to the commit. */
export async function lockContract(tx: WorkspaceTx, contractId: string): Promise<void> {
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 2))', [contractId]);
}

/** All versions of a contract, to ask `termsAt` of any day. Refuses with 404 `contract.not_found`. */
export async function readTimeline(tx: WorkspaceTx, contractId: string): Promise<ContractTimeline> {
  return found((await readTimelines(tx, [contractId])).get(contractId) ?? null, 'contract');
}

export async function readTimelines(
  tx: WorkspaceTx,
  contractIds: readonly string[],
): Promise<Map<string, ContractTimeline>> {
  const rows = await tx.rows<StoredContract>(
    `select k.id, k.starts_on, k.ends_before, k.go_live_on, k.zone, k.currency, k.tax, k.severities, k.overtime_multiplier, k.holiday_calendar_id,
       k.clauses, coalesce((
         select jsonb_agg(jsonb_build_object('version', v.version, 'startsOn', v.starts_on, 'clauses', v.clauses) order by v.version)
         from contract_versions v where v.workspace_id = $1 and v.contract_id = k.id), '[]') as versions
     from contracts k where k.workspace_id = $1 and k.id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(contractIds)],
  );
  return new Map(rows.map((row) => [row.id, toTimeline(row)]));
}

const always: Day = '0001-01-01';

function toTimeline(contract: StoredContract): ContractTimeline {
  const termsOf = (version: number, versionStartsOn: Day, clauses: ContractClauses): ContractTerms => ({
    ...clauses,
    contractId: contract.id,
    version,
    versionStartsOn,
    startsOn: contract.startsOn,
    endsBefore: contract.endsBefore,
    goLiveOn: contract.goLiveOn,
    zone: contract.zone,
    currency: contract.currency,
    tax: clauses.tax ?? contract.tax,
    severities: { ...contract.severities, ...clauses.severities },
    holidayCalendarId: clauses.holidayCalendarId ?? contract.holidayCalendarId,
    overtime: clauses.overtime && {
      ...clauses.overtime,
      multiplier: clauses.overtime.multiplier ?? contract.overtimeMultiplier,
    },
  });
  return [
    termsOf(0, always, readClauses(contract.clauses)),
    ...contract.versions.map((row) => termsOf(row.version, row.startsOn, readClauses(row.clauses))),
  ];
}

export interface Amendment {
  id: string;
  contractId: string;
  version: number;
  startsOn: Day;
  clauses: ContractClauses;
  reason: string;
  createdBy: string;
  createdAt: Instant;
}
const amendmentColumns = 'id, contract_id, version, starts_on, clauses, reason, created_by, created_at';
const toAmendment = (row: Amendment): Amendment => ({ ...row, clauses: readClauses(row.clauses) });

/** A contract is amended so many times at most: its versions are read whole. */
export const maxAmendments = 500;

export async function listAmendments(tx: WorkspaceTx, contractId: string): Promise<Amendment[]> {
  const rows = await tx.rows<Amendment>(
    `select ${amendmentColumns} from contract_versions where workspace_id = $1 and contract_id = $2 order by version limit $3`,
    [tx.workspaceId, contractId, maxAmendments],
  );
  return rows.map(toAmendment);
}

/**
 * Adds a version of the contract, whose row the caller has locked. It holds the clauses before it with those that are named
 * in place of theirs. Refuses with 409 what would start before the last version, outside the contract, or before work that is
 * on an invoice or a draft; with 422 a cap below what is billed, and people, tasks, phases and calendars that are not ours.
 */
export async function amendContract(
  tx: WorkspaceTx,
  contract: Contract,
  amendment: { startsOn: Day; change: ClauseChange; reason: string; actor: string },
): Promise<Amendment> {
  // Drafts of the contract are made under this lock: none is made of older clauses meanwhile.
  await lockContract(tx, contract.id);
  const timeline = await readTimeline(tx, contract.id);
  const last = (await listAmendments(tx, contract.id)).at(-1);
  const clauses = amend(last?.clauses ?? readClauses(contract.clauses), amendment.change);
  const why = whyNotAmended(amendment.startsOn, timeline, await readBilledUpTo(tx, contract.id));
  if (why) throw new Refusal(why);
  if (timeline.length > maxAmendments)
    throw new Refusal({
      code: 'contract.too_many_amendments',
      message: `A contract takes ${maxAmendments} amendments.`,
      whatToDo: 'Make a new contract.',
    });
  await requireClauses(tx, contract.id, clauses, amendment.startsOn);
  const row = await tx.row<Amendment>(
    `insert into contract_versions (workspace_id, contract_id, version, starts_on, clauses, reason, created_by)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${amendmentColumns}`,
    [
      tx.workspaceId,
      contract.id,
      timeline.length,
      amendment.startsOn,
      JSON.stringify(clauses),
      amendment.reason,
      amendment.actor,
    ],
  );
  await keepPolicy(tx, contract.id, [...timeline, { triggers: clauses.triggers }]);
  return toAmendment(row!);
}

/** The last day of service that is on an invoice of the contract, and that is on a draft. */
async function readBilledUpTo(tx: WorkspaceTx, contractId: string): Promise<BilledUpTo> {
  const row = await tx.row<BilledUpTo>(
    `select max(service_to) filter (where number is not null) as invoiced_on, max(service_to) filter (where number is null) as drafted_on
     from client_invoices where workspace_id = $1 and contract_id = $2 and status not in ('discarded', 'void')`,
    [tx.workspaceId, contractId],
  );
  return row!;
}

/** True once anything of the contract is on an invoice or a draft. */
export async function isBilled(tx: WorkspaceTx, contractId: string): Promise<boolean> {
  const { invoicedOn, draftedOn } = await readBilledUpTo(tx, contractId);
  return invoicedOn !== null || draftedOn !== null;
}

/** Refuses clauses that name what is not there, or cap less than what is billed already. */
export async function requireClauses(
  tx: WorkspaceTx,
  contractId: string | null,
  clauses: ContractClauses,
  startsOn: Day,
): Promise<void> {
  const phaseIds = clauses.caps.flatMap((cap) => (cap.per === 'phase' ? [cap.phaseId] : []));
  const named: [pointer: string, table: string, ids: readonly string[]][] = [
    ['/clauses/allowedPersonIds', 'people', clauses.allowedPersonIds ?? []],
    ['/clauses/allowedTaskIds', 'tasks', clauses.allowedTaskIds ?? []],
    ['/clauses/caps', 'phases', phaseIds],
    [
      '/clauses/holidayCalendarId',
      'holiday_calendars',
      clauses.holidayCalendarId ? [clauses.holidayCalendarId] : [],
    ],
  ];
  for (const [pointer, table, ids] of named) {
    if (ids.length === 0) continue;
    const row = await tx.row<{ missing: string | null }>(
      `select min(u.id::text) as missing from unnest($2::uuid[]) as u(id)
       where not exists (select 1 from ${table} x where x.workspace_id = $1 and x.id = u.id)`,
      [tx.workspaceId, plainArray(ids)],
    );
    if (row!.missing !== null)
      throw invalidField(pointer, 'reference.unknown', `There is no ${row!.missing} in this workspace.`);
  }
  if (contractId === null) return;
  await requirePriceCovers(tx, contractId, clauses);
  const below = capBelowBilled(clauses, await readBilled(tx, contractId, clauses, startsOn));
  if (below) throw invalidField(below.pointer, 'contract.cap_below_billed', below.message);
}

/** A fixed price is not below what is billed of it, nor below what its milestones add up to. */
async function requirePriceCovers(
  tx: WorkspaceTx,
  contractId: string,
  { billingModel }: ContractClauses,
): Promise<void> {
  if (billingModel.type !== 'fixed_price') return;
  const { price } = billingModel;
  const { billed, milestones } = await sumsOfPrice(tx, contractId);
  const refuse = (code: string, what: string) =>
    invalidField('/clauses/billingModel/price', code, `A price of ${price} is below ${what}.`);
  if (new Decimal(price).lt(billed))
    throw refuse('contract.price_below_billed', `${billed}, which is billed already`);
  if (new Decimal(price).lt(milestones))
    throw refuse('contract.price_below_milestones', `${milestones}, which its milestones add up to`);
}

/** What of the contract is on invoices and drafts; of periods that which the day is in. */
function readBilled(
  tx: WorkspaceTx,
  contractId: string,
  { billingModel, caps }: ContractClauses,
  day: Day,
): Promise<BilledSum[]> {
  if (caps.length === 0 && billingModel.type !== 'not_to_exceed') return Promise.resolve([]);
  return tx.rows<BilledSum>(
    `with billed as (
       select i.phase_id, lower(trim(i.position)) as position, i.work_date, x.amount,
         case when i.kind in ('labor', 'labor_overtime') then x.quantity else 0 end as hours
       from (
         select a.item_id, sum(a.quantity) as quantity, sum(a.amount) as amount from client_invoices n
         join allocations a on a.workspace_id = $1 and a.invoice_id = n.id
         where n.workspace_id = $1 and n.contract_id = $2 and n.status <> 'discarded' group by 1 having sum(a.quantity) <> 0) x
       join billable_items i on i.workspace_id = $1 and i.id = x.item_id)
     select 'contract' as per, null as key, coalesce(sum(amount), 0) as amount, coalesce(sum(hours), 0) as hours from billed
     union all select 'phase', phase_id::text, sum(amount), sum(hours) from billed where phase_id is not null group by 2
     union all select 'position', position, sum(amount), sum(hours) from billed where position is not null group by 2
     union all select 'period', p.name, sum(b.amount), sum(b.hours)
       from unnest($3::text[], $4::date[]) as p(name, from_on) join billed b on b.work_date >= p.from_on group by 2`,
    [
      tx.workspaceId,
      contractId,
      textArray(capPeriods),
      plainArray(capPeriods.map((period) => periodStart(day, period))),
    ],
  );
}
