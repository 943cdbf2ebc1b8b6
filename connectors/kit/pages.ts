/** Owns bounded paging: whatever a vendor answers, reading a list ends. */
import { createHash } from 'node:crypto';
import { InvalidRequest } from './errors.ts';
import type { VendorHttp, VendorRequest } from './http.ts';

/** 4,000,000 Harvest rows; a list beyond this is read in narrower windows. */
export const defaultMostPages = 2_000;

export const endlessPages = (vendor: { id: string; name: string }, why: string): InvalidRequest =>
  new InvalidRequest(
    `${vendor.name} keeps sending pages of one list without end (${why}). Reading it was stopped.`,
    { connector: vendor.id, vendorCode: 'endless_pages' },
  );

/** Refuses the page after the last allowed one, and a page that was already seen in this chain. */
export function pageGuard(vendor: { id: string; name: string }, mostPages: number = defaultMostPages) {
  const seen = new Set<string>();
  return {
    /** `content`: what makes this page this page, e.g. its rows or its address. Throws InvalidRequest. */
    check(content: unknown): void {
      const fingerprint = createHash('sha256').update(JSON.stringify(content)).digest('base64');
      if (seen.has(fingerprint)) throw endlessPages(vendor, `page ${seen.size + 1} repeats an earlier one`);
      if (seen.size >= mostPages) throw endlessPages(vendor, `more than ${mostPages} pages`);
      seen.add(fingerprint);
    },
  };
}

/** So often a list is begun anew for rows that went while it was read; what is missing then is left to the re-scan. */
const mostAnew = 3;

/** Whether the vendor counts fewer rows than on an earlier page: those after the ones that went moved up, one of them onto a page that was read. */
function shrinking(): (total: number | null | undefined) => boolean {
  let most: number | null = null;
  return (total) => {
    if (total === null || total === undefined) return false;
    const shrank = most !== null && total < most;
    most = Math.max(most ?? total, total);
    return shrank;
  };
}

/** What tells one page from another without writing all of it down: how many rows, the first and the last. */
const endsOf = (rows: readonly unknown[]): unknown[] => [rows.length, rows[0], rows.at(-1)];

export interface LinkPages<Page> {
  path: string;
  query?: VendorRequest['query'];
  /** Checks the envelope; throws a VendorError when it is not the list asked for. */
  read: (body: unknown) => {
    page: Page;
    rows: readonly unknown[];
    next: string | null;
    /** How many rows the list has by now, where the vendor says so. */
    total?: number | null | undefined;
  };
  mostPages?: number;
}

/**
 * Follows the vendor's own next links, as given, until there is none; from the beginning again where rows went meanwhile. Callers
 * upsert by id.
 */
export async function* followLinks<Page>(http: VendorHttp, pages: LinkPages<Page>): AsyncGenerator<Page> {
  for (let anew = 0; ; anew += 1) if (!(yield* followOnce(http, pages, anew < mostAnew))) return;
}

/** Answers true where it stopped for rows that went. */
async function* followOnce<Page>(
  http: VendorHttp,
  pages: LinkPages<Page>,
  stops: boolean,
): AsyncGenerator<Page, boolean> {
  const shrinks = shrinking();
  const links = pageGuard(http.connector, pages.mostPages);
  const contents = pageGuard(http.connector, pages.mostPages);
  let link: string | null = pages.path;
  let query = pages.query;
  while (link !== null) {
    links.check(link);
    const response = await http.get(link, query === undefined ? {} : { query });
    const { page, rows, next, total } = pages.read(response.body);
    // Empty pages are alike without being endless; their links still differ.
    if (rows.length > 0) contents.check(endsOf(rows));
    yield page;
    if (shrinks(total) && stops) return true;
    link = next;
    query = undefined; // A next link carries the whole query.
  }
  return false;
}

export interface OffsetPages<Row> {
  /** Offset of the first row: 0, or 1 where the vendor counts from one. */
  firstOffset: number;
  pageSize: number;
  read: (offset: number, pageSize: number) => Promise<readonly Row[]>;
  mostPages?: number;
}

/** Reads by position until a page is not full. Rows move between pages while people work: callers upsert by id. */
export async function* offsetPages<Row>(
  vendor: { id: string; name: string },
  pages: OffsetPages<Row>,
): AsyncGenerator<readonly Row[]> {
  const contents = pageGuard(vendor, pages.mostPages);
  for (let offset = pages.firstOffset; ; offset += pages.pageSize) {
    const rows = await pages.read(offset, pages.pageSize);
    if (rows.length === 0) return;
    contents.check(endsOf(rows));
    yield rows;
    if (rows.length < pages.pageSize) return;
  }
}

export interface NumberedPages<Row> {
  /** Page `page` (from 1), whether the vendor says that another follows, and how many rows there are where it says that. */
  read: (page: number) => Promise<{ rows: readonly Row[]; more: boolean; total?: number | null | undefined }>;
  mostPages?: number;
}

/**
 * Reads pages by number until the vendor says that there is no more; an empty page in between ends nothing. From the first again
 * where rows went meanwhile: callers upsert by id.
 */
export async function* numberedPages<Row>(
  vendor: { id: string; name: string },
  pages: NumberedPages<Row>,
): AsyncGenerator<readonly Row[]> {
  for (let anew = 0; ; anew += 1) if (!(yield* numberedOnce(vendor, pages, anew < mostAnew))) return;
}

async function* numberedOnce<Row>(
  vendor: { id: string; name: string },
  pages: NumberedPages<Row>,
  stops: boolean,
): AsyncGenerator<readonly Row[], boolean> {
  const contents = pageGuard(vendor, pages.mostPages);
  const shrinks = shrinking();
  for (let page = 1; ; page += 1) {
    const { rows, more, total } = await pages.read(page);
    // Empty pages are alike without repeating anything; their number is bounded by the page that they claim to be.
    contents.check(rows.length > 0 ? rows : page);
    yield rows;
    if (shrinks(total) && stops) return true;
    if (!more) return false;
  }
}
