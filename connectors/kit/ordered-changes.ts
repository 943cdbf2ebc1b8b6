/**
 * Owns reading lists that a vendor sorts by change, oldest first: moved on by time and not by page, for what changes meanwhile
 * moves to the end of the list, and counting pages would skip a row. Pages count only among rows of one and the same moment.
 */
import type { Instant } from '../../domain/work-entry.ts';
import { earlier, later } from './instant.ts';
import { defaultMostPages, endlessPages } from './pages.ts';
import type { NamedVendor } from './vendor-words.ts';

export interface OrderedList {
  /** Page `page` (from 1) of the rows that changed at `since` or after it. */
  read(since: Instant, page: number): Promise<{ rows: readonly unknown[]; more: boolean }>;
  updatedAtOf(row: unknown): Instant | null;
  /** What tells one version of a row from the next. */
  versionOf(row: unknown): string;
  /** Where to go on behind a change at `reached`; default: at that moment itself. */
  resumeAt?(reached: Instant): Instant;
  /** What became visible late under an earlier time is seen again within this. */
  overlapMs: number;
}

const beginning = '1970-01-01T00:00:00.000Z';
/** The same page behind itself once may be chance; more of it is no progress. */
const mostAlike = 1;

/**
 * Rows that were not seen before, page by page, and the newest change so far, which a checkpoint keeps. `newestBefore`: of the
 * last reading (null: none). `seen`: version → time of change, kept for the overlap; the caller may keep it for the next time.
 */
export async function* inOrderOfChange(
  vendor: NamedVendor,
  list: OrderedList,
  newestBefore: Instant | null,
  seen: Map<string, Instant> = new Map<string, Instant>(),
): AsyncGenerator<{ rows: unknown[]; newest: Instant | null }> {
  let newest = newestBefore;
  let since = newest === null ? beginning : earlier(newest, list.overlapMs);
  let page = 1;
  let before: string | null = null;
  let alike = 0;
  for (let calls = 1; ; calls += 1) {
    const { rows, more } = await list.read(since, page);
    const versions = rows.map((row) => list.versionOf(row));
    alike = versions.join('\n') === before ? alike + 1 : 0;
    if (alike > mostAlike) throw endlessPages(vendor, 'the same rows again and again');
    if (calls > defaultMostPages) throw endlessPages(vendor, `more than ${defaultMostPages} pages`);
    const fresh = rows.filter((_, index) => !seen.has(versions[index]!));
    for (const [index, row] of rows.entries()) seen.set(versions[index]!, list.updatedAtOf(row) ?? since);
    const reached = rows.map((row) => list.updatedAtOf(row)).reduce(later, null);
    newest = later(newest, reached);
    if (newest !== null) forgetBefore(seen, earlier(newest, list.overlapMs));
    yield { rows: fresh, newest };
    if (!more) return;
    const next = reached === null ? since : (list.resumeAt?.(reached) ?? reached);
    // From another moment on the same rows may come once more.
    if (next > since) [since, page, before] = [next, 1, null];
    else [page, before] = [page + 1, versions.join('\n')];
  }
}

export function forgetBefore(seen: Map<string, Instant>, oldest: Instant): void {
  for (const [version, updatedAt] of seen) if (updatedAt < oldest) seen.delete(version);
}
