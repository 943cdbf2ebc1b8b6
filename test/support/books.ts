/** Owns a small set of books for tests: a seller with its series, a client, a contract, projects, rates and entries. */
import pino from 'pino';
import { expect } from 'vitest';
import { createBillingRunActivities } from '../../activities/billing-run.ts';
import { createSmallRunActivities } from '../../activities/small-run.ts';
import { entryContentHash } from '../../domain/entry-content-hash.ts';
import type { TargetKind } from '../../domain/match.ts';
import type { SourceEntry, UnreadableRow } from '../../domain/work-entry.ts';
import { clients } from '../../store/clients.ts';
import { contracts, type NewContract } from '../../store/contracts.ts';
import type { Database, WorkspaceTx } from '../../store/database.ts';
import { numberEvents } from '../../store/events.ts';
import {
  ensureSource,
  type IntakeCounts,
  type IntakeOptions,
  openMatcher,
  takeIn,
} from '../../store/intake.ts';
import { newId } from '../../store/new-id.ts';
import { projects } from '../../store/projects.ts';
import { rateCards } from '../../store/rate-cards.ts';
import { type Run, readRun, requestRun } from '../../store/runs.ts';
import { sellers } from '../../store/sellers.ts';
import { series } from '../../store/series.ts';
import { strategies } from '../../store/strategies.ts';
import { readTotals } from '../../store/totals.ts';
import { verifyWorkspace } from '../../store/verify.ts';
import { newWorkspace, sleep } from './loops.ts';
import { named, sourceEntry } from './source-entry.ts';

export interface Books {
  workspaceId: string;
  sellerId: string;
  seriesId: string;
  clientId: string;
  contractId: string;
  /** Code → id. */
  projects: Record<string, string>;
  sourceId: string;
  in<T>(work: (tx: WorkspaceTx) => Promise<T>): Promise<T>;
}

/** One client with one contract over projects of the given codes; `rate` null makes no rate card and no strategy. */
export async function openBooks(
  database: Database,
  options: {
    /** Of one that is there; left out: a new one. */
    workspaceId?: string;
    projects?: string[];
    rate?: string | null;
    contract?: Partial<NewContract>;
  } = {},
): Promise<Books> {
  const workspaceId = options.workspaceId ?? (await newWorkspace(database));
  const inside = <T>(work: (tx: WorkspaceTx) => Promise<T>) => database.inWorkspace(workspaceId, work);
  return inside(async (tx) => {
    const seller = await sellers.insert(tx, {
      name: 'Harbour Works Ltd',
      country: 'GB',
      functionalCurrency: 'GBP',
      zone: 'Europe/London',
    });
    const numbers = await series.insert(tx, {
      sellerId: seller.id,
      documentType: 'invoice',
      pattern: '{CLIENT}-{NNNN}',
    });
    const client = await clients.insert(tx, { name: 'Northern Ferries', code: 'NFE', currency: 'GBP' });
    const contract = await contracts.insert(tx, {
      clientId: client.id,
      sellerId: seller.id,
      name: 'Refit',
      currency: 'GBP',
      zone: 'Europe/London',
      startsOn: '2026-01-01',
      goLiveOn: '2026-01-01',
      ...options.contract,
    });
    const ids: Record<string, string> = {};
    for (const code of options.projects ?? ['P1']) {
      const row = await projects.insert(tx, {
        clientId: client.id,
        contractId: contract.id,
        code,
        name: code,
      });
      ids[code] = row.id;
    }
    const rate = options.rate === undefined ? '80.00' : options.rate;
    if (rate !== null) {
      await strategies.insert(tx, {
        scopeType: 'workspace',
        scopeId: workspaceId,
        category: 'labor',
        method: 'service_rates',
      });
      await rateCards.insert(tx, {
        scopeType: 'contract',
        scopeId: contract.id,
        position: '*',
        regularRate: rate,
        currency: 'GBP',
      });
    }
    const sourceId = await ensureSource(tx, { kind: 'file', name: 'hours.csv', connectionId: null });
    return {
      workspaceId,
      sellerId: seller.id,
      seriesId: numbers.id,
      clientId: client.id,
      contractId: contract.id,
      projects: ids,
      sourceId,
      in: inside,
    };
  });
}

/** An approved hour of Ann on P1; everything can be told otherwise. */
export function entryOf(externalId: string, facts: Partial<SourceEntry> = {}): SourceEntry {
  return sourceEntry(externalId, {
    person: { ...named('Ann Berg'), email: null },
    client: named('Northern Ferries'),
    project: named('P1', 'P1'),
    ...facts,
  });
}

/** Takes one chunk in, as an import of its own unless `operationId` says that it belongs to another. */
export function take(
  books: Books,
  entries: SourceEntry[],
  options: Partial<IntakeOptions> & { createMissing?: TargetKind[] } = {},
  unreadable: UnreadableRow[] = [],
): Promise<IntakeCounts> {
  return books.in(async (tx) =>
    takeIn(
      tx,
      await openMatcher(tx, options.sourceId ?? books.sourceId),
      { entries: entries.map((entry) => ({ entry, contentHash: entryContentHash(entry) })), unreadable },
      {
        sourceId: books.sourceId,
        operationId: newId(),
        actor: 'test',
        createMissing: ['person'],
        goLiveOn: null,
        today: '2026-12-31',
        currency: 'GBP',
        severities: {},
        ...options,
      },
    ),
  );
}

