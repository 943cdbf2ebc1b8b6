/** Owns writing at a platform once, however often it is repeated: intent → wait out → look → post (invariant 6). */
import { setTimeout as sleep } from 'node:timers/promises';
import { toVendorError, Unavailable } from '../connectors/kit/errors.ts';
import type { Database } from '../store/database.ts';
import {
  closeIntent,
  expireIntent,
  extendIntent,
  type Intent,
  markSynced,
  openIntent,
  readExternalId,
  readIntent,
  type SyncedSubject,
} from '../store/sync.ts';
import { requireItsOwn } from './own-party.ts';
import type { OpenVendor } from './vendor.ts';

/** The vendor may commit a request that we gave up on; this much later we believe that it will not. */
const deadlineMarginMs = 2_000;
/** Several invoices of a client wait for its one customer record: they see within this time that it is there. */
const intentPollMs = 200;

export interface WrittenSubject {
  workspaceId: string;
  subjectType: SyncedSubject;
  subjectId: string;
  generation: number;
  /** What is done to it; default: create. */
  action?: string;
}

/** Intent → (when it is not the first try: wait out its deadline, look) → post under the intent's idempotency key. */
export async function writeOnce<Remote>(
  database: Database,
  vendor: OpenVendor,
  { workspaceId, action = 'create', ...subject }: WrittenSubject,
  find: () => Promise<Remote | null>,
  create: (idempotencyKey: string) => Promise<Remote>,
): Promise<{ remote: Remote; intent: Intent }> {
  const deadlineMs = vendor.timeoutMs + deadlineMarginMs;
  const intent = await database.inWorkspace(workspaceId, (tx) =>
    openIntent(tx, { ...subject, connectionId: vendor.connection.id, action, deadlineMs }),
  );
  let { attempts } = intent;
  // A new generation follows a failure that a person mended: what stands there is not known any more than on a repeat.
  if (!intent.fresh || subject.generation > 1) {
    for (let isMine = false, waits = !intent.fresh; !isMine; waits = true) {
      const tried = waits ? await outwait(database, workspaceId, intent.id) : attempts;
      const found = await find();
      if (found !== null) return { remote: found, intent };
      // Several may have waited for one deadline and found nothing: one of them posts, the others wait for it.
      const extended = await database.inWorkspace(workspaceId, (tx) =>
        extendIntent(tx, intent.id, tried, deadlineMs),
      );
      isMine = extended !== null;
      attempts = extended ?? attempts;
    }
  }
  try {
    return { remote: await create(intent.idempotencyKey), intent };
  } catch (problem) {
    // Only an answer that never came can still commit; a refusal made nothing.
    if (!(toVendorError(problem) instanceof Unavailable)) {
      await database.inWorkspace(workspaceId, (tx) => expireIntent(tx, intent.id, attempts));
    }
    throw problem;
  }
}

/** Until whoever holds the intent has answered, or its request can no longer arrive at the vendor. Answers the tries made till then. */
async function outwait(database: Database, workspaceId: string, intentId: string): Promise<number> {
  for (;;) {
    const { status, deadlineAt, attempts } = await database.inWorkspace(workspaceId, (tx) =>
      readIntent(tx, intentId),
    );
    const leftMs = Date.parse(deadlineAt) - Date.now();
    if (status !== 'open' || leftMs <= 0) return attempts;
    await sleep(Math.min(intentPollMs, leftMs + 1));
  }
}

/** Names of items may be shared; a customer or a vendor is one of ours. */
const isParty = (type: SyncedSubject) => type === 'client' || type === 'payee';

/** Finds or makes a record that has a name only: a customer, a vendor, an item. Two documents at once share the intent. */
export async function ensureNamed(
  database: Database,
  vendor: OpenVendor,
  subject: Omit<WrittenSubject, 'generation' | 'action'>,
  writable: { find: () => Promise<string | null>; create: (idempotencyKey: string) => Promise<string> },
  actor: string,
): Promise<string> {
  const { workspaceId, subjectType, subjectId } = subject;
  const connectionId = vendor.connection.id;
  const known = await database.inWorkspace(workspaceId, (tx) =>
    readExternalId(tx, connectionId, subjectType, subjectId),
  );
  if (known) return known;
  const existing = await writable.find();
  const made =
    existing === null
      ? await writeOnce(database, vendor, { ...subject, generation: 1 }, writable.find, writable.create)
      : null;
  const externalId = existing ?? made!.remote;
  await database.inWorkspace(workspaceId, async (tx) => {
    if (isParty(subjectType)) await requireItsOwn(tx, vendor, subject, externalId);
    if (made) await closeIntent(tx, made.intent.id, externalId);
    const facts = { externalId, versionToken: null, total: null, actor };
    await markSynced(tx, { connectionId, subjectType, subjectId, ...facts });
  });
  return externalId;
}
