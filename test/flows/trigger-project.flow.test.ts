/** Owns trigger 3 through the real Temporal: projects, phases and milestones that are billed when somebody or something says so. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClauseChange } from '../../domain/contract-terms.ts';
import { clients } from '../../store/clients.ts';
import { listRetentions } from '../../store/retentions.ts';
import { tasks } from '../../store/tasks.ts';
import { type AutoFirm, hours, onProject, openAutoFirm } from '../support/auto-firm.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { makeMember } from '../support/make-member.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

const open = (clauses: ClauseChange, options: Parameters<typeof openAutoFirm>[2] = {}) =>
  openAutoFirm(hub, clauses, options);
const projectReady = { triggers: { projectReady: true } };
const byMilestones = (price: string): ClauseChange => ({
  billingModel: { type: 'fixed_price', price, by: 'milestones' },
  triggers: { milestones: true },
});
const setStatus = (firm: AutoFirm, status: string, code = 'P1') =>
  firm.patch<{ status: string }>(`/projects/${firm.books.projects[code]}`, { status });
const said = async (firm: AutoFirm) =>
  (await firm.runs()).map(({ trigger, reason, status }) => `${trigger}: ${reason} ${status}`);
const milestone = async (firm: AutoFirm, name: string, facts: Record<string, unknown>) =>
  (await firm.post<{ id: string }>('/milestones', { projectId: firm.books.projects.P1, name, ...facts })).id;
async function clientOf(firm: AutoFirm, clientId = firm.books.clientId) {
  return firm.in((tx) => makeMember(tx, 'client', { clientId }));
}
const retained = async (firm: AutoFirm) =>
  (await firm.in((tx) => listRetentions(tx, firm.books.contractId))).map(
    ({ number, amount, releaseOn }) => `${number} ${amount} ${releaseOn ?? 'held'}`,
  );

describe('a project', () => {
  test('that becomes ready for billing is billed at once, alone, and the run says who said so', async () => {
    const firm = await open(projectReady, { projects: ['P1', 'P2'] });
    await firm.work('a', 2);
    await firm.work('b', 1, onProject('P2'));
    await firm.idle();
    expect(await firm.runs()).toEqual([]);
    await setStatus(firm, 'ready_for_billing');
    await firm.idle();
    const [run, ...others] = await firm.runs();
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      trigger: 'ready_for_billing',
      reason: 'Project P1 is ready for billing.',
      scopeType: 'project',
      scopeId: firm.books.projects.P1,
      cutoffOn: '2026-03-11',
      finishAt: 'issue',
      status: 'done',
    });
    expect(run!.pulledBy).toMatch(/^key:/);
    expect(await firm.issued()).toEqual(['160.00']);
    await firm.verify();
  });

  test('set back and set again is not billed twice; what came in between is billed then', async () => {
    const firm = await open(projectReady);
    await firm.work('a', 2);
    for (const status of ['ready_for_billing', 'active', 'ready_for_billing']) await setStatus(firm, status);
    await firm.idle();
    expect(await firm.issued()).toEqual(['160.00']);
    await setStatus(firm, 'active');
    await firm.work('b', 1);
    await setStatus(firm, 'ready_for_billing');
    await firm.idle();
    expect(await firm.issued()).toEqual(['160.00', '80.00']);
    await firm.verify();
  });

  test('set back before its run began is not billed', async () => {
    const firm = await open(projectReady);
    const policy = `/contracts/${firm.books.contractId}/billing-policy`;
    await firm.work('a', 2);
    await firm.post(`${policy}/pause`, { reason: 'The client has a question' });
    await setStatus(firm, 'ready_for_billing');
    await firm.idle();
    await setStatus(firm, 'active');
    await firm.post(`${policy}/resume`, { reason: 'It is answered' });
    await firm.idle();
    expect(await firm.runs()).toEqual([]);
    const dropped = await firm.in((tx) =>
      tx.rows('select dropped_reason from trigger_pulls where workspace_id = $1', [firm.workspaceId]),
    );
    expect(dropped).toEqual([{ droppedReason: 'the project was set back before it was billed' }]);
    await setStatus(firm, 'ready_for_billing');
    await firm.idle();
    expect(await firm.issued()).toEqual(['160.00']);
  });

  test('that ten people set ready at the same moment is billed once', async () => {
    const firm = await open(projectReady);
    await firm.work('a', 2);
    await Promise.all(Array.from({ length: 10 }, () => setStatus(firm, 'ready_for_billing')));
    await firm.idle();
    expect(await said(firm)).toEqual(['ready_for_billing: Project P1 is ready for billing. done']);
    expect(await firm.issued()).toEqual(['160.00']);
  });

  test('of a contract that asks for none of this only changes its status', async () => {
    const firm = await open({ triggers: { milestones: true } });
    await firm.work('a', 2);
    await setStatus(firm, 'ready_for_billing');
    await setStatus(firm, 'completed');
    await firm.idle();
    expect(await firm.runs()).toEqual([]);
  });

  test('whose client is not invoiced by itself ends at a draft', async () => {
    const firm = await open(projectReady, { autoInvoicing: false });
    await firm.work('a', 2);
    await setStatus(firm, 'ready_for_billing');
    await firm.idle();
    expect((await firm.invoices()).map(({ status, net }) => [status, net])).toEqual([['draft', '160.00']]);
  });
});

describe('a completed project', () => {
  test('gets its final invoice, however little is left, and all that was held back is due', async () => {
    const firm = await open({ ...projectReady, retentionPercentage: '10', minimumInvoiceAmount: '1000.00' });
    await firm.work('a', 20);
    await setStatus(firm, 'ready_for_billing');
    await firm.idle();
    await firm.work('b', 1);
    await setStatus(firm, 'active');
    await setStatus(firm, 'ready_for_billing');
    await firm.idle();
    // Too little for an invoice of its own while more may come.
    expect(await firm.issued()).toEqual(['1600.00']);
    expect(await retained(firm)).toEqual(['NFE-0001 160.00 held']);
    await setStatus(firm, 'completed');
    await firm.idle();
    expect(await firm.issued()).toEqual(['1600.00', '80.00']);
    expect(await retained(firm)).toEqual(['NFE-0001 160.00 2026-03-10', 'NFE-0002 8.00 2026-03-10']);
    expect((await said(firm)).at(-1)).toBe('ready_for_billing: Project P1 was completed. done');
    await firm.verify();
  });

  test('does not release what was held back of another one that goes on', async () => {
    const firm = await open({ ...projectReady, retentionPercentage: '10' }, { projects: ['P1', 'P2'] });
    await firm.work('a', 1);
    await setStatus(firm, 'ready_for_billing');
    await firm.idle();
    await firm.work('b', 2, onProject('P2'));
    await setStatus(firm, 'ready_for_billing', 'P2');
    await firm.idle();
    await setStatus(firm, 'completed', 'P2');
    await firm.idle();
    expect(await retained(firm)).toEqual(['NFE-0001 8.00 held', 'NFE-0002 16.00 2026-03-10']);
    // Opened again it stays released: the client was told.
    await setStatus(firm, 'active', 'P2');
    await setStatus(firm, 'completed', 'P2');
    await setStatus(firm, 'completed', 'P1');
    await firm.idle();
    expect(await retained(firm)).toEqual(['NFE-0001 8.00 2026-03-10', 'NFE-0002 16.00 2026-03-10']);
    expect(await firm.issued()).toEqual(['80.00', '160.00']);
  });

  test('that is the last one of a fixed price bills the rest of the price, once', async () => {
    const price: ClauseChange = { billingModel: { type: 'fixed_price', price: '1000.00', by: 'percentage' } };
    const firm = await open({ ...price, ...projectReady }, { projects: ['P1', 'P2'] });
    await firm.post(`/contracts/${firm.books.contractId}/completion`, { percentage: '40' });
    await setStatus(firm, 'completed', 'P2');
    await firm.idle();
    expect(await firm.issued()).toEqual([]);
    await setStatus(firm, 'completed');
    await firm.idle();
    await setStatus(firm, 'active');
    await setStatus(firm, 'completed');
    await firm.idle();
    const issued = (await firm.issued()).map(Number);
    expect(issued.reduce((sum, net) => sum + net, 0)).toBe(1000);
    await firm.verify();
  });
});

describe('a completed phase', () => {
  test('bills what is left of it, and what was held back of its own invoices is due', async () => {
    const firm = await open({ ...projectReady, retentionPercentage: '10' });
    const projectId = firm.books.projects.P1!;
    const phaseOf = async (name: string) => {
      const { id } = await firm.post<{ id: string }>('/phases', { projectId, name });
      await firm.in((tx) => tasks.insert(tx, { projectId, phaseId: id, name: `${name} work` }));
      return id;
    };
    const onTask = (name: string) => ({ task: { externalId: null, code: null, name } });
    const hull = await phaseOf('Hull');
    await phaseOf('Engine');
    await firm.work('a', 2, onTask('Hull work'));
    await setStatus(firm, 'ready_for_billing');
    await firm.idle();
    await firm.work('b', 1, onTask('Engine work'));
    await firm.patch(`/phases/${hull}`, { status: 'completed' });
    await firm.idle();
    expect(await firm.issued()).toEqual(['160.00', '80.00']);
    expect(await retained(firm)).toEqual(['NFE-0001 16.00 2026-03-10', 'NFE-0002 8.00 held']);
    expect((await said(firm)).at(-1)).toBe('ready_for_billing: Phase Hull of P1 was completed. done');
    // Late work of a completed phase is billed; it is not closed.
    await firm.work('late', 1, onTask('Hull work'));
    await firm.patch(`/phases/${hull}`, { status: 'open' });
    await firm.patch(`/phases/${hull}`, { status: 'completed' });
    await firm.idle();
    expect(await firm.issued()).toEqual(['160.00', '80.00', '80.00']);
    expect((await retained(firm)).at(-1)).toBe('NFE-0003 8.00 2026-03-10');
    await firm.verify();
  });
});

describe('a milestone', () => {
  const priced = async (clauses: ClauseChange = byMilestones('900.00')) => {
    const firm = await open(clauses);
    await firm.patch(`/projects/${firm.books.projects.P1}`, { price: '900.00' });
    return firm;
  };

  test('that the client accepts in the portal is billed at once, and once', async () => {
    const firm = await priced();
    const trial = await milestone(firm, 'Sea trial', { kind: 'acceptance', price: '500.00' });
    const ours = await clientOf(firm);
    const other = await firm.in((tx) =>
      clients.insert(tx, { name: 'Southern Tugs', code: 'STU', currency: 'GBP' }),
    );
    const theirs = await clientOf(firm, other.id);
    const path = `/milestones/${trial}/accept`;
    expect((await firm.call('POST', path, { key: theirs.key, body: {} })).status).toBe(404);
    const listed = await firm.call('GET', '/acceptances', { key: ours.key });
    expect(listed.json).toMatchObject({ items: [{ id: trial, name: 'Sea trial', reachedAt: null }] });
    expect(listed.text).not.toContain('500');
    const answers = await Promise.all(
      [1, 2, 3].map(() => firm.call('POST', path, { key: ours.key, body: { comment: 'No remarks' } })),
    );
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409, 409]);
    await firm.idle();
    const [run, ...others] = await firm.runs();
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      trigger: 'ready_for_billing',
      reason: 'Milestone Sea trial of P1 was reached.',
      pulledBy: `member:${ours.id}`,
    });
    expect(await firm.issued()).toEqual(['500.00']);
    const after = await firm.call('GET', '/acceptances', { key: ours.key });
    expect(after.json).toMatchObject({ items: [{ acceptedByClient: true }] });
    await firm.verify();
  });

  test('by its day or percentage is none for the client to accept', async () => {
    const firm = await priced();
    const ours = await clientOf(firm);
    const byDay = await milestone(firm, 'Spring', { kind: 'date', dueOn: '2026-04-01' });
    const refused = await firm.call('POST', `/milestones/${byDay}/accept`, { key: ours.key, body: {} });
    expect([refused.status, refused.json]).toMatchObject([409, { code: 'milestone.no_acceptance' }]);
    expect((await firm.call('GET', '/acceptances', { key: ours.key })).json).toMatchObject({ items: [] });
  });

  test('that one of ours says is reached is billed too, and says who', async () => {
    const firm = await priced();
    const keel = await milestone(firm, 'Keel', { kind: 'acceptance', price: '300.00' });
    const manager = await firm.in((tx) => makeMember(tx, 'manager', {}));
    const reached = await firm.call('POST', `/milestones/${keel}/reach`, { key: manager.key, body: {} });
    expect(reached.status).toBe(200);
    await firm.idle();
    expect(await firm.runs()).toMatchObject([{ pulledBy: `member:${manager.id}`, status: 'done' }]);
    expect(await firm.issued()).toEqual(['300.00']);
  });

  test("by its day is billed on that day in the contract's zone, also when the day was moved", async () => {
    const firm = await priced();
    const launch = await milestone(firm, 'Launch', { kind: 'date', dueOn: '2026-03-20', price: '400.00' });
    await firm.idle();
    await firm.patch(`/milestones/${launch}`, { dueOn: '2026-04-02' });
    await firm.idle();
    // London is an hour ahead of UTC by then.
    await firm.moveTo('2026-04-01T22:59:00Z');
    expect(await firm.runs()).toEqual([]);
    await firm.moveTo('2026-04-01T23:00:00Z');
    expect(await firm.runs()).toMatchObject([
      { pulledBy: 'system:milestone', reason: 'Milestone Launch of P1 was reached.', cutoffOn: '2026-04-03' },
    ]);
    expect(await firm.issued()).toEqual(['400.00']);
    await firm.moveTo('2026-04-20T12:00:00Z');
    expect(await firm.runs()).toHaveLength(1);
    await firm.verify();
  });

  test('by percentage is billed when the hours that come in reach it', async () => {
    const firm = await priced();
    await firm.patch(`/projects/${firm.books.projects.P1}`, { budgetSeconds: hours(10) });
    await milestone(firm, 'Half', { kind: 'percentage', percentage: '50', price: '450.00' });
    await firm.work('a', 4);
    await firm.idle();
    expect(await firm.runs()).toEqual([]);
    await firm.work('b', 1);
    await firm.idle();
    expect(await said(firm)).toEqual(['ready_for_billing: Milestone Half of P1 was reached. done']);
    expect(await firm.issued()).toEqual(['450.00']);
    await firm.verify();
  });
});
