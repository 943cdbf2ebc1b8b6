/** Owns the versions of contracts: the amendments, and what holds of a contract on a day. */
import {
  type ContractClauses,
  type ContractTerms,
  type ContractTimeline,
  readClauses,
  termsAt,
} from '../domain/contract-terms.ts';
import { found } from '../domain/refusal.ts';
import type { Severity } from '../domain/validation/rule.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

interface StoredContract {
  id: string;
  startsOn: Day;
  endsBefore: Day | null;
  goLiveOn: Day;
  zone: string;
  currency: string;
  tax: { rate: DecimalText; category: string };
  severities: Record<string, Severity>;
  overtimeMultiplier: DecimalText | null;
  holidayCalendarId: string | null;
  clauses: unknown;
  versions: { version: number; startsOn: Day; clauses: unknown }[];
}

/** What holds of the contract on the day. Refuses with 404 `contract.not_found`. */
export async function termsOn(tx: WorkspaceTx, contractId: string, day: Day): Promise<ContractTerms> {
  return termsAt(await readTimeline(tx, contractId), day);
}

/** All versions of a contract, to ask `termsAt` for many days. */
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
