import { describe, expect, it } from 'vitest';
import { FileKeys } from '../domain/import/file-keys.ts';
import { movedIds, movedParties } from '../domain/moved-parties.ts';
import { chooseTwins } from '../domain/validation/duplicate.ts';

const was = { clientId: 'c1', projectId: 'p1', taskId: null, personId: 'ann' };
const names = new Map([
  ['p1', 'HULL · Hull works'],
  ['p2', 'DECK · Deck'],
  ['t1', 'Welding'],
]);

describe('what an entry moved between', () => {
  it('is named by kind, old and new; what stayed is not', () => {
    const is = { ...was, projectId: 'p2', taskId: 't1' };
    expect(movedIds(was, is)).toEqual(['p1', 'p2', 't1']);
    expect(movedParties(was, is, names)).toEqual({
      project: { was: 'HULL · Hull works', is: 'DECK · Deck' },
      task: { was: null, is: 'Welding' },
    });
  });

  it('is nothing where only the hours changed', () => {
    expect(movedIds(was, { ...was })).toEqual([]);
    expect(movedParties(was, { ...was }, names)).toEqual({});
  });

  it('is nobody where the new name is not known', () => {
    expect(movedParties(was, { ...was, projectId: null }, names)).toEqual({
      project: { was: 'HULL · Hull works', is: null },
    });
  });
});

describe('a twin', () => {
  const pair = (entryId: string, twinId: string) => ({ entryId, twinId, twinKey: `key of ${twinId}` });

  it('is one that is gone from the file, the first offered', () => {
    const possible = [pair('new', 'a'), pair('new', 'b'), pair('new', 'c')];
    expect(chooseTwins(possible, (key) => key === 'key of a')).toEqual([pair('new', 'b')]);
    expect(chooseTwins(possible, () => true)).toEqual([]);
  });

  it('explains one entry only: two hours that came for one that went are one more hour', () => {
    const possible = [pair('new1', 'a'), pair('new2', 'a'), pair('new2', 'b'), pair('new3', 'a')];
    expect(chooseTwins(possible, () => false)).toEqual([pair('new1', 'a'), pair('new2', 'b')]);
  });
});

describe('the keys of a file', () => {
  const digest = (text: string) => text.padEnd(32, '0');
  it('are told apart, also those of lines that say the same', () => {
    const keys = new FileKeys();
    keys.add(`row-${digest('a')}`);
    keys.add(`row-${digest('b')}-2`);
    expect(keys.has(`row-${digest('a')}`)).toBe(true);
    expect(keys.has(`row-${digest('a')}-2`)).toBe(false);
    expect(keys.has(`row-${digest('b')}`)).toBe(false);
    expect(keys.has(`row-${digest('b')}-2`)).toBe(true);
    expect(keys.has(`row-${digest('c')}`)).toBe(false);
  });
});
