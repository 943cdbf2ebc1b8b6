/** Owns the scope's own arithmetic: which entries a connection's lists let in. */
import { expect, test } from 'vitest';
import { entryContentHash } from '../domain/entry-content-hash.ts';
import { type Scope, scopeOf } from '../domain/scope.ts';
import { withApproval } from '../domain/source-approval.ts';
import type { SourceEntry } from '../domain/work-entry.ts';
import { sourceEntry } from './support/source-entry.ts';

const entry = sourceEntry('1', {
  person: { externalId: '7', code: null, name: 'Ines Roth', email: 'Ines@Nordwerft.example' },
  client: { externalId: '9', code: null, name: 'Nordlicht GmbH' },
  project: { externalId: '12', code: 'HULL-2', name: 'Hull refit' },
  approval: 'unsubmitted',
  tags: ['Offshore', 'night'],
  groups: ['Welders'],
});
const why = (scope: Scope, over: Partial<SourceEntry> = {}) => scopeOf(scope)({ ...entry, ...over });

test.each<[string, Scope, string | null]>([
  ['nothing set', {}, null],
  ['an empty list is no list', { include: { project: [] } }, null],
  ['by id', { include: { project: ['12'] } }, null],
  ['by code, whatever its case', { include: { project: ['hull-2'] } }, null],
  ['by a pattern of the name', { include: { client: ['nord*'] } }, null],
  ['by e-mail', { include: { person: ['*@nordwerft.example'] } }, null],
  ['by one of its tags', { include: { tag: ['night'] } }, null],
  ['by group', { include: { group: ['Riggers'] } }, 'group_not_included'],
  ['another project', { include: { project: ['HULL'] } }, 'project_not_included'],
  ['no task at all', { include: { task: ['Welding'] } }, 'task_not_included'],
  ['excluded beats included', { include: { project: ['12'] }, exclude: { tag: ['off*'] } }, 'tag_excluded'],
  ['every list has to agree', { include: { project: ['12'], client: ['Südlicht'] } }, 'client_not_included'],
])('%s', (_, scope, reason) => {
  expect(why(scope)).toBe(reason);
});

test('billable only keeps out what is not, before any list is looked at', () => {
  expect(why({ billableOnly: true }, { billable: false })).toBe('not_billable');
  expect(why({ billableOnly: false }, { billable: false })).toBeNull();
});

test('a pattern with many stars does not take long on a long name', () => {
  const startedMs = performance.now();
  const name = { externalId: null, code: null, name: 'a'.repeat(200) };
  expect(why({ exclude: { client: [`${'*a'.repeat(40)}b`] } }, { client: name })).toBeNull();
  expect(performance.now() - startedMs).toBeLessThan(200);
});

test('finished work is approved where the card says so, and nothing else is', () => {
  expect(withApproval('automatic', entry).approval).toBe('approved');
  expect(withApproval('automatic', { ...entry, running: true }).approval).toBe('unsubmitted');
  expect(withApproval('automatic', { ...entry, approval: 'rejected' }).approval).toBe('rejected');
  expect(withApproval('platform', entry).approval).toBe('unsubmitted');
});

test('a cost centre is part of the content, and entries without one keep the hash they have', () => {
  const plain = entryContentHash(entry);
  expect(entryContentHash({ ...entry, costCentre: null })).toBe(plain);
  expect(entryContentHash({ ...entry, tags: [], groups: [] })).toBe(plain);
  expect(entryContentHash({ ...entry, costCentre: 'CC-1' })).not.toBe(plain);
});
