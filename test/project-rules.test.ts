/** Owns which status of a project follows which, and what milestones may say and add up to. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { checkMilestone, reachesPercentage, requireWithinPrice } from '../domain/milestone.ts';
import {
  isProjectOpen,
  moveProject,
  type ProjectStatus,
  projectMoves,
  projectStatuses,
} from '../domain/project.ts';
import { Refusal } from '../domain/refusal.ts';

/** Written out by hand; whatever is not here is refused. */
const allowed: Record<ProjectStatus, ProjectStatus[]> = {
  planned: ['active', 'archived'],
  active: ['ready_for_billing', 'completed'],
  ready_for_billing: ['active', 'completed'],
  completed: ['active', 'archived'],
  archived: ['completed'],
};
const refusalOf = (work: () => unknown): Refusal => {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe.each(projectStatuses)('a project that is %s', (status) => {
  it.each(projectStatuses)('becomes %s, or is refused with what it may become', (to) => {
    if (to === status || allowed[status].includes(to)) {
      moveProject({ code: 'P1', status }, to);
      return;
    }
    const refusal = refusalOf(() => moveProject({ code: 'P1', status }, to));
    expect([refusal.status, refusal.code]).toEqual([409, 'project.wrong_status']);
    expect(refusal.details).toEqual({ status, next: allowed[status] });
    expect(refusal.whatToDo).toContain(allowed[status][0]!.replaceAll('_', ' '));
  });
});

test('no status is a dead end, and from each one every other is reached in the end', () => {
  for (const from of projectStatuses.filter((status) => status !== 'planned')) {
    const reached = new Set<ProjectStatus>([from]);
    for (const status of reached) for (const next of projectMoves[status]) reached.add(next);
    expect([...reached].sort(), from).toEqual(
      projectStatuses.filter((status) => status !== 'planned').toSorted(),
    );
  }
  expect(projectStatuses.filter(isProjectOpen)).toEqual(['planned', 'active', 'ready_for_billing']);
});

describe('a milestone', () => {
  const facts = { name: 'Sea trial', dueOn: null, percentage: null };
  it.each([
    [{ ...facts, kind: 'date' as const }, 'milestone.day_missing', '/dueOn'],
    [{ ...facts, kind: 'percentage' as const }, 'milestone.percentage_missing', '/percentage'],
    [
      { ...facts, kind: 'acceptance' as const, percentage: '50' },
      'milestone.percentage_unused',
      '/percentage',
    ],
    [
      { ...facts, kind: 'date' as const, dueOn: '2026-02-28', percentage: '50' },
      'milestone.percentage_unused',
      '/percentage',
    ],
  ])('%o is refused', (milestone, code, pointer) => {
    const refusal = refusalOf(() => checkMilestone(milestone));
    expect([refusal.status, refusal.code, refusal.errors[0]!.pointer]).toEqual([422, code, pointer]);
  });

  it('says what it waits for, and may be planned for a day whatever its kind', () => {
    for (const milestone of [
      { ...facts, kind: 'date' as const, dueOn: '2028-02-29' },
      { ...facts, kind: 'percentage' as const, percentage: '33.3' },
      { ...facts, kind: 'acceptance' as const },
      { ...facts, kind: 'acceptance' as const, dueOn: '2026-05-01' },
    ])
      expect(() => checkMilestone(milestone)).not.toThrow();
  });

  it.each([
    ['50', 17_999, 36_000, false],
    ['50', 18_000, 36_000, true],
    ['33.3', 11_987, 36_000, false],
    ['33.3', 11_988, 36_000, true],
    ['100', 40_000, 36_000, true],
    ['50', 40_000, null, false],
    ['50', 40_000, 0, false],
    ['50', -1, 36_000, false],
  ])('at %s %%, %i s of %s s: reached is %s', (percentage, used, budget, reached) => {
    expect(reachesPercentage(percentage, used, budget)).toBe(reached);
  });
});

describe('the price of a project', () => {
  it('is what its milestones add up to at most, to the cent', () => {
    expect(() => requireWithinPrice('100.00', ['33.33', '33.33', '33.34'], '/price')).not.toThrow();
    const refusal = refusalOf(() => requireWithinPrice('100.00', ['33.33', '33.33', '33.35'], '/price'));
    expect([refusal.status, refusal.code]).toEqual([422, 'milestone.beyond_price']);
    expect(refusal.message).toBe(
      'The milestones would add up to 100.01, and the price of the project is 100.',
    );
  });
  it('must be there before a milestone bills a part of it', () => {
    expect(() => requireWithinPrice(null, [], '/price')).not.toThrow();
    expect(refusalOf(() => requireWithinPrice(null, ['0.01'], '/price')).code).toBe(
      'milestone.project_without_price',
    );
  });
  it('is passed by no set of cents, and no set within it is refused', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.array(fc.nat(100_000), { minLength: 1 }), (price, parts) => {
        const text = (cents: number) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
        const fits = parts.reduce((sum, part) => sum + part, 0) <= price;
        const check = () => requireWithinPrice(text(price), parts.map(text), '/price');
        if (fits) check();
        else expect(check).toThrow(Refusal);
      }),
    );
  });
});
