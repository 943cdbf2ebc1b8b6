/** Owns a firm under test that is worked on over HTTP: books with a key, commands with an Idempotency-Key, runs carried out. */
import type { Scope } from '../../domain/permissions.ts';
import { newId } from '../../store/new-id.ts';
import type { Run } from '../../store/runs.ts';
import { type Books, carryOut, cutoffOn, openBooks } from './books.ts';
import type { Answered, TestApi } from './start-api.ts';

export interface Firm {
  books: Books;
  key: string;
  get(path: string): Promise<Answered>;
  /** With a new Idempotency-Key each time, unless `idempotencyKey` says which; null sends none. */
  post(path: string, body?: unknown, idempotencyKey?: string | null): Promise<Answered>;
  patch(path: string, body: unknown): Promise<Answered>;
  /** Asks for a run over HTTP and does what the workflow would do. */
  run(finishAt: 'draft' | 'issue'): Promise<Run>;
  withScopes(scopes: readonly Scope[]): Promise<Firm>;
}

export async function openFirm(api: TestApi, options: Parameters<typeof openBooks>[1] = {}): Promise<Firm> {
  const books = await openBooks(api.test.database, options);
  return firmWith(api, books, ['*']);
}

async function firmWith(api: TestApi, books: Books, scopes: readonly Scope[]): Promise<Firm> {
  const key = await api.newKey(books.workspaceId, scopes);
  const post: Firm['post'] = (path, body, idempotencyKey = newId()) =>
    api.call('POST', path, {
      key,
      ...(body === undefined ? {} : { body }),
      headers: idempotencyKey === null ? {} : { 'Idempotency-Key': idempotencyKey },
    });
  return {
    books,
    key,
    get: (path) => api.call('GET', path, { key }),
    post,
    patch: (path, body) => api.call('PATCH', path, { key, body }),
    run: async (finishAt) => {
      const asked = await post('/billing-runs', runOf(books, { finishAt }));
      if (asked.status !== 202) throw new Error(`run refused: ${asked.text}`);
      return carryOut(api.test.database, books, asked.json as Run);
    },
    withScopes: (fewer) => firmWith(api, books, fewer),
  };
}

/** The body of a run over the books' contract. */
export const runOf = (books: Books, wanted: Record<string, unknown> = {}) => ({
  scope: { type: 'contract', id: books.contractId },
  cutoffOn,
  reason: 'Quarter end',
  finishAt: 'issue',
  ...wanted,
});
