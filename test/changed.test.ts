/** Owns what an audit event says of a change: the fields that differ, and no others. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changed } from '../domain/changed.ts';
import { canonicalJson } from '../domain/event-chain.ts';

test('only fields that differ are told, as they were and as they are', () => {
  const before = { id: '1', name: 'Ida', terms: { days: 30, net: true }, tags: ['a'], gone: 1 };
  const after = {
    id: '1',
    name: 'Ola',
    terms: { net: true, days: 30 },
    tags: ['a', 'b'],
    come: null,
    more: 2,
  };
  expect(changed(before, after)).toEqual({
    before: { name: 'Ida', tags: ['a'], gone: 1, more: null },
    after: { name: 'Ola', tags: ['a', 'b'], gone: null, more: 2 },
  });
  expect(changed(before, { ...before })).toEqual({ before: {}, after: {} });
});

test('what is told, put over what was, gives what is', () => {
  const record = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.jsonValue(), {
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(record, record, (before, after) => {
      const told = changed(before, after);
      expect(Object.keys(told.before).sort()).toEqual(Object.keys(told.after).sort());
      for (const name of ['a', 'b', 'c']) {
        const is: unknown = name in told.after ? told.after[name] : (before[name] ?? null);
        expect(canonicalJson(is)).toBe(canonicalJson(after[name] ?? null));
      }
    }),
  );
});
