/** Owns that a customer or vendor at a platform stands for one client or contractor of ours only. */
import { InvalidRequest } from '../connectors/kit/errors.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { holdExternalId, whoElseStandsFor } from '../store/shared-parties.ts';
import type { SyncedSubject } from '../store/sync.ts';
import type { OpenVendor } from './vendor.ts';

/**
 * Platforms find people by name, whatever its case, and ours may be equal there: the invoices, bills and money of two would
 * be one's. Throws InvalidRequest, in words.
 */
export async function requireItsOwn(
  tx: WorkspaceTx,
  { connection, connector }: OpenVendor,
  subject: { subjectType: SyncedSubject; subjectId: string },
  externalId: string,
): Promise<void> {
  await holdExternalId(tx, connection.id, externalId);
  const other = await whoElseStandsFor(tx, connection.id, subject, externalId);
  if (other !== null)
    throw new InvalidRequest(
      `${connector.name} finds under this name what stands for ${other} already. Give one of the two another name, here and there, then try again.`,
      { vendorCode: 'party_shared' },
    );
}
