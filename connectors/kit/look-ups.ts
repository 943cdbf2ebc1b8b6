/** Owns look-up lists: an odd row costs entries a name, which shows as unmatched, and never stops a reading. */
import type { z } from 'zod';
import type { LookUpRecord } from './define.ts';

type Pages = AsyncIterable<readonly unknown[]>;

/** The rows that have this shape; none where there is no list. */
export function fitting<Row>(shape: z.ZodType<Row>, rows: unknown): Row[] {
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row) => {
    const read = shape.safeParse(row);
    return read.success ? [read.data] : [];
  });
}

/** What entries lack, by the vendor's id: `of` says of each row that fits its id and what is kept of it. */
export async function byId<Row, Kept>(
  pages: Pages,
  shape: z.ZodType<Row>,
  of: (row: Row) => readonly [id: string, kept: Kept],
): Promise<Map<string, Kept>> {
  const found = new Map<string, Kept>();
  for await (const rows of pages)
    for (const row of fitting(shape, rows)) {
      const [id, kept] = of(row);
      found.set(id, kept);
    }
  return found;
}

/** One record; what a platform does not tell is null, and it is active unless `more` says otherwise. */
export function record(
  externalId: string,
  name: string | null | undefined,
  more: Partial<LookUpRecord> = {},
): LookUpRecord {
  return {
    externalId,
    name: name ?? '',
    code: null,
    email: null,
    active: true,
    parentExternalId: null,
    ...more,
  };
}

/** A list for mapping. */
export async function* records<Row>(
  pages: Pages,
  shape: z.ZodType<Row>,
  toRecord: (row: Row) => LookUpRecord,
): AsyncGenerator<LookUpRecord[]> {
  for await (const rows of pages) yield fitting(shape, rows).map(toRecord);
}

/** A list of each parent, such as the tasks of every project; its id becomes the records' parent. */
export async function* recordsOfEach<Parent, Row>(
  parents: Pages,
  shapes: { parent: z.ZodType<Parent>; row: z.ZodType<Row> },
  idOf: (parent: Parent) => string,
  pagesOf: (parentId: string) => Pages,
  toRecord: (row: Row) => LookUpRecord,
): AsyncGenerator<LookUpRecord[]> {
  for await (const page of parents)
    for (const parentExternalId of fitting(shapes.parent, page).map(idOf))
      for await (const rows of pagesOf(parentExternalId))
        yield fitting(shapes.row, rows).map((row) => ({ ...toRecord(row), parentExternalId }));
}
