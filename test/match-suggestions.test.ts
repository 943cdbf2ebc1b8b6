/** Owns what is suggested for a name that nobody knows, and what a pattern of a mapping rule may be. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { patternProblem, ruleFits } from '../domain/match.ts';
import { type Candidate, likeness, SuggestionIndex, trigrams } from '../domain/match-suggestions.ts';

const ref = (name: string | null, code: string | null = null) => ({ externalId: null, code, name });
const candidate = (id: string, name: string, facts: Partial<Candidate> = {}): Candidate => ({
  id,
  name,
  parentId: null,
  code: null,
  ...facts,
});
const fleet = [
  candidate('nf', 'Northern Ferries'),
  candidate('bt', 'Baltic Tugs AS'),
  candidate('mv', 'Møre Værft'),
  candidate('ref', 'Refit hull 7', { code: 'REF-7', parentId: 'nf' }),
  candidate('ref2', 'Refit hull 8', { code: 'REF-8', parentId: 'bt' }),
];
const index = new SuggestionIndex(fleet);
const idsFor = (name: string | null, code: string | null = null, parents: string[] | null = null) =>
  index.suggest(ref(name, code), parents && new Set(parents)).map(({ targetId }) => targetId);

describe('suggestions', () => {
  it.each([
    ['Northern Ferrys Ltd', 'nf'],
    ['NORTHERN-FERRIES', 'nf'],
    ['ferries northern', 'nf'],
    ['Baltic tug', 'bt'],
    ['Refit of hull 7 (phase 2)', 'ref'],
  ])('%s may mean %s first', (name, id) => {
    expect(idsFor(name)[0]).toBe(id);
  });
  test('a name that differs in case, accents and punctuation only is the same', () => {
    const [first] = index.suggest(ref('  northern ferries!'), null);
    expect(first).toEqual({ targetId: 'nf', name: 'Northern Ferries', code: null, score: 1 });
    const accents = new SuggestionIndex([candidate('a', 'Société Générale')]);
    expect(accents.suggest(ref('Societe Generale'), null)[0]?.score).toBe(1);
  });
  test('our code in what the source says is a strong sign, as a word of its own only', () => {
    expect(index.suggest(ref('Diverse arbeid', 'ref 8'), null)[0]).toMatchObject({
      targetId: 'ref2',
      score: 0.9,
    });
    expect(idsFor('Diverse arbeid', 'REF-88')).not.toContain('ref2');
  });
  test('below a known client, only its own projects are meant', () => {
    expect(idsFor('Refit hull', null, ['bt'])).toEqual(['ref2']);
    expect(idsFor('Refit hull', null, ['somebody else'])).toEqual([]);
  });
  test('nothing like it is no suggestion, and neither is what has no name', () => {
    expect(idsFor('Quarterly audit')).toEqual([]);
    expect(idsFor(null)).toEqual([]);
    expect(idsFor('!!!')).toEqual([]);
  });
  test('at most five, the most alike first', () => {
    const many = new SuggestionIndex(
      Array.from({ length: 50 }, (_, place) => candidate(`c${place}`, `Vessel number ${place}`)),
    );
    const found = many.suggest(ref('Vessel number 7'), null);
    expect(found).toHaveLength(5);
    expect(found[0]).toMatchObject({ targetId: 'c7', score: 1 });
    expect(found.map(({ score }) => score)).toEqual(
      found.map(({ score }) => score).toSorted((a, b) => b - a),
    );
  });
  test('20,000 candidates and a name of 200 letters take no time', () => {
    const many = new SuggestionIndex(
      Array.from({ length: 20_000 }, (_, place) => candidate(`c${place}`, `Northern vessel ${place} refit`)),
    );
    const started = performance.now();
    many.suggest(ref('northern refit '.repeat(13)), null);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
  test('likeness is between 0 and 1, the same both ways, and 1 of anything with itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (one, other) => {
        const [a, b] = [trigrams(one), trigrams(other)];
        expect(likeness(a, b)).toBe(likeness(b, a));
        expect(likeness(a, b)).toBeGreaterThanOrEqual(0);
        expect(likeness(a, b)).toBeLessThanOrEqual(1);
        if (a.size > 0) expect(likeness(a, a)).toBe(1);
      }),
    );
  });
  test('trigrams are those of pg_trgm', () => {
    // select show_trgm('Hull 7')
    expect([...trigrams('Hull 7')].sort()).toEqual(['  7', '  h', ' 7 ', ' hu', 'hul', 'll ', 'ull'].sort());
  });
});

describe('a pattern', () => {
  it.each([
    ['*', 'at least 3 letters'],
    ['**', 'at least 3 letters'],
    ['*a*', 'at least 3 letters'],
    ['* - *', 'at least 3 letters'],
    ['*a*b*c*d*e*', 'at most 4 *'],
    ['(a+)+$', 'at least 3 letters'],
  ])('%s is refused', (pattern, problem) => {
    expect(patternProblem(pattern)).toContain(problem);
  });
  it.each(['Hull*', '*hull*', 'Rev*A1*', 'ABC', '*船体修理*'])('%s is one', (pattern) => {
    expect(patternProblem(pattern)).toBeNull();
  });
  test('that would take an expression for hours is literal, and fast', () => {
    const fits = ruleFits({ matchBy: 'pattern', matchValue: '(a+)+*b*c*d*x' });
    const started = performance.now();
    expect(fits(ref(`${'(a+)+'.repeat(40)}${'bcd'.repeat(60)}`))).toBe(false);
    expect(fits(ref('(A+)+ b c d x'))).toBe(true);
    expect(performance.now() - started).toBeLessThan(200);
  });
});

describe('what a rule is about', () => {
  const said = { externalId: '77', code: 'P-1', name: 'Hull  works', email: 'Ann@Example.com' };
  it.each([
    ['external_id', '77', true],
    ['external_id', '7', false],
    ['code', ' p-1 ', true],
    ['name', 'HULL  WORKS', true],
    ['name', 'Hull', false],
    ['pattern', 'hull*', true],
    ['pattern', 'works*', false],
    ['email', 'ann@example.com', true],
    ['email', 'bob@example.com', false],
  ] as const)('by %s %s: %s', (matchBy, matchValue, fits) => {
    expect(ruleFits({ matchBy, matchValue })(said)).toBe(fits);
  });
  test('what the source does not say fits no rule', () => {
    for (const matchBy of ['external_id', 'code', 'name', 'pattern', 'email'] as const)
      expect(ruleFits({ matchBy, matchValue: '' })(ref(null))).toBe(false);
  });
});
