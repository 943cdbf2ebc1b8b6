import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DirectoryRow, type MappingRule, Matcher, refKey } from '../domain/match.ts';
import type { SourcePersonRef, SourceRef } from '../domain/work-entry.ts';

const ref = (facts: Partial<SourceRef>): SourceRef => ({
  externalId: null,
  code: null,
  name: null,
  ...facts,
});
const person = (facts: Partial<SourcePersonRef>): SourcePersonRef => ({ ...ref({}), email: null, ...facts });
const row = (kind: DirectoryRow['kind'], id: string, facts: Partial<DirectoryRow> = {}): DirectoryRow => ({
  kind,
  id,
  parentId: null,
  code: null,
  name: id,
  email: null,
  ...facts,
});
const rule = (
  targetKind: MappingRule['targetKind'],
  matchBy: MappingRule['matchBy'],
  matchValue: string,
  targetId: string,
): MappingRule => ({ targetKind, matchBy, matchValue, targetId });
const parties = (facts: Partial<Parameters<Matcher['match']>[0]>) => ({
  client: null,
  project: null,
  task: null,
  person: person({}),
  ...facts,
});

const directory = [
  row('client', 'ferries', { code: 'NFE', name: 'Northern Ferries' }),
  row('client', 'tugs', { code: 'BTU', name: 'Baltic Tugs' }),
  row('project', 'ferries-refit', { parentId: 'ferries', code: 'REF', name: 'Refit' }),
  row('project', 'tugs-refit', { parentId: 'tugs', code: 'REF', name: 'Refit' }),
  row('project', 'survey', { parentId: 'tugs', code: 'SUR', name: 'Survey' }),
  row('task', 'ferries-weld', { parentId: 'ferries-refit', name: 'Welding' }),
  row('task', 'tugs-weld', { parentId: 'tugs-refit', name: 'Welding' }),
  row('person', 'ann', { name: 'Ann Berg', email: 'ann@example.com' }),
  row('person', 'john-1', { name: 'John Smith', email: 'john@one.example' }),
  row('person', 'john-2', { name: 'John Smith', email: 'john@two.example' }),
];
const matcher = (rules: MappingRule[] = []) => new Matcher(rules, directory);

describe('our own names', () => {
  test('case, width and outer spaces do not count', () => {
    const match = matcher().match(
      parties({ client: ref({ name: '  NORTHERN ferries ' }), person: person({ name: 'Ａnn Berg' }) }),
    );
    expect(match).toMatchObject({ clientId: 'ferries', personId: 'ann', unmatched: [] });
  });
  test('a project and a task are looked for below their own client and project', () => {
    const of = (client: string) =>
      matcher().match(
        parties({
          client: ref({ name: client }),
          project: ref({ code: 'REF' }),
          task: ref({ name: 'Welding' }),
          person: person({ name: 'Ann Berg' }),
        }),
      );
    expect(of('Northern Ferries')).toMatchObject({ projectId: 'ferries-refit', taskId: 'ferries-weld' });
    expect(of('Baltic Tugs')).toMatchObject({ projectId: 'tugs-refit', taskId: 'tugs-weld' });
  });
  test('without a client, a project that one client has gives the client too; one that two have is ambiguous', () => {
    expect(matcher().match(parties({ project: ref({ code: 'sur' }) }))).toMatchObject({
      clientId: 'tugs',
      projectId: 'survey',
    });
    const match = matcher().match(
      parties({ project: ref({ name: 'Refit' }), person: person({ name: 'Ann Berg' }) }),
    );
    expect(match).toMatchObject({
      clientId: null,
      projectId: null,
      unmatched: [{ kind: 'project', ambiguous: true }],
    });
  });
  test('below a client that nobody knows nothing is guessed, and only the client is missing', () => {
    const match = matcher().match(
      parties({
        client: ref({ name: 'Northern Ferrys' }),
        project: ref({ name: 'Survey' }),
        task: ref({ name: 'Welding' }),
        person: person({ name: 'Ann Berg' }),
      }),
    );
    expect(match).toMatchObject({
      clientId: null,
      projectId: null,
      taskId: null,
      unmatched: [{ kind: 'client', ambiguous: false }],
    });
  });
  test('two people of one name are told apart by e-mail, and otherwise not at all', () => {
    expect(
      matcher().match(parties({ person: person({ name: 'John Smith', email: 'JOHN@two.example' }) }))
        .personId,
    ).toBe('john-2');
    expect(matcher().match(parties({ person: person({ name: 'John Smith' }) })).unmatched).toMatchObject([
      { kind: 'person', ambiguous: true },
    ]);
  });
  test('what the source does not name is not missing', () => {
    expect(
      matcher().match(parties({ client: ref({ name: 'Baltic Tugs' }), person: person({ name: 'Ann Berg' }) }))
        .unmatched,
    ).toEqual([]);
  });
});

