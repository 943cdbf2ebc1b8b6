/** Owns the budget watch: what counts as used, who is told at which threshold, once, and what comes by itself with it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addDays, localDay } from '../../domain/day.ts';
import { doDaily } from '../../store/daily.ts';
import { watchBudgets } from '../../store/project-budgets.ts';
import { entryOf, take } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const today = localDay(new Date(), 'UTC');
const hours = (count: number) => Math.round(count * 3600);
const budgetOf = async (firm: Firm) => (await firm.get(`/projects/${firm.books.projects.P1}/budget`)).json;
const watch = (firm: Firm, day = today) => firm.books.in((tx) => watchBudgets(tx, day));
const change = (firm: Firm, facts: Record<string, unknown>) =>
  firm.patch(`/projects/${firm.books.projects.P1}`, facts);
/** A firm whose project began 28 days ago, and is run by a member. */
async function firmWithManager() {
  const firm = await openFirm(api, {
    contract: { startsOn: addDays(today, -200), goLiveOn: addDays(today, -200) },
  });
  const manager = await api.newMember(firm.books.workspaceId, 'manager', { name: 'Max' });
  await change(firm, { managerId: manager.id });
  const told = async () =>
    (
      (await api.call('GET', '/notifications', { key: manager.key })).json.items as {
        kind: string;
        title: string;
      }[]
    )
      .filter(({ kind }) => kind !== 'exception.new')
      .map(({ kind, title }) => `${kind}: ${title}`)
      .reverse();
  return { firm, told };
}
const worked = (key: string, daysAgo: number, quantity: number, facts = {}) =>
  entryOf(key, { workDate: addDays(today, -daysAgo), quantity, ...facts });

test('hours are all labor that was not rejected, and the pace of four weeks says when they are used up', async () => {
  const { firm } = await firmWithManager();
  await change(firm, { budgetSeconds: hours(100) });
  await take(firm.books, [
    worked('old', 60, hours(20)),
    worked('a', 27, hours(8)),
    worked('b', 3, hours(6)),
    worked('unbilled', 2, hours(2), { billable: false }),
    worked('waiting', 1, hours(4), { approval: 'submitted' }),
    worked('no', 1, hours(9), { approval: 'rejected' }),
    worked('cost', 1, 5_000, { kind: 'expense' }),
  ]);
  const { hours: used, paceDays, warnings } = await budgetOf(firm);
  // 60 h are left, 20 h were worked in 28 days: 84 days more.
  expect(used).toEqual({
    budgetSeconds: hours(100),
    usedSeconds: hours(40),
    remainingSeconds: hours(60),
    recentSeconds: hours(20),
    percent: '40.0',
    exhaustsOn: addDays(today, 84),
  });
  expect([paceDays, warnings]).toEqual([28, []]);
  // A correction at the source counts instead of what it corrects, not besides.
  await take(firm.books, [worked('old', 60, hours(21))]);
  expect((await budgetOf(firm)).hours.usedSeconds).toBe(hours(41));
});

test('money is what is priced, and open labor at the average rate of that', async () => {
  const { firm } = await firmWithManager();
  await change(firm, { budgetAmount: '2000.00' });
  await take(firm.books, [worked('a', 27, hours(10))]);
  const before = (await budgetOf(firm)).money;
  // Nothing has a price yet: what is open is not guessed.
  expect(before).toMatchObject({ priced: '0.00', unpriced: null, used: '0.00', percent: '0.0' });
  await firm.run('issue');
  await take(firm.books, [worked('b', 1, hours(4))]);
  expect((await budgetOf(firm)).money).toEqual({
    budget: '2000.00',
    priced: '800.00',
    unpriced: '320.00',
    used: '1120.00',
    remaining: '880',
    percent: '56.0',
    // 14 h at 80.00 in 28 days.
    recent: '1120.00',
    exhaustsOn: addDays(today, 22),
  });
});

test('whoever runs the project is told of each threshold once, of the highest where several came at once', async () => {
  const { firm, told } = await firmWithManager();
  await change(firm, { budgetSeconds: hours(10) });
  await take(firm.books, [worked('a', 2, hours(4.9))]);
  expect(await watch(firm)).toBe(0);
  await take(firm.books, [worked('b', 2, hours(0.1))]);
  expect(await watch(firm)).toBe(1);
  expect(await watch(firm)).toBe(0);
  await take(firm.books, [worked('c', 1, hours(6))]);
  expect(await watch(firm)).toBe(2);
  const half = 'project.budget_reached: P1 P1: 50 % of the budget is reached';
  const all = 'project.budget_reached: P1 P1: 100 % of the budget is reached';
  expect(await told()).toEqual([half, all]);
  // Less is used, and more again: nobody hears it twice.
  await take(firm.books, [worked('c', 1, hours(1))]);
  await watch(firm);
  await take(firm.books, [worked('c', 1, hours(7))]);
  expect(await watch(firm)).toBe(0);
  // Another budget has thresholds of its own.
  await change(firm, { budgetSeconds: hours(24) });
  expect(await watch(firm)).toBe(1);
  expect(await told()).toEqual([half, all, half]);
  const { warnings, hours: used } = await budgetOf(firm);
  expect(warnings).toHaveLength(4);
  expect(used).toMatchObject({ percent: '50.0', budgetSeconds: hours(24) });
});

