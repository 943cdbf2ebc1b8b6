/** Owns what platforms were asked to call: a setup for each connection, its subscriptions there, and what handshakes told. */
import { plainArray, textArray } from './arrays.ts';
import { readConnectionSecrets, type SecretBox, writeConnectionSecrets } from './connections.ts';
import type { WorkspaceTx } from './database.ts';
import { enqueueLook } from './outbox.ts';

export interface WebhookSetup {
  /** Pending: a handshake or an activation is awaited. Failed: tried again after a while. */
  status: 'pending' | 'active' | 'failed' | 'ended';
  url: string;
  proved: Record<string, string>[];
  lastError: string | null;
  /** Since the last attempt. */
  agoMs: number;
}
export interface StoredSubscription {
  externalId: string;
  status: 'pending' | 'active' | 'ended';
}

/** Vendors repeat a handshake; what they told first is enough. */
const mostProved = 50;
/** One secret each where a platform makes them: Clockify has a subscription for each kind of event. */
const mostSecrets = 20;
const numbered = /^webhookSecret\d{0,2}$/;

export function readWebhookSetup(tx: WorkspaceTx, connectionId: string): Promise<WebhookSetup | null> {
  return tx.row<WebhookSetup>(
    `select status, url, proved, last_error, (extract(epoch from clock_timestamp() - tried_at) * 1000)::bigint as ago_ms
     from webhook_setups where workspace_id = $1 and connection_id = $2`,
    [tx.workspaceId, connectionId],
  );
}

/** What deliveries of a connection may be signed with: its own secret, and those of subscriptions that have one each. */
export async function readWebhookSecrets(
  tx: WorkspaceTx,
  box: SecretBox,
  connectionId: string,
): Promise<string[]> {
  const secrets = await readConnectionSecrets(tx, box, connectionId);
  return Object.entries(secrets).flatMap(([name, secret]) => (numbered.test(name) ? [secret] : []));
}

/** A platform is about to be asked, and may prove its address before it has answered. */
export async function beginWebhookSetup(
  tx: WorkspaceTx,
  box: SecretBox,
  connectionId: string,
  { url, secret }: { url: string; secret: string },
): Promise<void> {
  await tx.run(
    `insert into webhook_setups (workspace_id, connection_id, status, url) values ($1, $2, 'pending', $3)
     on conflict (workspace_id, connection_id) do update
       set status = 'pending', url = excluded.url, proved = '[]', last_error = null, tried_at = clock_timestamp()`,
    [tx.workspaceId, connectionId, url],
  );
  await tx.run(
    `delete from connection_secrets where workspace_id = $1 and connection_id = $2 and name ~ '^webhookSecret[0-9]+$'`,
    [tx.workspaceId, connectionId],
  );
  await writeConnectionSecrets(tx, box, connectionId, { webhookSecret: secret });
}

/** Adds a secret beside those that are there; one that is known changes nothing. */
export async function addWebhookSecret(
  tx: WorkspaceTx,
  box: SecretBox,
  connectionId: string,
  secret: string,
): Promise<void> {
  const secrets = await readConnectionSecrets(tx, box, connectionId);
  const names = Object.keys(secrets).filter((name) => numbered.test(name));
  if (names.some((name) => secrets[name] === secret)) return;
  const free = Array.from({ length: mostSecrets }, (_, index) => `webhookSecret${index + 1}`).find(
    (name) => !names.includes(name),
  );
  if (free === undefined) throw new Error(`connection ${connectionId} has ${mostSecrets} webhook secrets`);
  await writeConnectionSecrets(tx, box, connectionId, { [free]: secret });
}

export async function addSubscriptions(
  tx: WorkspaceTx,
  connectionId: string,
  externalIds: readonly string[],
  status: 'pending' | 'active',
): Promise<void> {
  await tx.run(
    `insert into webhook_subscriptions (workspace_id, connection_id, external_id, status)
     select $1, $2, s.external_id, $4 from unnest($3::text[]) as s(external_id)
     on conflict (workspace_id, connection_id, external_id) do update set status = excluded.status`,
    [tx.workspaceId, connectionId, textArray(externalIds), status],
  );
}