describe('mapping rules', () => {
  test('win over our own names, and the external id over the others', () => {
    const ruled = matcher([
      rule('client', 'name', 'Baltic Tugs', 'ferries'),
      rule('client', 'external_id', '77', 'tugs'),
    ]);
    expect(ruled.match(parties({ client: ref({ name: 'baltic tugs' }) })).clientId).toBe('ferries');
    expect(ruled.match(parties({ client: ref({ externalId: '77', name: 'Baltic Tugs' }) })).clientId).toBe(
      'tugs',
    );
  });
  test('external ids are compared as they are', () => {
    const ruled = matcher([rule('client', 'external_id', 'aB', 'tugs')]);
    expect(ruled.match(parties({ client: ref({ externalId: 'ab', name: 'x' }) })).clientId).toBeNull();
  });
  test('a pattern is any text between literal parts, and nothing in it is an expression', () => {
    const ruled = matcher([rule('client', 'pattern', 'Baltic (*) Ltd.', 'tugs')]);
    expect(ruled.match(parties({ client: ref({ name: 'baltic (old\nname) ltd.' }) })).clientId).toBe('tugs');
    expect(ruled.match(parties({ client: ref({ name: 'Baltic (old) LtdX' }) })).clientId).toBeNull();
  });
  test('a pattern of many stars is slow for nobody', () => {
    const ruled = matcher([rule('client', 'pattern', '*a'.repeat(6), 'tugs')]);
    const started = performance.now();
    ruled.match(parties({ client: ref({ name: `${'a'.repeat(200)}b` }) }));
    expect(performance.now() - started).toBeLessThan(1_000);
  });
  test('a rule for a task serves its own project only', () => {
    const ruled = matcher([rule('task', 'name', 'Welding', 'tugs-weld')]);
    const of = (client: string) =>
      ruled.match(
        parties({
          client: ref({ name: client }),
          project: ref({ code: 'REF' }),
          task: ref({ name: 'welding' }),
        }),
      ).taskId;
    expect(of('Baltic Tugs')).toBe('tugs-weld');
    expect(of('Northern Ferries')).toBe('ferries-weld');
  });
});

describe('a growing directory', () => {
  test('a record that is added is found, also after the same names were looked for', () => {
    const growing = matcher();
    const wanted = parties({ client: ref({ name: 'New Line' }), person: person({ name: 'Ann Berg' }) });
    expect(growing.match(wanted).clientId).toBeNull();
    growing.add(row('client', 'new', { name: 'New Line' }));
    expect(growing.match(wanted).clientId).toBe('new');
  });
  test('what a copy learns, the original does not know; what is read anew replaces all', () => {
    const original = matcher([rule('client', 'code', 'X', 'tugs')]);
    const wanted = parties({ client: ref({ name: 'New Line' }) });
    const copy = original.copy();
    copy.add(row('client', 'new', { name: 'New Line' }));
    expect(copy.match(wanted).clientId).toBe('new');
    expect(original.match(wanted).clientId).toBeNull();
    expect(copy.match(parties({ client: ref({ code: 'x' }) })).clientId).toBe('tugs');
    original.reload([row('client', 'only', { name: 'New Line' })]);
    expect(original.match(wanted).clientId).toBe('only');
    expect(original.match(parties({ client: ref({ name: 'Baltic Tugs' }) })).clientId).toBeNull();
    expect(original.match(parties({ client: ref({ code: 'x' }) })).clientId).toBe('tugs');
  });
  test('a remembered match never answers for other parties', () => {
    const text = fc.option(
      fc.constantFrom('Northern Ferries', 'Baltic Tugs', 'Refit', 'Survey', 'NFE', 'REF', 'x'),
      { nil: null },
    );
    const anyRef = fc.option(fc.record({ externalId: text, code: text, name: text }), { nil: null });
    const anyParties = fc.record({
      client: anyRef,
      project: anyRef,
      task: anyRef,
      person: fc.record({ externalId: text, code: text, name: text, email: text }),
    });
    const warm = matcher();
    fc.assert(
      fc.property(anyParties, (wanted) => {
        const cold = matcher().match(wanted);
        expect(warm.match(wanted)).toEqual(cold);
        expect(warm.match(wanted)).toEqual(cold);
      }),
      { numRuns: 500 },
    );
  });
});

test('a ref is known by its external id, else its code, else its name', () => {
  expect(refKey(ref({ externalId: '7', code: 'A', name: 'B' }))).toBe('id:7');
  expect(refKey(ref({ code: ' a ', name: 'B' }))).toBe('code:a');
  expect(refKey(ref({ name: 'B' }))).toBe(refKey(ref({ name: ' b' })));
  expect(refKey(ref({}))).toBe('name:');
});
