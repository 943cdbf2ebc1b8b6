/** Owns the life of a member, whom a role must belong to, and which pages are ours. */
import { expect, it } from 'vitest';
import { ownOrigins } from '../api/auth/own-origins.ts';
import { memberStatuses, moveMember, requireOwner } from '../domain/member.ts';
import { roles } from '../domain/permissions.ts';
import { deriveSecret } from '../runtime/secrets.ts';

it('moves a member by the table only: every status by every action', () => {
  const table = memberStatuses.map((from) =>
    (['accept', 'suspend', 'reactivate'] as const).map((action) => {
      try {
        return moveMember(from, action);
      } catch (error) {
        return (error as { code: string }).code;
      }
    }),
  );
  const no = 'member.wrong_status';
  expect(table).toEqual([
    ['active', 'suspended', no],
    [no, 'suspended', no],
    [no, no, 'active'],
  ]);
});

it('lets a client’s member belong to a client, who works to a person, and nobody to both', () => {
  const fits = (role: (typeof roles)[number], personId: string | null, clientId: string | null) => {
    try {
      requireOwner(role, { personId, clientId });
      return true;
    } catch {
      return false;
    }
  };
  for (const role of roles) {
    const works = role === 'contractor' || role === 'employee';
    expect(fits(role, null, null), role).toBe(!works && role !== 'client');
    expect(fits(role, 'p', null), role).toBe(role !== 'client');
    expect(fits(role, null, 'c'), role).toBe(role === 'client');
    expect(fits(role, 'p', 'c'), role).toBe(false);
  }
});

it('takes each name of this machine for ours, with the port, and elsewhere the one address', () => {
  expect(ownOrigins('http://127.0.0.1:4680')).toEqual([
    'http://127.0.0.1:4680',
    'http://localhost:4680',
    'http://[::1]:4680',
  ]);
  expect(ownOrigins('https://hub.example.com/')).toEqual(['https://hub.example.com']);
});

it('derives one secret for each purpose from one key, and others from another', () => {
  const key = Buffer.alloc(32, 1);
  expect(deriveSecret(key, 'sign-in')).toMatch(/^[0-9a-f]{64}$/);
  expect(deriveSecret(key, 'sign-in')).toBe(deriveSecret(Buffer.alloc(32, 1), 'sign-in'));
  const others = [deriveSecret(key, 'other'), deriveSecret(Buffer.alloc(32, 2), 'sign-in')];
  expect(new Set([deriveSecret(key, 'sign-in'), ...others]).size).toBe(3);
});
