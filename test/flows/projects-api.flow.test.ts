/** Owns projects over HTTP: their life, team, phases, milestones within the price, who is on a task; bad input and races. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../store/new-id.ts';
import { entryOf, expectBalanced, take } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
const opened: Firm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

async function newFirm(options?: Parameters<typeof openFirm>[1]): Promise<Firm> {
  const firm = await openFirm(api, options);
  opened.push(firm);
  return firm;
}
const remove = (firm: Firm, path: string) => api.call('DELETE', path, { key: firm.key });
const codes = (answers: Answered[]) => answers.map(({ status, json }) => [status, json?.code ?? null]);
const projectPath = (firm: Firm) => `/projects/${firm.books.projects.P1!}`;

describe('a project', () => {
  test('goes from planned to archived, step by step, and takes no other way', async () => {
    const firm = await newFirm();
    const { clientId, contractId } = firm.books;
    const made = await firm.post('/projects', {
      clientId,
      contractId,
      code: 'HUL',
      name: 'Hull',
      status: 'planned',
      costCentre: '4100',
      budgetSeconds: 360_000,
      budgetAmount: '9000.00',
      price: '12000.00',
    });
    expect(made.json).toMatchObject({ status: 'planned', price: '12000.00', budgetAmount: '9000.00' });
    const path = `/projects/${made.json.id}`;
    for (const status of ['ready_for_billing', 'completed']) {
      const refused = await firm.patch(path, { status });
      expect([refused.status, refused.json.code]).toEqual([409, 'project.wrong_status']);
      expect(refused.json.details.next).toEqual(['active', 'archived']);
    }
    for (const status of ['active', 'ready_for_billing', 'active', 'completed', 'archived', 'completed'])
      expect((await firm.patch(path, { status })).json.status).toBe(status);
    // It only begins as planned or active.
    const finished = { clientId, code: 'X', name: 'X', status: 'archived' };
    expect((await firm.post('/projects', finished)).status).toBe(422);
  });

  test('with work that is not billed is not archived; billed, it is', async () => {
    const firm = await newFirm();
    await take(firm.books, [entryOf('1')]);
    await firm.patch(projectPath(firm), { status: 'completed' });
    const refused = await firm.patch(projectPath(firm), { status: 'archived', name: 'Gone' });
    expect([refused.status, refused.json.code]).toEqual([409, 'project.has_open_work']);
    expect(refused.json.details).toEqual({ entries: 1, items: 0 });
    // Nothing of the refused change is kept.
    expect((await firm.get(projectPath(firm))).json).toMatchObject({ status: 'completed', name: 'P1' });
    await firm.run('issue');
    expect((await firm.patch(projectPath(firm), { status: 'archived' })).json.status).toBe('archived');
  });

  test('is run by a member of the firm, not by a client and not by who left', async () => {
    const firm = await newFirm();
    const { workspaceId, clientId } = firm.books;
    const manager = await api.newMember(workspaceId, 'manager');
    const client = await api.newMember(workspaceId, 'client', { clientId });
    expect((await firm.patch(projectPath(firm), { managerId: manager.id })).json.managerId).toBe(manager.id);
    const refused = [
      await firm.patch(projectPath(firm), { managerId: client.id }),
      await firm.patch(projectPath(firm), { managerId: newId() }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([422, 422]);
    expect(refused[0]!.json.code).toBe('project.manager_unfit');
    expect((await firm.get(projectPath(firm))).json.managerId).toBe(manager.id);
  });

  test('has a team, which then cannot be removed', async () => {
    const firm = await newFirm();
    const team = await firm.post('/teams', { name: 'Hull' });
    expect((await firm.patch(projectPath(firm), { teamId: team.json.id })).json.teamId).toBe(team.json.id);
    const listed = async (query: string) => (await firm.get(`/projects?${query}`)).json.items.length;
    expect([await listed(`teamId=${team.json.id}`), await listed(`teamId=${newId()}`)]).toEqual([1, 0]);
    const kept = await remove(firm, `/teams/${team.json.id}`);
    expect([kept.status, kept.json.code]).toEqual([409, 'projects.in_use']);
    const other = await newFirm();
    const foreign = await other.patch(projectPath(other), { teamId: team.json.id });
    expect([foreign.status, foreign.json.code]).toEqual([422, 'reference.unknown']);
  });

  test('keeps its price from those who may not read contracts, and its budget from the client', async () => {
    const firm = await newFirm();
    await firm.patch(projectPath(firm), { price: '500.00', budgetAmount: '400.00', budgetSeconds: 3600 });
    const { workspaceId, clientId } = firm.books;
    const seen = async (role: 'employee' | 'client' | 'manager') => {
      const { key } = await api.newMember(workspaceId, role, role === 'client' ? { clientId } : {});
      return (await api.call('GET', projectPath(firm), { key })).json;
    };
    expect(await seen('manager')).toMatchObject({ price: '500.00', budgetAmount: '400.00' });
    expect(await seen('employee')).toMatchObject({ price: null, budgetAmount: '400.00' });
    expect(await seen('client')).toMatchObject({ price: null, budgetAmount: null, budgetSeconds: null });
  });

  test('of a code that the client has already is refused, also when ten come at once', async () => {
    const firm = await newFirm();
    const body = { clientId: firm.books.clientId, code: 'RACE', name: 'Race' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => firm.post('/projects', body)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(codes(answers.filter(({ status }) => status !== 201))).toEqual(
      Array.from({ length: 9 }, () => [409, 'projects.duplicate']),
    );
    const listed = (await firm.get('/projects?limit=200')).json.items as { code: string }[];
    expect(listed.filter(({ code }) => code === 'RACE')).toHaveLength(1);
  });

  test('of two moves at once to different statuses, each was allowed where it began', async () => {
    const firm = await newFirm();
    await firm.patch(projectPath(firm), { status: 'completed' });
    const answers = await Promise.all([
      firm.patch(projectPath(firm), { status: 'archived' }),
      firm.patch(projectPath(firm), { status: 'active' }),
    ]);
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.find(({ status }) => status !== 200)!.json.code).toBe('project.wrong_status');
    expect((await firm.get(projectPath(firm))).json.status).toBe(won[0]!.json.status);
  });

  test.each([
    ['a negative budget', { budgetSeconds: -1 }],
    ['a budget in half seconds', { budgetSeconds: 1.5 }],
    ['a price as a number', { price: 100 }],
    ['a price below zero', { price: '-1.00' }],
    ['a price beyond all sizes', { price: '9'.repeat(16) }],
    ['a code of nothing', { code: '  ' }],
    ['a code of 101 letters', { code: 'x'.repeat(101) }],
    ['a forbidden character', { name: 'a\u0000b' }],
    ['a status that is none', { status: 'cancelled' }],
    ['another client', { clientId: newId() }],
  ])('with %s is refused, and stays as it was', async (_, change) => {
    const firm = await newFirm();
    const before = (await firm.get(projectPath(firm))).text;
    const refused = await firm.patch(projectPath(firm), change);
    expect(refused.status, refused.text).toBe(422);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect((await firm.get(projectPath(firm))).text).toBe(before);
  });
});

describe('phases and tasks', () => {
  test('a phase lies within one project: no task or milestone of another may be in it', async () => {
    const firm = await newFirm({ projects: ['P1', 'P2'] });
    const { P1, P2 } = firm.books.projects;
    const phase = await firm.post('/phases', { projectId: P1, name: 'Dry dock', startsOn: '2026-03-01' });
    const phaseId = phase.json.id as string;
    const task = await firm.post('/tasks', { projectId: P1, phaseId, name: 'Blasting' });
    expect(task.json).toMatchObject({ phaseId, assigneeIds: [] });
    const crossed = [
      await firm.post('/tasks', { projectId: P2, phaseId, name: 'Blasting' }),
      await firm.post('/milestones', { projectId: P2, phaseId, name: 'Afloat', kind: 'acceptance' }),
    ];
    expect(codes(crossed)).toEqual([
      [422, 'reference.unknown'],
      [422, 'reference.unknown'],
    ]);
    expect(codes([await remove(firm, `/phases/${phaseId}`)])).toEqual([[409, 'tasks.in_use']]);
    expect((await firm.patch(`/tasks/${task.json.id}`, { phaseId: null })).json.phaseId).toBeNull();
    expect((await remove(firm, `/phases/${phaseId}`)).status).toBe(204);
    expect((await firm.get(`/phases?projectId=${P1}`)).json.items).toEqual([]);
  });

  test('a phase has a name of its own, days in order, and is closed and opened again', async () => {
    const firm = await newFirm();
    const { P1: projectId } = firm.books.projects;
    const phase = await firm.post('/phases', { projectId, name: 'Dry dock' });
    expect(codes([await firm.post('/phases', { projectId, name: 'Dry dock' })])).toEqual([
      [409, 'phases.duplicate'],
    ]);
    const path = `/phases/${phase.json.id}`;
    expect((await firm.patch(path, { startsOn: '2026-03-01', endsBefore: '2026-03-01' })).status).toBe(422);
    expect((await firm.patch(path, { startsOn: '2026-02-30' })).status).toBe(422);
    for (const status of ['closed', 'open'])
      expect((await firm.patch(path, { status })).json.status).toBe(status);
    expect((await firm.get(path)).json).toMatchObject({ startsOn: null, endsBefore: null });
  });

  test('people are put on a task, told of it once, and find it among their own', async () => {
    const firm = await newFirm();
    const { workspaceId, projects } = firm.books;
    const ann = await api.newMember(workspaceId, 'employee', { name: 'Ann' });
    const bob = await api.newMember(workspaceId, 'contractor', { name: 'Bob' });
    const [annId, bobId] = [ann.personId!, bob.personId!];
    const task = await firm.post('/tasks', {
      projectId: projects.P1,
      name: 'Welding',
      assigneeIds: [annId, annId],
    });
    expect(task.json.assigneeIds).toEqual([annId]);
    const path = `/tasks/${task.json.id}`;
    const both = await firm.patch(path, { assigneeIds: [bobId, annId], quantity: '2.5', status: 'done' });
    expect(both.json).toMatchObject({ status: 'done', assigneeIds: [annId, bobId].sort() });
    await firm.patch(path, { name: 'Welding aft' });
    await firm.patch(path, { assigneeIds: [bobId] });
    expect((await firm.get(path)).json).toMatchObject({ name: 'Welding aft', assigneeIds: [bobId] });
    const of = async (person: string) => (await firm.get(`/tasks?assigneeId=${person}`)).json.items;
    expect(await of(annId)).toEqual([]);
    expect(await of(bobId)).toMatchObject([{ name: 'Welding aft' }]);
    expect((await firm.get(`/tasks?assigneeId=${bobId}&status=open`)).json.items).toEqual([]);
    const told = (await api.call('GET', '/notifications', { key: ann.key })).json.items;
    expect(told).toMatchObject([{ kind: 'task.assigned' }]);

    const unknown = await firm.patch(path, { assigneeIds: [bobId, newId()], name: 'Half' });
    expect([unknown.status, unknown.json.code]).toEqual([422, 'task.assignee_unknown']);
    expect((await firm.get(path)).json).toMatchObject({ name: 'Welding aft', assigneeIds: [bobId] });
  });
});

describe('milestones', () => {
  const priced = (firm: Firm, name: string, price: string, facts: Record<string, unknown> = {}) =>
    firm.post('/milestones', {
      projectId: firm.books.projects.P1,
      name,
      kind: 'acceptance',
      price,
      ...facts,
    });
  async function firmOfPrice(price: string): Promise<Firm> {
    const firm = await newFirm();
    expect((await firm.patch(projectPath(firm), { price })).status).toBe(200);
    return firm;
  }
  const listed = async (firm: Firm) =>
    (await firm.get(`/milestones?projectId=${firm.books.projects.P1}`)).json.items as {
      name: string;
      price: string;
    }[];

  test('never add up to more than the price, however they are made, changed or the price is lowered', async () => {
    const firm = await newFirm();
    expect(codes([await priced(firm, 'A', '60.00')])).toEqual([[422, 'milestone.project_without_price']]);
    await firm.patch(projectPath(firm), { price: '100.00' });
    const first = await priced(firm, 'A', '60.00');
    const second = await priced(firm, 'B', '40.00');
    const refused = [
      await priced(firm, 'C', '0.01'),
      await firm.patch(`/milestones/${first.json.id}`, { price: '60.01' }),
      await firm.patch(projectPath(firm), { price: '99.99' }),
    ];
    expect(codes(refused)).toEqual(refused.map(() => [422, 'milestone.beyond_price']));
    expect(codes([await firm.patch(projectPath(firm), { price: null })])).toEqual([
      [422, 'milestone.project_without_price'],
    ]);
    expect(await listed(firm)).toMatchObject([{ price: '60.00' }, { price: '40.00' }]);
    expect((await remove(firm, `/milestones/${second.json.id}`)).status).toBe(204);
    expect((await firm.patch(projectPath(firm), { price: '60.00' })).json.price).toBe('60.00');
  });

  test('made ten at once take the price once', async () => {
    const firm = await firmOfPrice('100.00');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, place) => priced(firm, `M${place}`, '40.00')),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(2);
    expect(codes(answers.filter(({ status }) => status !== 201))).toEqual(
      Array.from({ length: 8 }, () => [422, 'milestone.beyond_price']),
    );
    expect(await listed(firm)).toHaveLength(2);
  });

  test('a milestone and a lower price at once: one of them is refused', async () => {
    const firm = await firmOfPrice('100.00');
    const [milestone, project] = await Promise.all([
      priced(firm, 'A', '80.00'),
      firm.patch(projectPath(firm), { price: '50.00' }),
    ]);
    expect([milestone.status, project.status]).toEqual(milestone.status === 201 ? [201, 422] : [422, 200]);
    const price = Number((await firm.get(projectPath(firm))).json.price);
    const sum = (await listed(firm)).reduce((running, one) => running + Number(one.price), 0);
    expect(sum).toBeLessThanOrEqual(price);
  });

  test('is accepted by one of two who do it at once, and stays as it was accepted', async () => {
    const firm = await firmOfPrice('100.00');
    const made = await priced(firm, 'Afloat', '100.00');
    const path = `/milestones/${made.json.id}`;
    const accept = () => firm.post(`${path}/reach`, { reason: 'Signed on board' });
    const answers = await Promise.all([accept(), accept(), accept()]);
    expect(codes(answers).toSorted(([one], [other]) => one - other)).toEqual([
      [200, null],
      [409, 'milestone.reached'],
      [409, 'milestone.reached'],
    ]);
    const refused = [
      await firm.patch(path, { price: '1.00' }),
      await remove(firm, path),
      await accept(),
      await firm.patch(projectPath(firm), { price: '99.00' }),
    ];
    expect(codes(refused)).toEqual([
      [409, 'milestone.reached'],
      [409, 'milestone.reached'],
      [409, 'milestone.reached'],
      [422, 'milestone.beyond_price'],
    ]);
    const shown = (await firm.get(path)).json;
    expect(shown).toMatchObject({ price: '100.00', reachReason: 'Signed on board' });
    expect(shown.reachedBy).toMatch(/^key:/);
    await api.sequence();
    const events = (await firm.get('/events?limit=1000')).json.items as { type: string }[];
    expect(events.filter(({ type }) => type === 'milestone.reached')).toHaveLength(1);
  });

  test('that waits for its day needs a reason before it', async () => {
    const firm = await newFirm();
    const projectId = firm.books.projects.P1;
    const dated = await firm.post('/milestones', {
      projectId,
      name: 'Half-way',
      kind: 'date',
      dueOn: '2099-01-01',
    });
    const path = `/milestones/${dated.json.id}`;
    expect(codes([await firm.post(`${path}/reach`, {})])).toEqual([[422, 'milestone.reason_missing']]);
    expect((await firm.post(`${path}/reach`, { reason: 'Done early' })).status).toBe(200);
  });

  test.each([
    ['a day that is none', { kind: 'date', dueOn: '2026-02-29' }],
    ['no day though it waits for one', { kind: 'date' }],
    ['no percentage though it waits for one', { kind: 'percentage' }],
    ['zero percent', { kind: 'percentage', percentage: '0' }],
    ['more than all', { kind: 'percentage', percentage: '100.01' }],
    ['a kind that is none', { kind: 'mood' }],
    ['a price below zero', { kind: 'acceptance', price: '-1' }],
    ['a field nobody knows', { kind: 'acceptance', reachedAt: '2026-01-01T00:00:00Z' }],
    ['a project of nobody', { kind: 'acceptance', projectId: newId() }],
  ])('with %s is refused, and not stored', async (_, facts) => {
    const firm = await newFirm();
    const projectId = firm.books.projects.P1;
    const refused = await firm.post('/milestones', { projectId, name: 'Bad', ...facts });
    expect(refused.status, refused.text).toBe(422);
    expect(await listed(firm)).toEqual([]);
  });
});