export const cutoffOn = '2027-01-01';

export function requestBilling(
  books: Books,
  wanted: Partial<Parameters<typeof requestRun>[1]> = {},
): Promise<Run> {
  return books.in((tx) =>
    requestRun(tx, {
      scope: { type: 'contract', id: books.contractId },
      trigger: 'by_hand',
      pulledBy: 'test',
      reason: null,
      cutoffOn,
      finishAt: 'issue',
      ...wanted,
    }),
  );
}

/** `pushInPlace`: default: nothing is pushed. */
export function billingActivities(
  database: Database,
  pushInPlace: Parameters<typeof createSmallRunActivities>[1] = () => Promise.resolve(false),
) {
  const none = () => {
    throw new Error('a billing run needs no secrets');
  };
  const deps = {
    database,
    secrets: { seal: none, open: none, fingerprints: none },
    logger: pino({ level: 'silent' }),
    documents: { keep: none },
    vendor: { allowLoopback: true, timeoutMs: null },
  };
  return {
    ...createBillingRunActivities(deps),
    ...createSmallRunActivities(deps, pushInPlace),
  };
}

/** Looks and does what the look says, as the workflow would, until the run has ended, or waits for somebody's approval. */
export async function carryOut(database: Database, books: Books, run: Run): Promise<Run> {
  const activities = billingActivities(database);
  const ref = { workspaceId: books.workspaceId, subjectId: run.id };
  let waits = 0;
  for (let round = 0; round < 20; round += 1) {
    const next = await activities.lookAtBillingRun(ref);
    if (next.step === 'done' || (next.step === 'wait' && next.for === 'approval'))
      return (await books.in((tx) => readRun(tx, run.id)))!;
    if (next.step === 'wait') {
      // Another run goes first, which somebody else carries out.
      waits += 1;
      if (waits > 1_000) throw new Error(`run ${run.id} waits for ${next.for} and nobody ends that`);
      await sleep(20);
      round -= 1;
    } else if (next.step === 'ask_again') await activities.askAgain(ref);
    else if (next.step === 'bill_at_once') await activities.billAtOnce(ref);
    else if (next.step === 'compile') await activities.compileRun(ref);
    else if (next.step === 'draft') await activities.draftRun(ref);
    else if (next.step === 'issue') await activities.issueRun(ref);
    else if (next.step === 'cancel') await activities.cancelRun(ref);
    else if (next.step === 'undo') await activities.undoRun(ref);
    else if (next.step === 'finish') await activities.finishBillingRun({ ...ref, error: null });
    else throw new Error(`the look says ${JSON.stringify(next)}, and nobody does that`);
  }
  throw new Error('the run did not end within 20 steps');
}

export async function bill(database: Database, books: Books): Promise<Run> {
  return carryOut(database, books, await requestBilling(books));
}

export interface IssuedInvoice {
  id: string;
  status: string;
  number: string | null;
  sequence: number | null;
  net: string;
  tax: string;
  total: string;
  applied: string;
  quantitySeconds: number;
  holdReason: string | null;
}
/** Invoices that were not discarded, by number, then the drafts. */
export function invoicesOf(books: Books): Promise<IssuedInvoice[]> {
  return books.in((tx) =>
    tx.rows<IssuedInvoice>(
      `select id, status, number, sequence, net, tax, total, applied, quantity_seconds, hold_reason from client_invoices
       where workspace_id = $1 and status <> 'discarded' order by sequence nulls last, id`,
      [books.workspaceId],
    ),
  );
}

export interface OpenException {
  id: string;
  rule: string;
  severity: string;
  subjectKey: string;
  status: string;
  detail: Record<string, unknown>;
  entries: number;
}
export function exceptionsOf(books: Books, status = 'open'): Promise<OpenException[]> {
  return books.in((tx) =>
    tx.rows<OpenException>(
      `select e.id, e.rule, e.severity, e.subject_key, e.status, e.detail,
         (select count(*) from exception_entries x where x.workspace_id = $1 and x.exception_id = e.id)::int as entries
       from exceptions e where e.workspace_id = $1 and e.status = $2 order by e.rule, e.subject_key, e.id`,
      [books.workspaceId, status],
    ),
  );
}

export async function totalOf(books: Books, metric: string, key: string): Promise<string> {
  return (await books.in((tx) => readTotals(tx, metric))).get(key) ?? '0';
}

/** Numbers the events and holds every invariant that `slipway verify` knows. */
export async function expectBalanced(database: Database, books: Pick<Books, 'workspaceId'>): Promise<void> {
  while ((await database.inSystem((tx) => numberEvents(tx, 5_000))) > 0);
  const { checks } = await verifyWorkspace(database, books.workspaceId);
  expect(checks.filter((check) => !check.ok).map(({ name, detail }) => `${name}: ${detail}`)).toEqual([]);
}
