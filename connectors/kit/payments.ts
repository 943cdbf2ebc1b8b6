/** Owns what payments that are read back have in common at every accounting platform. */
import type { Day, Instant } from '../../domain/work-entry.ts';
import type { RemotePayment } from './define.ts';

/** A payment that is no longer there: no money, and nothing applied. `on`: the day that it went, the vendor keeps no other. */
export function deletedPayment(externalId: string, on: Day, updatedAt: Instant | null): RemotePayment {
  return {
    externalId,
    valueDate: on,
    currency: null,
    amount: '0.00',
    applications: [],
    reference: null,
    deleted: true,
    updatedAt,
  };
}
