/** Owns the form of an API key, and what scopes stand for. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  exceeding,
  expandScopes,
  isPermission,
  permissions,
  roleScopes,
  roles,
  scopes,
  toGrants,
  withinBoth,
} from '../domain/permissions.ts';
import { generateApiKey, hashApiKey } from '../store/api-keys.ts';

it('makes keys that differ, of one form, that hash', () => {
  const keys = Array.from({ length: 200 }, generateApiKey);
  expect(new Set(keys).size).toBe(200);
  for (const key of keys) {
    expect(key).toMatch(/^slk_[0-9A-Za-z]{49}$/);
    expect(hashApiKey(key)).toHaveLength(32);
  }
});

it('tells a key with one wrong character without asking the database', () => {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.split('');
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 52 }), fc.constantFrom(...alphabet), (place, letter) => {
      const key = generateApiKey();
      fc.pre(key[place] !== letter);
      expect(hashApiKey(key.slice(0, place) + letter + key.slice(place + 1))).toBeNull();
    }),
  );
  expect(hashApiKey('')).toBeNull();
  expect(hashApiKey(`${generateApiKey()}x`)).toBeNull();
});

it('reads a star as everything, a resource star as all of that resource, the unknown as nothing', () => {
  expect(expandScopes(['*']).size).toBe(permissions.length);
  expect([...expandScopes(['clients.*'])].toSorted()).toEqual([
    'clients.create',
    'clients.delete',
    'clients.read',
    'clients.update',
  ]);
  expect([...expandScopes(['no.such', 'client.*', 'clients', 'clients.read'])]).toEqual(['clients.read']);
});

it('sees what one would hand out beyond what one has', () => {
  const held = toGrants(['clients.*', 'api_keys.create', 'tickets.read:own']);
  expect(exceeding(['clients.read', 'clients.*'], held)).toEqual([]);
  expect(exceeding(['clients.read', 'invoices.read'], held)).toEqual(['invoices.read']);
  expect(exceeding(['*'], held).length).toBe(permissions.length - held.permissions.size);
  expect(exceeding(['tickets.read:own'], held)).toEqual([]);
  expect(exceeding(['tickets.read'], held)).toEqual(['tickets.read']);
  expect(exceeding(['tickets.update:own'], held)).toEqual(['tickets.update:own']);
});

it('holds a permission for all rows or for own ones, never for both', () => {
  const both = toGrants(['tickets.read', 'tickets.read:own', 'tickets.update:own', 'clients.delete:own']);
  expect([...both.permissions]).toEqual(['tickets.read']);
  expect([...both.ownPermissions]).toEqual(['tickets.update']);
});

it('gives a key of a member what both have, in the smaller reach', () => {
  const key = toGrants(['tickets.*', 'clients.read', 'invoices.read:own']);
  const member = toGrants(['tickets.read:own', 'tickets.approve', 'invoices.read', 'runs.create']);
  const grants = withinBoth(key, member);
  expect([...grants.permissions]).toEqual(['tickets.approve']);
  expect([...grants.ownPermissions].toSorted()).toEqual(['invoices.read', 'tickets.read']);
});

it('bundles only scopes that exist into roles; only an admin has all', () => {
  for (const role of roles) for (const scope of roleScopes[role]) expect(scopes).toContain(scope);
  expect(expandScopes(roleScopes.admin).size).toBe(permissions.length);
  for (const role of ['contractor', 'employee', 'client'] as const) {
    const { permissions: forAll, ownPermissions } = toGrants(roleScopes[role]);
    for (const permission of [...forAll, ...ownPermissions])
      expect(permission).not.toMatch(/issue|api_keys|payments\.(create|apply|reverse)|approve|connections/);
    // What is about work or money is theirs alone.
    for (const permission of forAll)
      expect(permission).not.toMatch(
        /^(tickets|entries|invoices|payments|contractor_|payee_|documents|work\.)/,
      );
  }
  expect(permissions.every(isPermission)).toBe(true);
});
