/** Owns personal fields of events: sealed with a key per person, so that deleting the key forgets them everywhere. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SealedSecret, SecretBox } from './connections.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';

/** Whom a field is about: `person:<id>`, `member:<id>`, `client:<id>`, `key:<id>`. */
export type PersonalOwner = `${string}:${string}`;

/** Some fields of an event as ciphertext. */
export interface SealedFields {
  /** Id of the data key. Once that is deleted, nobody reads them again. */
  key: string;
  /** Where they belong: `after.name`, `origin.ip`. */
  fields: string[];
  /** Base64 of nonce, tag and the encrypted JSON array of their values. */
  sealed: string;
}

/** What is shown in the place of a field whose key was deleted. */
export const forgotten = '[forgotten]';
/** … whose ciphertext was changed or moved, as `slipway verify` says too; the events around it stay readable. */
export const unreadable = '[unreadable]';

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

export interface DataKey {
  id: string;
  bytes: Buffer;
}

const place = (tx: WorkspaceTx, id: string) => ({
  workspaceId: tx.workspaceId,
  connectionId: id,
  name: 'person_key',
});

interface KeyRow extends SealedSecret {
  id: string;
  owner: string;
}

/** The data key of each of these; made where there is none yet. */
export async function dataKeys(
  tx: WorkspaceTx,
  owners: readonly string[],
): Promise<ReadonlyMap<string, DataKey>> {
  // In one order, so that two transactions that meet new owners do not wait for each other in a circle.
  const wanted = [...new Set(owners)].sort();
  if (wanted.length === 0) return new Map();
  const box = await tx.secrets();
  const read = () =>
    tx.rows<KeyRow>(
      'select id, owner, key_version, ciphertext from person_keys where workspace_id = $1 and owner = any($2::text[])',
      [tx.workspaceId, wanted],
    );
  let rows = await read();
  if (rows.length < wanted.length) {
    const known = new Set(rows.map((row) => row.owner));
    await makeKeys(
      tx,
      box,
      wanted.filter((owner) => !known.has(owner)),
    );
    // Another transaction may have been faster: its keys count.
    rows = await read();
  }
  return new Map(rows.map((row) => [row.owner, { id: row.id, bytes: openKey(tx, box, row) }]));
}

async function makeKeys(tx: WorkspaceTx, box: SecretBox, owners: readonly string[]): Promise<void> {
  const made = owners.map((owner) => {
    const id = newId();
    return { owner, id, ...box.seal(place(tx, id), randomBytes(keyBytes).toString('base64')) };
  });
  await tx.run(
    `insert into person_keys (workspace_id, id, owner, key_version, ciphertext)
     select $1, n.* from unnest($2::uuid[], $3::text[], $4::int[], $5::bytea[]) as n
     on conflict (workspace_id, owner) do nothing`,
    [
      tx.workspaceId,
      made.map((key) => key.id),
      made.map((key) => key.owner),
      made.map((key) => key.keyVersion),
      made.map((key) => key.ciphertext),
    ],
  );
}

const openKey = (tx: WorkspaceTx, box: SecretBox, row: KeyRow): Buffer =>
  Buffer.from(box.open(place(tx, row.id), row), 'base64');

/** Deletes the keys of these owners: what was sealed with them is forgotten. Answers how many there were. */
export function deleteDataKeys(tx: WorkspaceTx, owners: readonly string[]): Promise<number> {
  return tx.run('delete from person_keys where workspace_id = $1 and owner = any($2::text[])', [
    tx.workspaceId,
    owners,
  ]);
}

// Bound to its key and its fields: a ciphertext moved elsewhere does not open.
const boundTo = (workspaceId: string, keyId: string, fields: readonly string[]) =>
  Buffer.from(JSON.stringify([workspaceId, keyId, fields]), 'utf8');

/** Seals values under a person's key; `values` by where they belong. */
export function sealFields(
  workspaceId: string,
  key: DataKey,
  values: Readonly<Record<string, unknown>>,
): SealedFields {
  const fields = Object.keys(values);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key.bytes, nonce);
  cipher.setAAD(boundTo(workspaceId, key.id, fields));
  const encrypted = Buffer.concat([
    cipher.update(JSON.stringify(Object.values(values)), 'utf8'),
    cipher.final(),
  ]);
  const sealed = Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString('base64');
  return { key: key.id, fields, sealed };
}

/** The values in the order of their fields; all unreadable when the ciphertext, its key or its fields were changed. */
function unsealFields(workspaceId: string, key: DataKey, part: SealedFields): unknown[] {
  try {
    return unseal(workspaceId, key, part);
  } catch {
    return part.fields.map(() => unreadable);
  }
}

function unseal(workspaceId: string, key: DataKey, { fields, sealed }: SealedFields): unknown[] {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv(algorithm, key.bytes, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(boundTo(workspaceId, key.id, fields));
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  const plain = [decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()];
  return JSON.parse(Buffer.concat(plain).toString('utf8')) as unknown[];
}

/**
 * The personal fields of each event by where they belong, or `[forgotten]`; in the order of `events`. Throws when the keys
 * are sealed with another secret key than the hub has.
 */
export async function openFields(
  tx: WorkspaceTx,
  events: readonly { personal?: unknown }[],
): Promise<Record<string, unknown>[]> {
  const sealed = events.map((event) => (event.personal ?? []) as SealedFields[]);
  const ids = [...new Set(sealed.flat().map((part) => part.key))];
  const keys = await readDataKeys(tx, ids);
  return sealed.map((parts) =>
    Object.fromEntries(
      parts.flatMap((part) => {
        const key = keys.get(part.key);
        const values = key ? unsealFields(tx.workspaceId, key, part) : part.fields.map(() => forgotten);
        return part.fields.map((field, index) => [field, values[index]]);
      }),
    ),
  );
}

async function readDataKeys(tx: WorkspaceTx, ids: readonly string[]): Promise<ReadonlyMap<string, DataKey>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.rows<KeyRow>(
    'select id, owner, key_version, ciphertext from person_keys where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, ids],
  );
  if (rows.length === 0) return new Map();
  const box = await tx.secrets();
  return new Map(rows.map((row) => [row.id, { id: row.id, bytes: openKey(tx, box, row) }]));
}
