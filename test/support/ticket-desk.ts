/** Owns a small firm on a hub, without a test runner: a contractor who hands tickets in and a manager who decides. */
import { addDays, localDay } from '../../domain/day.ts';
import type { Database } from '../../store/database.ts';
import { addContract, addSeller, maker } from './agreement.ts';
import { makeMember, type TestMember } from './make-member.ts';
import type { TestWorkspace } from './workspace.ts';

export interface TicketDesk {
  contractor: TestMember;
  manager: TestMember;
  projectId: string;
  /** A day that every rule allows, so many days ago. */
  dayAgo(days: number): string;
  /** As a member; throws unless it succeeds. */
  send<T>(by: TestMember, method: string, path: string, body?: unknown): Promise<T>;
  /** Written and submitted by the contractor; answers the ticket's id. */
  handIn(workDate: string, lines: readonly unknown[]): Promise<string>;
}

export async function openTicketDesk(at: TestWorkspace, database: Database): Promise<TicketDesk> {
  const made = maker(at);
  const money = { currency: 'USD', zone: 'UTC' };
  const sellerId = await addSeller(at, { ...money, pattern: null });
  const clientId = await made('/clients', {
    name: 'North Pacific Ferries',
    email: 'ap@npf.example',
    code: 'NPF',
    currency: 'USD',
  });
  const contractId = await addContract(at, { clientId, sellerId, ...money, from: '2020-01-01', rate: null });
  const projectId = await made('/projects', { clientId, contractId, code: 'NPF-101', name: 'Refit' });
  const member = (role: 'contractor' | 'manager', name: string) =>
    database.inWorkspace(at.workspaceId, (tx) => makeMember(tx, role, { name }));
  const contractor = await member('contractor', 'Ola Vik');
  const manager = await member('manager', 'Mats Dahl');
  await made('/cost-rates', {
    personId: contractor.personId,
    currency: 'USD',
    regularRate: '42.00',
    validFrom: '2020-01-01',
  });
  const send: TicketDesk['send'] = async <T>(
    by: TestMember,
    method: string,
    path: string,
    body?: unknown,
  ) => {
    const answer = await at.call(method, path, { key: by.key, ...(body === undefined ? {} : { body }) });
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return answer.json as T;
  };
  return {
    contractor,
    manager,
    projectId,
    dayAgo: (days) => addDays(localDay(new Date(), 'UTC'), -days),
    send,
    handIn: async (workDate, lines) => {
      const { id } = await send<{ id: string }>(contractor, 'POST', '/tickets', {
        projectId,
        workDate,
        lines,
      });
      await send(contractor, 'POST', `/tickets/${id}/submit`);
      return id;
    },
  };
}
