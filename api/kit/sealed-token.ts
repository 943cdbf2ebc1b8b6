/** Owns tokens that carry their own facts and their end: sealed with the hub's key, so nobody else makes or changes one. */
import type { z } from 'zod';
import type { SecretBox } from '../../store/connections.ts';

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `purpose` keeps a token of one use from being taken for another's. Facts are ids and names, never secrets. */
export function sealToken(
  box: SecretBox,
  { workspaceId, purpose, expiresAt }: { workspaceId: string; purpose: string; expiresAt: Date },
  facts: Readonly<Record<string, string | null>>,
): string {
  const text = JSON.stringify({ expiresAtMs: expiresAt.getTime(), facts });
  const sealed = box.seal({ workspaceId, connectionId: purpose, name: 'token' }, text);
  return `${workspaceId}.${sealed.keyVersion}.${sealed.ciphertext.toString('base64url')}`;
}

/** Null: not ours, changed, of another purpose, or out of time. */
export function openToken<Facts>(
  box: SecretBox,
  purpose: string,
  token: string,
  schema: z.ZodType<Facts>,
): { workspaceId: string; facts: Facts } | null {
  const [workspaceId = '', version = '', sealed = '', ...rest] = token.split('.');
  if (!uuidPattern.test(workspaceId) || !/^\d{1,6}$/.test(version) || rest.length > 0) return null;
  try {
    const text = box.open(
      { workspaceId, connectionId: purpose, name: 'token' },
      { keyVersion: Number(version), ciphertext: Buffer.from(sealed, 'base64url') },
    );
    const { expiresAtMs, facts } = JSON.parse(text) as { expiresAtMs: number; facts: unknown };
    return expiresAtMs > Date.now() ? { workspaceId, facts: schema.parse(facts) } : null;
  } catch {
    return null;
  }
}
