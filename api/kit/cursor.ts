/** Owns cursors: where a page ended, as opaque text, and cutting a page from one row more than it holds. */
import { Refusal } from '../../domain/refusal.ts';

const maxParts = 4;

/** The sort key of a page's last row as text that clients hand back unread. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts), 'utf8').toString('base64url');
}

/** Null when the text is no cursor. What the parts mean is for the list to check. */
export function decodeCursor(text: string): string[] | null {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    const valid = Array.isArray(parts) && parts.length > 0 && parts.length <= maxParts;
    return valid && parts.every((part) => typeof part === 'string') ? (parts as string[]) : null;
  } catch {
    return null;
  }
}

/** A page of `limit` from up to `limit + 1` rows; the extra row tells that there is a next page. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => readonly string[],
  toItem: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(toItem),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null,
  };
}

export const emptyPage: { items: never[]; nextCursor: null } = { items: [], nextCursor: null };

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** For lists by id: the id that the cursor holds; null on the first page. Refuses the cursor of another list. */
export function idAfter(cursor: readonly string[] | undefined): string | null {
  if (!cursor) return null;
  const [id, ...rest] = cursor;
  if (id !== undefined && rest.length === 0 && uuidPattern.test(id)) return id;
  throw foreignCursor();
}

/** For lists by a running number. */
export function numberAfter(cursor: readonly string[] | undefined): number | null {
  if (!cursor) return null;
  const [number, ...rest] = cursor;
  if (number !== undefined && rest.length === 0 && /^\d{1,9}$/.test(number)) return Number(number);
  throw foreignCursor();
}

function foreignCursor(): Refusal {
  return new Refusal({
    code: 'request.invalid_cursor',
    status: 422,
    message: 'This cursor belongs to another list.',
    whatToDo: 'Start without a cursor, then pass on nextCursor unchanged.',
  });
}

/** For lists by id. */
export function toIdPage<Row extends { id: string }>(rows: readonly Row[], limit: number) {
  return toPage(
    rows,
    limit,
    (row) => [row.id],
    (row) => row,
  );
}
