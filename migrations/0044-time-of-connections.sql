-- Owns the time side of connections: webhook subscriptions, scope, entries that left it, billed marks, raw pages.

-- Which entries come in: lists by project, client, task, tag, person and group; empty: all.
alter table connections add column scope jsonb not null default '{}';

-- A webhook said that there is something to read. Unlike what a person asks for, it may wait for others to come with it.
alter table connections add column hinted_at timestamptz;

-- Whether a platform was asked to call us, at which address, and how far that got.
create table webhook_setups (
  workspace_id uuid not null,
  connection_id uuid not null,
  status text not null check (status in ('pending', 'active', 'failed', 'ended')),
  url text not null,
  -- What handshakes told that an activation needs, oldest first.
  proved jsonb not null default '[]',
  last_error text,
  tried_at timestamptz not null default now(),
  primary key (workspace_id, connection_id),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('webhook_setups');

create table webhook_subscriptions (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid not null,
  external_id text not null,
  status text not null check (status in ('pending', 'active', 'ended')),
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, connection_id, external_id),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('webhook_subscriptions');

-- What a delivery announced is looked into at the next reading.
create index on webhook_deliveries (workspace_id, connection_id, id) where handled_at is null;

-- Why an entry is gone: its source deleted it, or it was moved to where the connection's scope does not reach.
alter table work_entries add column gone_reason text check (gone_reason in ('deleted', 'out_of_scope'));

-- What a platform is to be told of its own entries: that we billed them, or that we did not after all.
create table billed_marks (
  workspace_id uuid not null,
  connection_id uuid not null,
  entry_id uuid not null,
  external_id text not null,
  wanted boolean not null,
  -- What it was told last; null: nothing yet.
  told boolean,
  refused text,
  -- Set while the platform is to be told; a refusal waits for another wish.
  open boolean not null default true,
  changed_at timestamptz not null default now(),
  primary key (workspace_id, connection_id, entry_id),
  foreign key (workspace_id, connection_id) references connections,
  foreign key (workspace_id, entry_id) references work_entries
);
select tenant_table('billed_marks');
create index on billed_marks (workspace_id, connection_id, entry_id) where open;

-- Answers as they were read, redacted and compressed, for whoever asks what a platform really said.
create table raw_pages (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid not null,
  path text not null,
  status integer not null,
  -- Of the answer, before it was cut and compressed.
  bytes integer not null,
  truncated boolean not null default false,
  body bytea not null,
  read_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (workspace_id, id),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('raw_pages', 'select, insert, delete');
create index on raw_pages (workspace_id, connection_id, id);
create index on raw_pages (workspace_id, expires_at);

-- How calls to a platform went, by the hour: how many, how long they took, and how long we waited for our own limit.
create table vendor_calls (
  workspace_id uuid not null,
  connection_id uuid not null,
  hour timestamptz not null,
  outcome text not null check (outcome in ('answered', 'AuthorizationLost', 'InvalidRequest', 'Throttled', 'Unavailable')),
  calls bigint not null,
  duration_ms bigint not null,
  waited_ms bigint not null,
  slowest_ms bigint not null,
  primary key (workspace_id, connection_id, hour, outcome),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('vendor_calls', 'select, insert, update, delete');
