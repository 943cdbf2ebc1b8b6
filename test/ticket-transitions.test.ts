/** Owns what may be done with a ticket in which status, and what its lines may hold, become and differ by. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../domain/refusal.ts';
import {
  isApproved,
  isTicketAtRest,
  moveTicket,
  nextTicketStatus,
  type TicketAction,
  type TicketStatus,
  ticketMoves,
  ticketStatuses,
} from '../domain/ticket.ts';
import {
  checkTicketLines,
  type TicketContent,
  type TicketLine,
  ticketChanges,
  ticketContentHash,
  ticketEntries,
  ticketTotals,
} from '../domain/ticket-lines.ts';

/** Written out by hand from DESIGN §4 and the issue, status by status; whatever is not here is refused. */
const allowed: Record<TicketStatus, Partial<Record<TicketAction, TicketStatus>>> = {
  draft: { edit: 'draft', submit: 'submitted', discard: 'discarded' },
  submitted: { withdraw: 'draft', approve: 'approved', reject: 'rejected' },
  approved: { edit: 'draft', bundle: 'bundled' },
  rejected: { edit: 'draft', discard: 'discarded' },
  bundled: { unbundle: 'approved', reject_bundled: 'rejected', pay: 'paid' },
  paid: { unpay: 'bundled' },
  discarded: {},
};
const actions = Object.keys(ticketMoves) as TicketAction[];

describe.each(ticketStatuses)('a ticket that is %s', (status) => {
  it.each(actions)('%s', (action) => {
    const wanted = allowed[status][action] ?? null;
    expect(nextTicketStatus(action, status)).toBe(wanted);
    const ticket = { number: 'T-2026-0001', status, decidedBy: 'member:1', decidedByName: 'Mats Dahl' };
    if (wanted !== null) {
      expect(moveTicket(action, ticket)).toBe(wanted);
      return;
    }
    const refusal = refusalOf(() => moveTicket(action, ticket));
    expect(refusal.status).toBe(409);
    expect(refusal.message).toBe(`Ticket T-2026-0001 is ${status} (decided by Mats Dahl).`);
    expect(refusal.whatToDo).not.toBeNull();
  });
});

it('a second decision learns that there was one, and is told apart from one that comes too early', () => {
  const codeOf = (status: TicketStatus) =>
    refusalOf(() => moveTicket('approve', { number: 'T', status, decidedBy: null, decidedByName: null }))
      .code;
  expect(
    (['approved', 'rejected', 'bundled', 'paid', 'draft', 'discarded'] as const).map((status) =>
      codeOf(status),
    ),
  ).toEqual([
    'ticket.already_decided',
    'ticket.already_decided',
    'ticket.already_decided',
    'ticket.already_decided',
    'ticket.not_submitted',
    'ticket.not_submitted',
  ]);
});

it('an approval holds from approved to paid, and nowhere else', () => {
  expect(ticketStatuses.filter(isApproved)).toEqual(['approved', 'bundled', 'paid']);
});

it("nobody waits any more for an employee's approved ticket; a contractor's is followed to the money", () => {
  const waiting = (kind: 'contractor' | 'employee') =>
    ticketStatuses.filter((status) => !isTicketAtRest(status, kind));
  expect(waiting('employee')).toEqual(['submitted']);
  expect(waiting('contractor')).toEqual(['submitted', 'approved', 'bundled']);
});

const nothing = {
  taskId: null,
  position: null,
  overtime: false,
  seconds: null,
  amount: null,
  currency: null,
  category: null,
  receiptId: null,
  metres: null,
  transportSeconds: null,
  note: '',
};
const labor = (id: string, seconds: number, facts: Partial<TicketLine> = {}): TicketLine => ({
  ...nothing,
  id,
  kind: 'labor',
  seconds,
  ...facts,
});
const expense = (id: string, amount: string): TicketLine => ({
  ...nothing,
  id,
  kind: 'expense',
  amount,
  currency: 'EUR',
  category: 'Parking',
});
const mileage = (id: string, metres: number, transportSeconds: number | null = null): TicketLine => ({
  ...nothing,
  id,
  kind: 'mileage',
  metres,
  transportSeconds,
});
const contentOf = (lines: TicketLine[]): TicketContent & { clientId: string } => ({
  personId: 'person',
  projectId: 'project',
  clientId: 'client',
  workDate: '2026-03-02',
  correctsTicketId: null,
  notes: 'Stern tube',
  lines,
});

function refusalOf(act: () => unknown): Refusal {
  try {
    act();
  } catch (problem) {
    if (problem instanceof Refusal) return problem;
    throw problem;
  }
  throw new Error('nothing was refused');
}

