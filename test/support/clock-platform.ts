/** Owns the facts of a platform that is asked nothing over HTTP, for tests that make connectors of their own. */

export const clockPlatform = {
  auth: { type: 'bearer' as const },
  baseUrl: () => 'https://api.clock.example',
  rateLimit: { requests: 1000, perSeconds: 1 },
  timeoutMs: 2_000,
  throttleMs: 1_000,
  requestIdHeader: 'x-request-id',
  settings: {},
  test: () => Promise.resolve({ account: 'Clock', warnings: [] }),
};

/** Their bodies are the id of the entry that changed. */
export const clockWebhooks = {
  verify: () => true,
  deliveryId: () => null,
  events: ({ rawBody }: { rawBody: Uint8Array }) => [
    {
      account: null,
      entity: 'time_entry',
      externalId: Buffer.from(rawBody).toString(),
      change: 'updated' as const,
      occurredAt: null,
    },
  ],
};