/** Those that are not ended, oldest first. */
export function listSubscriptions(tx: WorkspaceTx, connectionId: string): Promise<StoredSubscription[]> {
  return tx.rows<StoredSubscription>(
    `select external_id, status from webhook_subscriptions
     where workspace_id = $1 and connection_id = $2 and status <> 'ended' order by id`,
    [tx.workspaceId, connectionId],
  );
}

export async function setSubscription(
  tx: WorkspaceTx,
  connectionId: string,
  externalId: string,
  status: StoredSubscription['status'],
): Promise<void> {
  await tx.run(
    'update webhook_subscriptions set status = $4 where workspace_id = $1 and connection_id = $2 and external_id = $3',
    [tx.workspaceId, connectionId, externalId, status],
  );
}

export async function endWebhookSetup(
  tx: WorkspaceTx,
  connectionId: string,
  outcome: { status: 'pending' | 'active' | 'ended'; lastError?: string | null },
): Promise<void> {
  await tx.run(
    `update webhook_setups set status = $3, last_error = $4, tried_at = clock_timestamp() where workspace_id = $1 and connection_id = $2`,
    [tx.workspaceId, connectionId, outcome.status, outcome.lastError ?? null],
  );
}

export async function failWebhookSetup(
  tx: WorkspaceTx,
  connectionId: string,
  url: string,
  lastError: string,
): Promise<void> {
  await tx.run(
    `insert into webhook_setups (workspace_id, connection_id, status, url, last_error) values ($1, $2, 'failed', $3, $4)
     on conflict (workspace_id, connection_id) do update
       set status = 'failed', url = excluded.url, last_error = excluded.last_error, tried_at = clock_timestamp()`,
    [tx.workspaceId, connectionId, url, lastError],
  );
}

/** What was given back is not given back again; what came meanwhile stays. */
export async function forgetProved(
  tx: WorkspaceTx,
  connectionId: string,
  proved: readonly Record<string, string>[],
): Promise<void> {
  await tx.run(
    `update webhook_setups set proved = coalesce(
       (select jsonb_agg(p) from jsonb_array_elements(proved) p where not $3::jsonb @> jsonb_build_array(p)), '[]')
     where workspace_id = $1 and connection_id = $2`,
    [tx.workspaceId, connectionId, JSON.stringify(proved)],
  );
}

/**
 * Keeps what a handshake told while a setup is awaited, and has the connection look, which activates. False when none is
 * awaited: nothing is kept then, for anyone could send one.
 */
export async function keepHandshake(
  tx: WorkspaceTx,
  box: SecretBox,
  connectionId: string,
  told: { learned?: string | undefined; proved?: Readonly<Record<string, string>> | undefined },
): Promise<boolean> {
  const awaited = await tx.row(
    `select from webhook_setups where workspace_id = $1 and connection_id = $2 and status = 'pending' for update`,
    [tx.workspaceId, connectionId],
  );
  if (!awaited) return false;
  if (told.learned !== undefined) await addWebhookSecret(tx, box, connectionId, told.learned);
  // Without anything to give back, the handshake itself is the proof.
  await tx.run(
    `update webhook_setups set proved = proved || $3::jsonb
     where workspace_id = $1 and connection_id = $2 and jsonb_array_length(proved) < $4 and not proved @> $3::jsonb`,
    [tx.workspaceId, connectionId, JSON.stringify([told.proved ?? {}]), mostProved],
  );
  await enqueueLook(tx, {
    subjectType: 'connection',
    subjectId: connectionId,
    lane: 'interactive',
    reason: 'webhook handshake',
  });
  return true;
}

/** How far webhooks of each connection are, for its page. */
export async function readWebhookSetups(
  tx: WorkspaceTx,
  connectionIds: readonly string[],
): Promise<Map<string, Pick<WebhookSetup, 'status' | 'lastError'>>> {
  const rows = await tx.rows<Pick<WebhookSetup, 'status' | 'lastError'> & { connectionId: string }>(
    `select connection_id, status, last_error from webhook_setups where workspace_id = $1 and connection_id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(connectionIds)],
  );
  return new Map(rows.map(({ connectionId, ...setup }) => [connectionId, setup]));
}