describe('lines', () => {
  const refused: [string, TicketLine[], string, string][] = [
    ['negative hours', [labor('a', 3600), labor('b', -1)], 'ticket.line_negative', '/lines/1/seconds'],
    ['no hours', [labor('a', 0)], 'ticket.line_empty', '/lines/0/seconds'],
    ['a line of more than a day', [labor('a', 86_401)], 'ticket.line_too_large', '/lines/0/seconds'],
    ['lines of more than a day', [labor('a', 50_000), labor('b', 36_401)], 'ticket.day_over_24h', '/lines'],
    ['a negative expense', [expense('a', '-0.01')], 'ticket.line_negative', '/lines/0/amount'],
    ['an expense of nothing', [expense('a', '0.00')], 'ticket.line_empty', '/lines/0/amount'],
    ['a tenth of a cent', [expense('a', '1.001')], 'ticket.amount_too_fine', '/lines/0/amount'],
    [
      'half a yen',
      [{ ...expense('a', '10.50'), currency: 'JPY' }],
      'ticket.amount_too_fine',
      '/lines/0/amount',
    ],
    [
      'more money than anybody lays out',
      [expense('a', '10000000.01')],
      'ticket.line_too_large',
      '/lines/0/amount',
    ],
    ['negative mileage', [mileage('a', -1)], 'ticket.line_negative', '/lines/0/metres'],
    ['a drive around the world', [mileage('a', 40_000_000)], 'ticket.line_too_large', '/lines/0/metres'],
    ['negative time on the road', [mileage('a', 1, -1)], 'ticket.line_negative', '/lines/0/transportSeconds'],
  ];
  it.each(refused)('refuses %s, and says where', (_, lines, code, pointer) => {
    const refusal = refusalOf(() => checkTicketLines(lines, false));
    expect([refusal.status, refusal.code, refusal.errors[0]?.pointer]).toEqual([422, code, pointer]);
  });

  it('takes exactly 24 hours, and less than nothing on a correction only', () => {
    expect(() => checkTicketLines([labor('a', 43_200), labor('b', 43_200)], false)).not.toThrow();
    expect(() => checkTicketLines([labor('a', -3600), expense('b', '-5.00')], true)).not.toThrow();
  });

  it('add up to the cent, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 999_999 }), { maxLength: 30 }), (cents) => {
        const lines = cents.map((value, index) =>
          expense(String(index), `${Math.trunc(value / 100)}.${String(value % 100).padStart(2, '0')}`),
        );
        const sum = cents.reduce((total, value) => total + value, 0);
        const shown = ticketTotals(lines).expenses.EUR ?? '0.00';
        expect(Number(shown.replace('.', ''))).toBe(sum);
      }),
    );
  });

  it('become entries in raw units; a drive with time on the road becomes two', () => {
    const lines = [
      labor('a', 11_700, { position: 'Fitter' }),
      expense('b', '34.50'),
      mileage('c', 42_000, 2_700),
    ];
    const entries = ticketEntries(contentOf(lines), 'submitted');
    expect(entries.map(({ entry: { externalId, kind, quantity } }) => [externalId, kind, quantity])).toEqual([
      ['a', 'labor', 11_700],
      ['b', 'expense', 3_450],
      ['c', 'mileage_distance', 42_000],
      ['c:time', 'mileage_time', 2_700],
    ]);
    expect(entries.every(({ entry }) => entry.approval === 'submitted' && entry.cost === null)).toBe(true);
  });

  it('are other content for billing when only the split, the receipt or the task moves', () => {
    const hashOf = (line: TicketLine) => ticketEntries(contentOf([line]), 'submitted')[0]!.contentHash;
    const line = labor('a', 3600);
    const others = [
      { overtime: true },
      { receiptId: 'r' },
      { taskId: 't' },
      { seconds: 3601 },
      { position: 'Welder' },
    ];
    const hashes = others.map((facts) => hashOf({ ...line, ...facts }));
    expect(new Set([hashOf(line), ...hashes]).size).toBe(others.length + 1);
    expect(hashOf({ ...line })).toBe(hashOf(line));
  });
});

describe('what changed', () => {
  const before = contentOf([labor('a', 3600), expense('b', '5.00')]);
  it('is shown line by line and field by field', () => {
    const after = { ...before, notes: 'Shaft seal', lines: [labor('a', 5400), mileage('c', 1000)] };
    expect(ticketChanges(before, after)).toEqual({
      fields: { notes: ['Stern tube', 'Shaft seal'] },
      lines: [
        { lineId: 'a', change: 'changed', fields: { seconds: [3600, 5400] } },
        {
          lineId: 'c',
          change: 'added',
          fields: {
            kind: [null, 'mileage'],
            overtime: [null, false],
            metres: [null, 1000],
            note: [null, ''],
          },
        },
        {
          lineId: 'b',
          change: 'removed',
          fields: {
            kind: ['expense', null],
            overtime: [false, null],
            amount: ['5.00', null],
            currency: ['EUR', null],
            category: ['Parking', null],
            note: ['', null],
          },
        },
      ],
    });
  });

  it('is nothing exactly where the content hash is the same', () => {
    const line = fc.record({
      seconds: fc.integer({ min: 1, max: 3 }),
      overtime: fc.boolean(),
      note: fc.constantFrom('', 'x'),
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 3 }), fc.array(line, { maxLength: 3 }), (was, is) => {
        const of = (lines: typeof was) =>
          contentOf(lines.map(({ seconds, ...facts }, index) => labor(`${index}`, seconds, facts)));
        const changes = ticketChanges(of(was), of(is));
        const same = changes.lines.length === 0 && Object.keys(changes.fields).length === 0;
        expect(same).toBe(ticketContentHash(of(was)) === ticketContentHash(of(is)));
      }),
    );
  });
});
