/** Owns waiting out a short "slow down" in place: a reader in the middle of its pages must not begin again for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Throttled } from './errors.ts';
import type { VendorHttp, VendorRequest } from './http.ts';

/** Longer waits are Temporal's: no worker slot sleeps for minutes. */
const longestWaitMs = 20_000;
const mostWaits = 10;
/** Everyone who was told to wait comes back at the same moment otherwise. */
const jitterMs = 250;

/** The same client, whose reads wait as long as the vendor asks when that is short. Writes are never repeated here. */
export function patient(http: VendorHttp, onWait: (waitMs: number) => void = () => {}): VendorHttp {
  type Send = (path: string, request?: VendorRequest) => Promise<unknown>;
  const waiting = (send: Send) => async (path: string, request?: VendorRequest) => {
    for (let waits = 0; ; waits += 1) {
      try {
        return await send(path, request);
      } catch (problem) {
        if (!(problem instanceof Throttled) || problem.retryAfterMs > longestWaitMs || waits >= mostWaits)
          throw problem;
        onWait(problem.retryAfterMs);
        await sleep(problem.retryAfterMs + Math.random() * jitterMs);
      }
    }
  };
  const get = waiting(http.get as Send);
  const read = waiting(http.post as Send);
  const post: Send = (path, request) =>
    request?.reads ? read(path, request) : (http.post as Send)(path, request);
  return { ...http, get: get as VendorHttp['get'], post: post as VendorHttp['post'] };
}
