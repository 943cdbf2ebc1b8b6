import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ChainedEvent, canonicalJson, chainHash, genesisHash } from '../domain/event-chain.ts';

const event: ChainedEvent = {
  seq: 1,
  id: '0198d2a0-0000-7000-8000-000000000001',
  at: '2026-01-31T08:00:00.123456Z',
  sandboxAt: null,
  actor: 'system',
  type: 'client_invoice.issued',
  subject: { type: 'client_invoice', id: null },
  permission: 'events.read',
  payload: { total: '10.50', lines: [{ b: 1, a: 2 }] },
  before: null,
  after: null,
  origin: null,
  personal: null,
};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const workspaceId = '0198d2a0-0000-7000-8000-0000000000ff';

test('canonical JSON sorts the keys of every object, also one called __proto__', () => {
  expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe('{"a":"x","b":[{"c":null,"d":1}]}');
  expect(canonicalJson(JSON.parse('{"z":1,"__proto__":{"b":2,"a":1}}'))).toBe(
    '{"__proto__":{"a":1,"b":2},"z":1}',
  );
});

test('the order of keys never matters, the value always does', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (fields) => {
      const backwards = Object.fromEntries(Object.entries(fields).reverse());
      expect(canonicalJson(backwards)).toBe(canonicalJson(fields));
      expect(JSON.parse(canonicalJson(fields))).toEqual(JSON.parse(JSON.stringify(fields)));
    }),
  );
});

test('a hash changes with every field that it covers, and with the hash before', () => {
  const previous = genesisHash(workspaceId);
  const hashes = [
    chainHash(previous, event),
    chainHash(genesisHash(event.id), event),
    chainHash(previous, { ...event, seq: 2 }),
    chainHash(previous, { ...event, id: workspaceId }),
    chainHash(previous, { ...event, at: '2026-01-31T08:00:00.123457Z' }),
    chainHash(previous, { ...event, sandboxAt: event.at }),
    chainHash(previous, { ...event, actor: 'member:1' }),
    chainHash(previous, { ...event, type: 'client_invoice.voided' }),
    chainHash(previous, { ...event, subject: { type: 'client_invoice', id: event.id } }),
    chainHash(previous, { ...event, subject: { type: 'ticket', id: null } }),
    chainHash(previous, { ...event, permission: 'margins.read' }),
    chainHash(previous, { ...event, payload: { total: '10.51' } }),
    chainHash(previous, { ...event, before: { total: '10.50' } }),
    chainHash(previous, { ...event, after: { total: '10.50' } }),
    chainHash(previous, { ...event, origin: { via: 'api' } }),
    chainHash(previous, { ...event, personal: [{ key: event.id, fields: ['after.name'], sealed: 'AA==' }] }),
  ].map(hex);
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('an event from before there was a before and an after has the hash that it was given then', () => {
  const previous = genesisHash(workspaceId);
  const covered =
    '{"actor":"system","at":"2026-01-31T08:00:00.123456Z","id":"0198d2a0-0000-7000-8000-000000000001",' +
    '"payload":{"lines":[{"a":2,"b":1}],"total":"10.50"},"permission":"events.read","sandboxAt":null,"seq":1,' +
    '"subject":{"id":null,"type":"client_invoice"},"type":"client_invoice.issued"}';
  const given = createHash('sha256').update(previous).update(covered).digest('hex');
  expect(hex(chainHash(previous, event))).toBe(given);
});

test('whatever else a row carries is not covered, so verifying a stored row gives the hash of the numbered one', () => {
  const previous = genesisHash(workspaceId);
  const stored = { ...event, hash: 'aa', workspaceId };
  expect(hex(chainHash(previous, stored))).toBe(hex(chainHash(previous, event)));
});
