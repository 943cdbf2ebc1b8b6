/** Owns tickets over HTTP: written, handed in, decided on, changed, billed; and everything that is refused on the way. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { addDays, localDay } from '../../domain/day.ts';
import { newId } from '../../store/new-id.ts';
import { bill, entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { startApi, type TestApi } from '../support/start-api.ts';
import { expectStatus, hours, openTicketFirm, type TicketFirm } from '../support/tickets.ts';

let api: TestApi;
const opened: TicketFirm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

async function openFirm(options: Parameters<typeof openTicketFirm>[1] = {}): Promise<TicketFirm> {
  const firm = await openTicketFirm(api, options);
  opened.push(firm);
  return firm;
}
const year = localDay(new Date(), 'UTC').slice(0, 4);
const workOf = [
  hours(3.25, { position: 'Fitter' }),
  hours(1.5, { position: 'Fitter', overtime: true }),
  { kind: 'expense', amount: '34.5', currency: 'GBP', category: 'Parking' },
  { kind: 'mileage', metres: 42_000, transportSeconds: 2_700 },
];

interface EntryShown {
  kind: string;
  quantity: number;
  approval: string;
  costRate: string | null;
  approved: boolean | null;
  overtimeSeconds: number | null;
  version: number;
  deleted: boolean;
}
/** What became of the ticket's lines, in the order of their kinds and sizes. */
const entriesOf = (firm: TicketFirm, ticketId: string) =>
  firm.books.in((tx) =>
    tx.rows<EntryShown>(
      `select v.kind, v.quantity, v.approval, v.cost_rate, v.approved_hash = v.content_hash as approved, v.overtime_seconds, v.version,
         e.deleted_at is not null as deleted
       from ticket_entries x join work_entries e on e.workspace_id = $1 and e.id = x.entry_id
       join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
       where x.workspace_id = $1 and x.ticket_id = $2 order by v.kind, v.quantity`,
      [firm.books.workspaceId, ticketId],
    ),
  );

test('a ticket is written, handed in, rejected with a reason, revised, approved, and its hours are billed once', async () => {
  const firm = await openFirm();
  const { contractor, manager } = firm;
  await firm.admin.post('/cost-rates', {
    personId: contractor.personId,
    position: 'fitter',
    currency: 'GBP',
    regularRate: '42.00',
    overtimeRate: '63.00',
    validFrom: '2020-01-01',
  });
  const made = await contractor.post('/tickets', {
    projectId: firm.projectId,
    workDate: firm.workDate,
    notes: 'Stern tube',
    lines: workOf,
  });
  const draft = expectStatus(made, 201);
  expect(draft).toMatchObject({
    number: `T-${year}-0001`,
    status: 'draft',
    personName: 'Ola Vik',
    totals: {
      regularSeconds: 11_700,
      overtimeSeconds: 5_400,
      metres: 42_000,
      transportSeconds: 2_700,
      expenses: { GBP: '34.50' },
    },
  });
  expect(await entriesOf(firm, draft.id)).toEqual([]);

  expectStatus(await contractor.post(`/tickets/${draft.id}/submit`), 200);
  expect(
    (await entriesOf(firm, draft.id)).map((entry) => [entry.kind, entry.quantity, entry.approval]),
  ).toEqual([
    ['expense', 3_450, 'submitted'],
    ['labor', 5_400, 'submitted'],
    ['labor', 11_700, 'submitted'],
    ['mileage_distance', 42_000, 'submitted'],
    ['mileage_time', 2_700, 'submitted'],
  ]);
  const rejected = await manager.post(`/tickets/${draft.id}/reject`, {
    reason: 'The overtime was not agreed',
  });
  expect(expectStatus(rejected, 200)).toMatchObject({
    status: 'rejected',
    decidedByName: 'Mats Dahl',
    decisionReason: 'The overtime was not agreed',
  });
  expect((await bill(api.test.database, firm.books)).status).toBe('done');
  expect(await invoicesOf(firm.books)).toEqual([]);

  const lines = rejected.json.lines.map(
    ({ seconds, overtime, ...line }: { seconds: number; overtime: boolean }) =>
      trimmed({ ...line, seconds: overtime ? 3_600 : seconds, overtime }),
  );
  const revised = await contractor.patch(`/tickets/${draft.id}`, { lines });
  expect(expectStatus(revised, 200)).toMatchObject({ status: 'draft', decidedBy: null });
  expectStatus(await contractor.post(`/tickets/${draft.id}/submit`), 200);
  const history = expectStatus(await manager.get(`/tickets/${draft.id}/history`), 200);
  expect(history.items).toMatchObject([
    {
      revision: 2,
      decision: null,
      changes: { fields: {}, lines: [{ change: 'changed', fields: { seconds: [5_400, 3_600] } }] },
    },
    { revision: 1, decision: 'rejected', reason: 'The overtime was not agreed', changes: null },
  ]);
  expect(history.unsubmitted).toBeNull();

  const approved = expectStatus(await manager.post(`/tickets/${draft.id}/approve`, {}), 200);
  expect(approved).toMatchObject({ status: 'approved', decidedByName: 'Mats Dahl', revision: 2 });
  expect(
    (await entriesOf(firm, draft.id)).map(
      ({ kind, quantity, approval, approved: same, costRate, overtimeSeconds, version }) => [
        kind,
        quantity,
        approval,
        same,
        costRate,
        overtimeSeconds,
        version,
      ],
    ),
  ).toEqual([
    ['expense', 3_450, 'approved', true, '1', null, 1],
    ['labor', 3_600, 'approved', true, '63.00', 3_600, 2],
    ['labor', 11_700, 'approved', true, '42.00', 0, 1],
    ['mileage_distance', 42_000, 'approved', true, null, null, 1],
    ['mileage_time', 2_700, 'approved', true, null, null, 1],
  ]);

  await bill(api.test.database, firm.books);
  const [invoice] = await invoicesOf(firm.books);
  // 4.25 h at 80.00, the parking at cost, 42 km at the built-in 5.0, 0.75 h on the road at the built-in 1000.0.
  expect(invoice).toMatchObject({ status: 'issued', net: '1334.50' });
  await bill(api.test.database, firm.books);
  expect(await invoicesOf(firm.books)).toHaveLength(1);
});

/** A line as it was shown, as it may be sent back: only the fields of its kind. */
function trimmed({ kind, ...line }: Record<string, unknown>): Record<string, unknown> {
  const fields: Record<string, string[]> = {
    labor: ['position', 'overtime', 'seconds'],
    expense: ['amount', 'currency', 'category', 'receiptId'],
    mileage: ['metres', 'transportSeconds'],
  };
  const kept = ['id', 'taskId', 'note', ...fields[kind as string]!];
  return { kind, ...Object.fromEntries(kept.map((name) => [name, line[name]])) };
}
