/** Owns a firm under test that bills by itself: books in a sandbox of a hub, with triggers, worked on over HTTP and by its clock. */
import type { ClauseChange } from '../../domain/contract-terms.ts';
import { readClauses } from '../../domain/contract-terms.ts';
import type { SourceEntry } from '../../domain/work-entry.ts';
import { clients } from '../../store/clients.ts';
import type { NewContract } from '../../store/contracts.ts';
import { type Books, entryOf, openBooks, take } from './books.ts';
import type { TestHub } from './hub.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

export interface ShownAutoRun {
  id: string;
  status: string;
  trigger: string;
  pulledBy: string;
  reason: string | null;
  scopeType: string;
  scopeId: string;
  cutoffOn: string;
  finishAt: string;
  counts: Record<string, number>;
}
export interface AutoInvoice {
  id: string;
  status: string;
  number: string | null;
  net: string;
  quantitySeconds: number;
  holdReason: string | null;
}

export interface AutoFirm extends Sandbox {
  books: Books;
  /** Approved labor of so many hours, of as many people as it takes, as an import brings it. */
  work(key: string, hours: number, facts?: Partial<SourceEntry>): Promise<void>;
  /** All runs, the oldest first. */
  runs(): Promise<ShownAutoRun[]>;
  /** Those that were not discarded, the oldest first. */
  invoices(): Promise<AutoInvoice[]>;
  /** What issued invoices come to, one by one, by number; void ones left out. */
  issued(): Promise<string[]>;
}

export const hours = (count: number) => Math.round(count * 3600);
/** Of one person, which no rule finds too many. */
const longestHours = 10;
/** In the firm: a Tuesday. */
export const firmClock = '2026-03-10T09:00:00.000Z';

/** One client at 80.00 GBP an hour, whose invoices go out by themselves unless told otherwise. */
export async function openAutoFirm(
  hub: TestHub,
  clauses: ClauseChange,
  options: {
    clockAt?: string;
    autoInvoicing?: boolean;
    projects?: string[];
    contract?: Partial<NewContract>;
  } = {},
): Promise<AutoFirm> {
  const sandbox = await openSandbox(hub, options.clockAt ?? firmClock);
  const books = await openBooks(hub.test.database, {
    workspaceId: sandbox.workspaceId,
    ...(options.projects && { projects: options.projects }),
    contract: { status: 'active', clauses: readClauses(clauses), ...options.contract },
  });
  await books.in((tx) =>
    clients.update(tx, books.clientId, { autoInvoicing: options.autoInvoicing ?? true }),
  );
  const all = async <T>(path: string) =>
    (await sandbox.get<{ items: T[] }>(`${path}?limit=200`)).items.toReversed();
  const invoices = async () =>
    (await all<AutoInvoice>('/invoices')).filter(({ status }) => status !== 'discarded');
  return {
    ...sandbox,
    books,
    work: async (key, count, facts = {}) => {
      const stints = Array.from({ length: Math.ceil(count / longestHours) }, (_, index) => {
        const person = { externalId: null, code: null, name: `${key} ${index}`, email: null };
        const quantity = hours(Math.min(longestHours, count - index * longestHours));
        return entryOf(`${key} ${index}`, { person, quantity, ...facts });
      });
      await take(books, stints);
    },
    runs: () => all<ShownAutoRun>('/billing-runs'),
    invoices,
    issued: async () =>
      (await invoices())
        .filter(({ number, status }) => number !== null && status !== 'void')
        .sort((a, b) => a.number!.localeCompare(b.number!))
        .map(({ net }) => net),
  };
}

/** An entry of project `code`. */
export const onProject = (code: string): Partial<SourceEntry> => ({
  project: { externalId: null, code, name: code },
});
