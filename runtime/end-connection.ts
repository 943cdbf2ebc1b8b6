/** Owns closing a connection of its own without waiting for a server that is gone. */
import { setTimeout } from 'node:timers/promises';

const endTimeoutMs = 1_000;

/** Resolves when the connection has ended, or after a second; never rejects. */
export async function endConnection(client: { end(): Promise<void> }): Promise<void> {
  const given = new AbortController();
  await Promise.race([
    client.end().catch(() => undefined),
    setTimeout(endTimeoutMs, undefined, { signal: given.signal }).catch(() => undefined),
  ]);
  given.abort();
}