test('where nobody runs the project, or who did has left, it is told to those who may change it', async () => {
  const { firm, told } = await firmWithManager();
  const { workspaceId, projects } = firm.books;
  const leaver = await api.newMember(workspaceId, 'manager', { name: 'Lea' });
  await change(firm, { managerId: leaver.id, budgetSeconds: hours(1) });
  expect((await firm.post(`/members/${leaver.id}/suspend`, { reason: 'Left' })).status).toBe(200);
  await take(firm.books, [worked('a', 1, hours(1))]);
  await firm.post('/milestones', { projectId: projects.P1, name: 'Today', kind: 'date', dueOn: today });
  await watch(firm);
  const kinds = (await told()).map((line) => line.split(':')[0]);
  expect(new Set(kinds)).toEqual(new Set(['milestone.reached', 'project.budget_reached']));
  expect(kinds).toHaveLength(2);
});

test('two hubs that watch at the same time tell it once', async () => {
  const { firm, told } = await firmWithManager();
  await change(firm, { budgetSeconds: hours(1), budgetAmount: '80.00' });
  await take(firm.books, [worked('a', 1, hours(1))]);
  const found = await Promise.all([watch(firm), watch(firm), watch(firm)]);
  expect(found.toSorted()).toEqual([0, 0, 3]);
  expect(await told()).toHaveLength(1);
});

test('a budget that is over stops nobody, and says by how much', async () => {
  const { firm } = await firmWithManager();
  await change(firm, { budgetSeconds: hours(1) });
  await take(firm.books, [worked('a', 1, hours(3))]);
  expect((await budgetOf(firm)).hours).toMatchObject({
    remainingSeconds: -hours(2),
    percent: '300.0',
    exhaustsOn: null,
  });
});

test("is part of a workspace's daily round, by its own clock", async () => {
  const { firm, told } = await firmWithManager();
  await change(firm, { budgetSeconds: hours(1) });
  await take(firm.books, [worked('a', 1, hours(1))]);
  // A sandbox that is half a year ahead, where it is evening.
  const later = addDays(today, 180);
  await firm.books.in((tx) =>
    tx.run(`update workspaces set kind = 'sandbox', clock_at = $2 where id = $1`, [
      firm.books.workspaceId,
      `${later}T20:00:00Z`,
    ]),
  );
  const projectId = firm.books.projects.P1;
  await firm.post('/milestones', { projectId, name: 'Then', kind: 'date', dueOn: later });
  await doDaily(api.test.database);
  await doDaily(api.test.database);
  expect(await told()).toHaveLength(2);
  const { warnings, asOf, hours: used } = await budgetOf(firm);
  expect([asOf, warnings[0].reachedOn, used.recentSeconds]).toEqual([later, later, 0]);
  const [milestone] = (await firm.get(`/milestones?projectId=${projectId}`)).json.items;
  expect(milestone.reachedAt).toBe(`${later}T20:00:00.000Z`);
});

test('completed projects are not watched any more', async () => {
  const { firm, told } = await firmWithManager();
  await change(firm, { budgetSeconds: hours(1) });
  await take(firm.books, [worked('a', 1, hours(3))]);
  await change(firm, { status: 'completed' });
  expect(await watch(firm)).toBe(0);
  expect(await told()).toEqual([]);
});

test('milestones by day and by percentage come by themselves, once, and not before', async () => {
  const { firm, told } = await firmWithManager();
  const projectId = firm.books.projects.P1;
  await change(firm, { budgetSeconds: hours(100) });
  const make = (name: string, facts: Record<string, unknown>) =>
    firm.post('/milestones', { projectId, name, ...facts });
  await make('Today', { kind: 'date', dueOn: today });
  await make('Tomorrow', { kind: 'date', dueOn: addDays(today, 1) });
  await make('A tenth', { kind: 'percentage', percentage: '10' });
  await make('A fifth', { kind: 'percentage', percentage: '20' });
  await make('Accepted', { kind: 'acceptance', dueOn: addDays(today, -5) });
  const reached = async () =>
    (
      (await firm.get(`/milestones?projectId=${projectId}`)).json.items as {
        name: string;
        reachedBy: string;
      }[]
    )
      .filter(({ reachedBy }) => reachedBy === 'system')
      .map(({ name }) => name);
  await take(firm.books, [worked('a', 1, hours(9.9))]);
  await watch(firm);
  expect(await reached()).toEqual(['Today']);
  await take(firm.books, [worked('b', 1, hours(0.1))]);
  await Promise.all([watch(firm), watch(firm)]);
  expect(await reached()).toEqual(['Today', 'A tenth']);
  await watch(firm, addDays(today, 1));
  expect(await reached()).toEqual(['Today', 'Tomorrow', 'A tenth']);
  expect(await told()).toEqual([
    'milestone.reached: P1: Today is reached',
    'milestone.reached: P1: A tenth is reached',
    'milestone.reached: P1: Tomorrow is reached',
  ]);
});

test('a project of another workspace has no budget to read', async () => {
  const { firm } = await firmWithManager();
  const { firm: other } = await firmWithManager();
  expect((await other.get(`/projects/${firm.books.projects.P1}/budget`)).status).toBe(404);
});
