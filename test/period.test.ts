import { describe, expect, it } from 'vitest';
import { periodStatuses, periodTransitions, statusOn, whyShut } from '../domain/period.ts';

const softClosed = (graceEndsBefore: string | null) => ({ status: 'soft_closed' as const, graceEndsBefore });

describe('a period', () => {
  it('goes from open over soft-closed to closed, and never back from closed', () => {
    const moves = periodStatuses.flatMap((from) => periodTransitions[from].map((to) => `${from} → ${to}`));
    expect(moves).toEqual([
      'open → soft_closed',
      'open → closed',
      'soft_closed → open',
      'soft_closed → closed',
    ]);
  });

  it('takes postings while it is open, whoever posts', () => {
    expect(whyShut({ status: 'open', graceEndsBefore: null }, '2026-03-05', false)).toBeNull();
  });

  it('is shut while soft-closed, but for somebody with an override', () => {
    expect(whyShut(softClosed(null), '2026-03-05', false)).toBe('soft_closed');
    expect(whyShut(softClosed(null), '2026-03-05', true)).toBeNull();
  });

  it('is as good as closed from the day its grace ends, override or not', () => {
    expect(statusOn(softClosed('2026-03-06'), '2026-03-05')).toBe('soft_closed');
    expect(statusOn(softClosed('2026-03-06'), '2026-03-06')).toBe('closed');
    expect(whyShut(softClosed('2026-03-06'), '2026-03-06', true)).toBe('closed');
  });

  it('that is closed takes nothing, override or not', () => {
    expect(whyShut({ status: 'closed', graceEndsBefore: null }, '2026-03-05', true)).toBe('closed');
  });
});
