/** Owns that a sealed secret opens in its own place, with its own key, unchanged, and in no other way. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSecretBox } from '../runtime/secrets.ts';

const first = randomBytes(32);
const second = randomBytes(32);
const place = { workspaceId: 'w1', connectionId: 'c1', name: 'accessToken' };
const box = createSecretBox(new Map([[1, first]]));

it('opens what it sealed, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 500 }), (text) => {
      expect(box.open(place, box.seal(place, text))).toBe(text);
    }),
  );
});

it('hides the text, and seals the same text differently each time', () => {
  const [one, other] = [box.seal(place, 'the same token'), box.seal(place, 'the same token')];
  expect(one.ciphertext.includes('the same token')).toBe(false);
  expect(one.ciphertext.equals(other.ciphertext)).toBe(false);
});

it.each(['workspaceId', 'connectionId', 'name'] as const)('does not open under another %s', (field) => {
  const sealed = box.seal(place, 'token');
  expect(() => box.open({ ...place, [field]: 'other' }, sealed)).toThrow();
});

it('does not open when any one byte was changed or cut', () => {
  const sealed = box.seal(place, 'token');
  for (let index = 0; index < sealed.ciphertext.length; index += 1) {
    const changed = Buffer.from(sealed.ciphertext);
    changed[index] = changed[index]! ^ 1;
    expect(() => box.open(place, { ...sealed, ciphertext: changed })).toThrow();
    expect(() => box.open(place, { ...sealed, ciphertext: sealed.ciphertext.subarray(0, index) })).toThrow();
  }
});

it('goes on reading old secrets after the key was changed, and writes with the new key', () => {
  const old = box.seal(place, 'token');
  const rotated = createSecretBox(
    new Map([
      [1, first],
      [2, second],
    ]),
  );
  expect(rotated.open(place, old)).toBe('token');
  const fresh = rotated.seal(place, 'token');
  expect(fresh.keyVersion).toBe(2);
  expect(() => box.open(place, fresh)).toThrow(/version 2, which is not configured/);
  expect(() => box.open(place, { ...fresh, keyVersion: 1 })).toThrow();
});

it('refuses a key that is not 32 bytes, and none at all', () => {
  expect(() => createSecretBox(new Map([[1, randomBytes(16)]]))).toThrow(/32 bytes/);
  expect(() => createSecretBox(new Map())).toThrow(/at least one/);
});
