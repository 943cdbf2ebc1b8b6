/** Owns what comes before a compile: earlier findings are looked at again, and what may be compiled anew goes back to its entries. */
import {
  beforeGoLive,
  nonBillableProject,
  outsideContractDates,
} from '../domain/validation/contract-dates.ts';
import { contractRules, pricedRules } from '../domain/validation/entry-rules.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import { type CompileContext, learnPricesOf } from './compile-context.ts';
import { findInContract, findInPrices, noLongerFound } from './contract-checks.ts';
import type { ContractForBilling } from './contract-scope.ts';
import type { WorkspaceTx } from './database.ts';
import { toEntry, toPricedEntries } from './entries-under-check.ts';
import { closeFixed, type RaisedFinding, raiseFindings } from './exceptions.ts';
import { type Candidate, readEntries } from './open-entries.ts';
import { readHours } from './overtime.ts';
import { priceAlone, toParts } from './price-parts.ts';
import { uncompile } from './uncompile.ts';

/**
 * Before a run compiles: findings that no longer hold are closed, and what may be compiled anew goes back to its entries. True while there is more to do; call it again,
 * in another transaction. All contracts first, because an entry may have moved from one to another.
 */
export async function prepareCompile(
  tx: WorkspaceTx,
  contracts: ContractForBilling[],
  run: { id: string; cutoffOn: Day; taskIds?: readonly string[] | null },
): Promise<boolean> {
  await closeMended(tx, contracts);
  return uncompile(
    tx,
    contracts.map((contract) => contract.id),
    run,
  );
}

/**
 * Closes what the contract pass once found and would not find again, since a contract was extended or a project made billable.
 * A coarse copy of its rules: an entry that is freed here goes through them again when it is compiled.
 */
async function closeMended(tx: WorkspaceTx, contracts: ContractForBilling[]): Promise<void> {
  const projects = contracts.flatMap((contract) =>
    contract.projects.map((project) => ({ contract, project })),
  );
  await tx.run(
    `with closed as (
       update exceptions x set status = 'fixed', closed_at = ${sqlNow}, closed_by = 'system', close_reason = 'the contract covers it now'
       from (
         select o.id from (select id, rule, subject_id from exceptions
           where workspace_id = $1 and status = 'open' and rule in ($2, $3, $4) and subject_type = 'entry') o
         cross join lateral (select e.current_version from work_entries e where e.workspace_id = $1 and e.id = o.subject_id offset 0) e
         cross join lateral (select v.work_date, v.project_id from entry_versions v
           where v.workspace_id = $1 and v.entry_id = o.subject_id and v.version = e.current_version offset 0) v
         join unnest($5::uuid[], $6::boolean[], $7::date[], $8::date[], $9::date[]) as p(id, billable, starts_on, ends_before, go_live_on)
           on p.id = v.project_id
         where case o.rule
           when $2 then v.work_date >= p.starts_on and v.work_date < coalesce(p.ends_before, 'infinity')
           when $3 then v.work_date >= p.go_live_on
           else p.billable end) mended
       where x.workspace_id = $1 and x.id = mended.id and x.status = 'open'
       returning x.id)
     update exception_entries set open = false where workspace_id = $1 and exception_id in (select id from closed) and open`,
    [
      tx.workspaceId,
      outsideContractDates.code,
      beforeGoLive.code,
      nonBillableProject.code,
      plainArray(projects.map(({ project }) => project.id)),
      plainArray(projects.map(({ project }) => project.billable)),
      plainArray(projects.map(({ contract }) => contract.startsOn)),
      plainArray(projects.map(({ contract }) => contract.endsBefore)),
      plainArray(projects.map(({ contract }) => contract.goLiveOn)),
    ],
  );
}

const recheckedRules = [...contractRules, ...pricedRules].map((rule) => rule.code);
const recheckPage = 5_000;

/**
 * Looks again at what earlier runs found in the contract: what no rule finds any more is closed, and may be compiled now; of
 * the rest the figures and the severity become today's. Before the entries of the run are compiled.
 */
export async function recheckContract(tx: WorkspaceTx, context: CompileContext): Promise<void> {
  const { contract, checks } = context;
  if (!checks.hasFindings) return;
  let after: string | null = null;
  for (;;) {
    const open: { id: string; rule: string; entryId: string }[] = await tx.rows(
      `select id, rule, subject_id as entry_id from exceptions
       where workspace_id = $1 and contract_id = $2 and status = 'open' and rule = any($3::text[]) and ($4::uuid is null or id > $4)
       order by id limit $5`,
      [tx.workspaceId, contract.id, plainArray(recheckedRules), after, recheckPage],
    );
    if (open.length > 0) await recheckPageOf(tx, context, open);
    if (open.length < recheckPage) return;
    after = open.at(-1)!.id;
  }
}

/** What both passes find in entries as they are now, and which of them the contract pass holds back. */
export async function findAgain(
  tx: WorkspaceTx,
  context: CompileContext,
  candidates: readonly Candidate[],
): Promise<{ found: RaisedFinding[]; held: Set<string | null> }> {
  await learnPricesOf(tx, context, candidates);
  const hours = await readHours(tx, context, candidates);
  const ofContract = await findInContract(tx, context.checks, candidates.map(toEntry), hours);
  const held = new Set(ofContract.map((finding) => finding.subjectId));
  const free = candidates.filter((candidate) => !held.has(candidate.entryId));
  const blocked = new Set([...held].filter((id) => id !== null));
  const parts = toParts(context, free, hours, blocked).map((part) => priceAlone(context, part));
  const ofPrices = await findInPrices(tx, context.checks, toPricedEntries(context, parts));
  return { found: [...ofContract, ...ofPrices], held };
}

async function recheckPageOf(
  tx: WorkspaceTx,
  context: CompileContext,
  open: readonly { rule: string; entryId: string }[],
): Promise<void> {
  const projectIds = new Set(context.contract.projects.map((project) => project.id));
  const entries = await readEntries(
    tx,
    open.map((row) => ({ entryId: row.entryId, version: null })),
  );
  // What a narrower scope leaves out is looked at by a run of its own.
  const outside = new Set(
    entries
      .filter((entry) => entry.contractId === context.contract.id && !projectIds.has(entry.projectId))
      .map((entry) => entry.entryId),
  );
  const { found, held } = await findAgain(
    tx,
    context,
    entries.filter((entry) => projectIds.has(entry.projectId)),
  );
  // A rule of the priced pass is not asked while the contract pass holds the entry: what it found stays.
  const pricedCodes = new Set(pricedRules.map((rule) => rule.code));
  const asked = open.filter(
    ({ rule, entryId }) => !outside.has(entryId) && !(held.has(entryId) && pricedCodes.has(rule)),
  );
  const mended = noLongerFound(asked, found);
  const byRule = Map.groupBy(
    asked.filter(({ rule, entryId }) => mended.has(`${rule}|entry:${entryId}`)),
    (row) => row.rule,
  );
  for (const [rule, rows] of byRule)
    await closeFixed(
      tx,
      rule,
      rows.map(({ entryId }) => `entry:${entryId}`),
      'the rule finds nothing any more',
    );
  const wasOpen = new Set(open.map(({ rule, entryId }) => `${rule}|entry:${entryId}`));
  await raiseFindings(
    tx,
    found.filter((finding) => wasOpen.has(`${finding.rule}|${finding.subjectKey}`)),
  );
}
