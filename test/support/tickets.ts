/** Owns a firm with people who write and decide on tickets, worked on over HTTP; each command as a member with their own key. */
import { addDays, localDay } from '../../domain/day.ts';
import { newId } from '../../store/new-id.ts';
import { type Books, openBooks } from './books.ts';
import type { TestDatabase } from './database.ts';
import type { TestMember } from './make-member.ts';
import type { Answered, TestApi } from './start-api.ts';

/** One member, over HTTP. */
export interface Hand extends TestMember {
  get(path: string): Promise<Answered>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Answered>;
}
export interface TicketFirm {
  books: Books;
  /** The only project's id. */
  projectId: string;
  /** A work date that every rule allows. */
  workDate: string;
  hand(member: TestMember): Hand;
  contractor: Hand;
  employee: Hand;
  manager: Hand;
  admin: Hand;
  /** A ticket of the contractor's, 2 h unless told otherwise. */
  draft(lines?: unknown[], facts?: Record<string, unknown>): Promise<string>;
  /** Written and submitted by the contractor. */
  submitted(lines?: unknown[], facts?: Record<string, unknown>): Promise<string>;
  ticket(id: string): Promise<Answered['json']>;
}

export const hours = (count: number, facts: Record<string, unknown> = {}) => ({
  kind: 'labor',
  seconds: Math.round(count * 3600),
  ...facts,
});

/** Throws with the whole answer unless it is as wanted. */
export function expectStatus(answer: Answered, status: number): Answered['json'] {
  if (answer.status !== status) throw new Error(`expected ${status}, was ${answer.status}: ${answer.text}`);
  return answer.json;
}

/** What a firm is worked on through: an API under test, or a whole hub. */
export interface TicketDoor extends Pick<TestApi, 'call' | 'newMember'> {
  test: Pick<TestDatabase, 'database'>;
}

export async function openTicketFirm(
  api: TicketDoor,
  options: Parameters<typeof openBooks>[1] = {},
): Promise<TicketFirm> {
  const today = localDay(new Date(), 'UTC');
  const books = await openBooks(api.test.database, {
    ...options,
    contract: { startsOn: '2020-01-01', goLiveOn: '2020-01-01', ...options.contract },
  });
  const hand = (member: TestMember): Hand => ({
    ...member,
    get: (path) => api.call('GET', path, { key: member.key }),
    post: (path, body, headers = {}) =>
      api.call('POST', path, {
        key: member.key,
        ...(body === undefined ? {} : { body }),
        headers: { 'Idempotency-Key': newId(), ...headers },
      }),
    patch: (path, body, headers = {}) => api.call('PATCH', path, { key: member.key, body, headers }),
  });
  const member = async (role: 'contractor' | 'employee' | 'manager' | 'admin', name: string) =>
    hand(await api.newMember(books.workspaceId, role, { name }));
  const contractor = await member('contractor', 'Ola Vik');
  const projectId = books.projects.P1!;
  const workDate = addDays(today, -3);
  const draft: TicketFirm['draft'] = async (lines = [hours(2)], facts = {}) =>
    expectStatus(await contractor.post('/tickets', { projectId, workDate, lines, ...facts }), 201).id;
  return {
    books,
    projectId,
    workDate,
    hand,
    contractor,
    employee: await member('employee', 'Eva Lund'),
    manager: await member('manager', 'Mats Dahl'),
    admin: await member('admin', 'Ada Holm'),
    draft,
    submitted: async (lines, facts) => {
      const id = await draft(lines, facts);
      expectStatus(await contractor.post(`/tickets/${id}/submit`), 200);
      return id;
    },
    ticket: async (id) => expectStatus(await contractor.get(`/tickets/${id}`), 200),
  };
}
