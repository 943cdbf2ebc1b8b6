-- Owns where work comes from and where documents go: connections, files, mapping, quarantine, vendor writes.

create table connections (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  connector text not null,
  name text not null,
  status text not null default 'active' check (status in ('setup', 'active', 'paused', 'authorization_lost', 'disconnected')),
  status_reason text,
  settings jsonb not null default '{}',
  base_url_override text,
  -- Who makes the number, the PDF, the tax; whether payments come back; whether the platform's rates price.
  ownership jsonb not null default '{}',
  go_live_on date not null,
  poll_seconds integer not null default 300 check (poll_seconds between 1 and 86400),
  epoch integer not null default 1,
  -- A person or a webhook asked for a sync now; answered once a poll started later than this.
  sync_requested_at timestamptz,
  last_success_at timestamptz,
  last_error jsonb,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, name)
);
select tenant_table('connections');
alter table contracts add foreign key (workspace_id, target_connection_id) references connections;

-- AES-256-GCM with a key that lives outside the database; the version names the key.
create table connection_secrets (
  workspace_id uuid not null,
  connection_id uuid not null,
  name text not null,
  key_version integer not null,
  ciphertext bytea not null,
  updated_at timestamptz not null default now(),
  primary key (workspace_id, connection_id, name),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('connection_secrets', 'select, insert, update, delete');

-- A source of work entries: a connection, a file format, tickets, or task timers.
create table sources (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  kind text not null check (kind in ('connection', 'file', 'ticket', 'timer')),
  name text not null,
  connection_id uuid,
  primary key (workspace_id, id),
  unique (workspace_id, kind, name),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('sources');

create table checkpoints (
  workspace_id uuid not null,
  connection_id uuid not null,
  stream text not null,
  cursor text,
  updated_at timestamptz not null default now(),
  primary key (workspace_id, connection_id, stream),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('checkpoints');

-- What a source calls a client, project, task or person → ours.
create table mapping_rules (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  -- Null: for every source of the workspace.
  source_id uuid,
  target_kind text not null check (target_kind in ('client', 'project', 'task', 'person')),
  match_by text not null check (match_by in ('external_id', 'code', 'name', 'pattern', 'email')),
  match_value text not null,
  target_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique nulls not distinct (workspace_id, source_id, target_kind, match_by, match_value),
  foreign key (workspace_id, source_id) references sources
);
select tenant_table('mapping_rules', 'select, insert, update, delete');

-- Rows that could not be read, whole, with the reason. The same row read again is the same quarantine row.
create table quarantine (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  source_id uuid not null,
  operation_id uuid,
  position text not null,
  raw text not null,
  raw_hash bytea not null,
  truncated boolean not null default false,
  reason text not null,
  detail text not null,
  status text not null default 'open' check (status in ('open', 'fixed', 'dismissed')),
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, source_id, raw_hash),
  foreign key (workspace_id, source_id) references sources
);
select tenant_table('quarantine');

create table webhook_deliveries (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid not null,
  delivery_key text not null,
  body bytea not null,
  headers jsonb not null,
  received_at timestamptz not null default now(),
  handled_at timestamptz,
  primary key (workspace_id, id),
  unique (workspace_id, connection_id, delivery_key),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('webhook_deliveries', 'select, insert, update, delete');

-- A webhook's address names the connection only.
create function find_connection(wanted uuid) returns table (workspace_id uuid, connector text, status text)
language sql security definer set search_path = public stable as $$
  select c.workspace_id, c.connector, c.status from connections c where c.id = wanted
$$;
revoke all on function find_connection(uuid) from public;
grant execute on function find_connection(uuid) to slipway_system;
create index on connections (id);

-- A document's state at a platform.
create table sync_records (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid not null,
  subject_type text not null check (subject_type in ('client', 'product', 'client_invoice', 'credit_note', 'payment', 'contractor_invoice')),
  subject_id uuid not null,
  status text not null default 'not_synced' check (status in ('not_synced', 'queued', 'syncing', 'synced', 'failed', 'drifted')),
  failed_step text,
  reason text,
  generation integer not null default 1,
  external_id text,
  version_token text,
  remote_total numeric,
  synced_at timestamptz,
  updated_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, connection_id, subject_type, subject_id),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('sync_records');
create unique index on sync_records (workspace_id, connection_id, subject_type, external_id) where external_id is not null;
create index on sync_records (workspace_id, subject_id);

-- A vendor write about to happen: committed before the POST, so that a repeat knows to look first (invariant 6).
create table intents (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid not null,
  subject_type text not null,
  subject_id uuid not null,
  action text not null,
  generation integer not null,
  idempotency_key text not null,
  deadline_at timestamptz not null,
  status text not null default 'open' check (status in ('open', 'done', 'abandoned')),
  external_id text,
  attempts integer not null default 1,
  created_at timestamptz not null default now(),
  done_at timestamptz,
  primary key (workspace_id, id),
  unique (workspace_id, connection_id, subject_type, subject_id, action, generation),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('intents');
