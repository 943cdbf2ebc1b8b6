/** Owns encrypting secrets at rest: AES-256-GCM with keys from the configuration, outside the database and its backup. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { SecretBox, SecretPlace } from '../store/connections.ts';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

/** Key version → 32 bytes. New secrets take the highest version; older ones stay readable until they are sealed anew. */
export type SecretKeys = ReadonlyMap<number, Buffer>;

/** A secret of its own for one purpose, 64 hex digits, always the same from the same key; it tells nothing of the key. */
export function deriveSecret(key: Buffer, purpose: string): string {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `slipway ${purpose}`, keyBytes)).toString(
    'hex',
  );
}

/** Layout of a ciphertext: nonce, tag, encrypted bytes. The place and the key version are authenticated with it. */
export function createSecretBox(keys: SecretKeys): SecretBox {
  const current = Math.max(...keys.keys());
  const currentKey = keys.get(current);
  if (!currentKey) throw new Error('at least one secret key is needed');
  for (const key of keys.values())
    if (key.length !== keyBytes) throw new Error('a secret key must be 32 bytes');
  return {
    seal: (place, plaintext) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, currentKey, nonce);
      cipher.setAAD(placeBytes(place, current));
      const encrypted = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
      return { keyVersion: current, ciphertext: Buffer.concat([nonce, cipher.getAuthTag(), encrypted]) };
    },
    open: (place, { keyVersion, ciphertext }) => {
      const key = keys.get(keyVersion);
      if (!key)
        throw new Error(`this secret was sealed with key version ${keyVersion}, which is not configured`);
      if (ciphertext.length < nonceBytes + tagBytes) throw new Error('a sealed secret is too short');
      const decipher = createDecipheriv(algorithm, key, ciphertext.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(placeBytes(place, keyVersion));
      decipher.setAuthTag(ciphertext.subarray(nonceBytes, nonceBytes + tagBytes));
      const plain = [decipher.update(ciphertext.subarray(nonceBytes + tagBytes)), decipher.final()];
      return Buffer.concat(plain).toString('utf8');
    },
    fingerprints: (workspaceId, plaintext) =>
      [...keys]
        .sort(([a], [b]) => b - a)
        .map(([, key]) =>
          createHmac('sha256', deriveSecret(key, 'fingerprints'))
            .update(JSON.stringify([workspaceId, plaintext]))
            .digest(),
        ),
  };
}

function placeBytes({ workspaceId, connectionId, name }: SecretPlace, keyVersion: number): Buffer {
  return Buffer.from(JSON.stringify([keyVersion, workspaceId, connectionId, name]), 'utf8');
}
