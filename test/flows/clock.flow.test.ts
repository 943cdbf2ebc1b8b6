/** Owns the clock of a sandbox workspace: set forward step by step, everything follows; live ones refuse, nobody else notices. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { addDays } from '../../domain/day.ts';
import { shareBundles } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeTestDirectory } from '../support/directory.ts';
import { secretKey, startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { openSandbox, type Sandbox } from '../support/sandbox.ts';
import { startScript } from '../support/script.ts';
import { openSpine, type Spine } from '../support/spine.ts';
import { openTicketDesk } from '../support/ticket-desk.ts';

let hub: TestHub;
beforeAll(async () => {
  // On a busy machine a letter or a booking takes seconds, and must not count as left behind.
  hub = await startTestHub({ durations: { clock: { outsideMs: 60_000, settleMs: 60_000 } } });
});
afterAll(() => hub.stop());

const spines: Spine[] = [];
afterAll(async () => {
  for (const spine of spines) await spine.close();
});
async function spineOf(at: Sandbox): Promise<Spine> {
  const spine = await openSpine(at);
  spines.push(spine);
  return spine;
}

const hours = [{ kind: 'labor', seconds: 7_200 }];
interface Shown {
  type: string;
  sandboxAt: string | null;
  subjectId: string;
}
const eventsOf = (at: Pick<Sandbox, 'in' | 'workspaceId'>, type = '%') =>
  at.in((tx) =>
    tx.rows<Shown>(
      'select type, sandbox_at, subject_id from events where workspace_id = $1 and type like $2 order by seq nulls last, id',
      [at.workspaceId, type],
    ),
  );

it('a live workspace refuses to have its clock set, and goes by the real time', async () => {
  const answer = await hub.call('POST', '/workspace/clock', { body: { by: 'P1D' } });
  expect([answer.status, (answer.json as { code: string }).code]).toEqual([409, 'clock.live']);
  const clock = await hub.get<{ now: string; isSandbox: boolean; clockAt: null }>('/workspace/clock');
  expect(clock).toMatchObject({ isSandbox: false, clockAt: null, move: null });
  expect(Math.abs(Date.parse(clock.now) - Date.now())).toBeLessThan(60_000);
  expect(await eventsOf(hub, 'workspace.clock%')).toEqual([]);
});

it('a clock is never set back, goes ten years at most, and to one place at a time', async () => {
  const at = await openSandbox(hub, '2026-03-01T08:00:00.000Z');
  const refused = async (body: unknown) => {
    const { status, json } = await at.call('POST', '/workspace/clock', { body });
    return [status, (json as { code: string }).code];
  };
  expect(await refused({ to: '2026-02-28T23:00:00Z' })).toEqual([409, 'clock.backwards']);
  expect(await refused({ to: '2026-03-01T08:00:00Z' })).toEqual([409, 'clock.backwards']);
  expect(await refused({ by: 'P11Y' })).toEqual([422, 'clock.too_far']);
  for (const odd of [{}, { to: '2027-01-01', by: 'P1D' }, { to: 'soon' }, { by: '3 months' }, { by: 'P0D' }])
    expect((await refused(odd))[0]).toBe(422);
  expect(await at.now()).toBe('2026-03-01T08:00:00.000Z');
  const far = await at.ask({ by: 'P5Y' });
  expect(await refused({ by: 'P6Y' })).toEqual([409, 'clock.moving']);
  await at.post(`/operations/${far.id}/cancel`, {});
  const ended = await at.ended(far.id);
  expect(ended.status).toBe('cancelled');
  // It stays where it had come to, and goes on from there.
  const stood = await at.now();
  expect(ended.result!.at).toBe(stood);
  expect(stood < '2031-03-01').toBe(true);
  const further = new Date(Date.parse(stood) + 86_400_000).toISOString();
  expect((await at.moveTo(further)).result).toMatchObject({ at: further, leftBehind: 0 });
  expect((await eventsOf(at, 'workspace.clock%')).map(({ type }) => type)).toEqual([
    'workspace.clock_move_requested',
    'workspace.clock_move_cancelled',
    'workspace.clock_move_requested',
    'workspace.clock_moved',
  ]);
});

it('a quarter passes: work is read, billed and booked, its client reminded before and after, and paid', async () => {
  const at = await openSandbox(hub, '2026-03-02T18:00:00.000Z');
  const spine = await spineOf(at);
  await at.post('/reminder-policies', {
    name: 'Before and after',
    isDefault: true,
    steps: [{ days: -3 }, { days: 7 }],
  });
  await at.idle();
  // No timer polls in a sandbox: the clock does.
  spine.work('NPF-101', 2, '2026-03-02');
  await at.moveTo('2026-03-03');
  expect((await spine.bill()).status).toBe('done');
  const [invoice] = await spine.invoices();
  const { issueDate, dueDate } = await at.get<{ issueDate: string; dueDate: string }>(
    `/invoices/${invoice!.id}`,
  );
  expect(issueDate).toBe('2026-03-03');
  expect(invoice).toMatchObject({ net: '200.00' });

  await at.moveTo(addDays(dueDate, 20), 180_000);
  const letters = async () =>
    (await at.get<{ items: { letterOn: string }[] }>('/reminder-letters')).items
      .map(({ letterOn }) => letterOn)
      .sort();
  expect(await letters()).toEqual([addDays(dueDate, -3), addDays(dueDate, 7)]);
  expect(await spine.invoices()).toMatchObject([{ number: 'NPF-0001', sync: { status: 'synced' } }]);

  spine.quickbooks.bookPayment({
    invoiceId: (await spine.invoices())[0]!.sync!.externalId!,
    amount: '200.00',
    date: addDays(dueDate, 20),
  });
  await at.moveTo(addDays(dueDate, 21));
  expect(await spine.invoices()).toMatchObject([{ status: 'settled', applied: '200.00' }]);
  await at.moveTo('2026-06-02', 120_000);
  expect(await letters()).toHaveLength(2);

  // Every event knows both times, and in the sandbox they follow one another as the clock did.
  await at.verify();
  const times = (await eventsOf(at)).map(({ sandboxAt }) => sandboxAt!);
  expect(times).not.toContain(null);
  expect(times).toEqual(times.toSorted());
  expect(
    await at.in((tx) =>
      tx.row('select 1 from events where workspace_id = $1 and at > now()', [at.workspaceId]),
    ),
  ).toBeNull();
});

it('a sandbox, another sandbox and a live workspace have a time each: nobody else notices when one is moved', async () => {
  const one = await openSandbox(hub, '2026-03-02T08:00:00.000Z');
  const other = await openSandbox(hub, '2029-07-02T08:00:00.000Z');
  const live = await hub.newWorkspace();
  const today = new Date().toISOString().slice(0, 10);
  const tickets = new Map<string, string>();
  for (const [at, day] of [
    [one, '2026-03-01'],
    [other, '2029-07-01'],
    [live, addDays(today, -1)],
  ] as const) {
    await at.patch('/workspace', {
      settings: { ticketReminderAfterSeconds: 86_400, ticketEscalationAfterSeconds: 3 * 86_400 },
    });
    const desk = await openTicketDesk(at, hub.test.database);
    tickets.set(at.workspaceId, await desk.handIn(day, hours));
  }
  const nudges = async (at: Pick<Sandbox, 'in' | 'workspaceId'>) =>
    (await eventsOf(at, 'ticket.%')).filter(({ type }) => /reminded|escalated/.test(type));

  await Promise.all([one.moveTo('2026-03-03T09:00:00Z'), other.moveTo('2029-09-01T00:00:00Z')]);
  const submitted = async (at: Sandbox) =>
    Date.parse((await eventsOf(at, 'ticket.submitted'))[0]!.sandboxAt!);
  const after = (ms: number, days: number) => new Date(ms + days * 86_400_000).toISOString();
  // At the very moment, though the clock was set far beyond it.
  expect(await nudges(one)).toMatchObject([
    { type: 'ticket.reminded', sandboxAt: after(await submitted(one), 1) },
  ]);
  expect(await nudges(other)).toMatchObject([
    { type: 'ticket.reminded', sandboxAt: after(await submitted(other), 1) },
    { type: 'ticket.escalated', sandboxAt: after(await submitted(other), 3) },
  ]);
  expect(await nudges(live)).toEqual([]);
  expect([await one.now(), await other.now()]).toEqual([
    '2026-03-03T09:00:00.000Z',
    '2029-09-01T00:00:00.000Z',
  ]);
  expect((await live.get<{ clockAt: string | null }>('/workspace/clock')).clockAt).toBeNull();
  // A day each, once, and no other's.
  const days = (at: Pick<Sandbox, 'in' | 'workspaceId'>) =>
    at.in((tx) =>
      tx.rows<{ period: string }>(
        `select period from due where workspace_id = $1 and subject_type = 'workspace' and kind = 'daily' order by period`,
        [at.workspaceId],
      ),
    );
  expect(await days(one)).toEqual([{ period: '2026-03-02' }, { period: '2026-03-03' }]);
  expect(await days(other)).toHaveLength(61);
  for (const at of [one, other]) await at.verify();
});

it('a platform that is down holds the clock up for a while, and is then left behind', async () => {
  const hasty = await startTestHub({ durations: { clock: { outsideMs: 3_000, settleMs: 60_000 } } });
  onTestFinished(() => hasty.stop());
  const at = await openSandbox(hasty, '2026-03-02T18:00:00.000Z');
  const spine = await spineOf(at);
  await at.idle();
  spine.work('NPF-101', 1, '2026-03-02');
  await at.moveTo('2026-03-03');
  spine.quickbooks.fault({ kind: 'status', status: 503, times: 10_000 });
  await spine.bill();
  const { result } = await at.moveTo('2026-03-10');
  expect(result!.leftBehind).toBeGreaterThan(0);
  expect(await spine.invoices()).toMatchObject([{ number: 'NPF-0001' }]);
  expect((await spine.invoices())[0]!.sync!.status).not.toBe('synced');
});

it('a worker killed in the middle of a quarter: another goes on where the clock stands, and nothing happens twice', async () => {
  const test: TestDatabase = await createTestDatabase();
  const own = await startTestHub({ test, parts: { api: true, worker: false } });
  const worker = async () => {
    const home = makeTestDirectory('clock-worker');
    shareBundles(home);
    const run = startScript('test/chaos/worker.ts', [], {
      DATABASE_URL: test.url,
      TEMPORAL_ADDRESS: own.temporal.address,
      TEMPORAL_NAMESPACE: own.temporal.namespace,
      SLIPWAY_DATA_DIR: home,
      SLIPWAY_SECRET_KEY: secretKey,
      SLIPWAY_ALLOW_LOOPBACK_VENDORS: 'true',
      SLIPWAY_DATABASE_CONNECTIONS: '8',
    });
    await run.says(/Loaded/);
    run.signal('SIGUSR2');
    await run.says(/The workers run/);
    return run;
  };
  let running = await worker();
  try {
    const at = await openSandbox(own, '2026-01-01T00:00:00.000Z');
    const desk = await openTicketDesk(at, test.database);
    await at.patch('/workspace', { settings: { ticketReminderAfterSeconds: 40 * 86_400 } });
    const ticket = await desk.handIn('2025-12-31', hours);
    const asked = await at.ask({ to: '2026-04-01' });
    const jumps = async () => {
      const { move } = await at.get<{ move: { jumps: number } | null }>('/workspace/clock');
      return move?.jumps ?? 0;
    };
    await until('it is on its way', async () => (await jumps()) > 15, 60_000);
    await running.kill();
    const stood = await jumps();
    expect(stood).toBeLessThan(90);
    running = await worker();
    const { status, result } = await at.ended(asked.id, 120_000);
    expect([status, result!.at]).toEqual(['done', '2026-04-01T00:00:00.000Z']);
    expect(await eventsOf(at, 'ticket.reminded')).toMatchObject([{ subjectId: ticket }]);
    const { days } = (await at.in((tx) =>
      tx.row<{ days: number }>(
        `select count(*)::int as days from due where workspace_id = $1 and kind = 'daily' and done_at is not null`,
        [at.workspaceId],
      ),
    ))!;
    expect(days).toBe(90);
    await at.verify();
  } finally {
    await running.kill();
    await own.stop();
    await test.drop();
  }
}, 240_000);
