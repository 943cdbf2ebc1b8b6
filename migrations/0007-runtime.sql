-- Owns what carries work between commands, workflows and readers: outbox, due rows, operations, events, totals.

-- Insert-only for commands; deleted by explicit id by the look that consumed it.
create table outbox (
  workspace_id uuid not null,
  id bigint generated always as identity primary key,
  subject_type text not null check (subject_type in ('billing_run', 'client_invoice', 'connection', 'ticket', 'contractor_invoice', 'billing_policy')),
  subject_id uuid not null,
  lane text not null default 'interactive' check (lane in ('interactive', 'bulk')),
  reason text not null,
  created_at timestamptz not null default now(),
  signalled_at timestamptz
);
select tenant_table('outbox', 'select, insert, delete');
select system_table('outbox', 'select, update');
create index on outbox (workspace_id, subject_type, subject_id);
create index on outbox (lane, id);

create table due (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  subject_type text not null,
  subject_id uuid not null,
  kind text not null,
  period text not null,
  due_at timestamptz not null,
  done_at timestamptz,
  primary key (workspace_id, id),
  unique (workspace_id, subject_type, subject_id, kind, period)
);
select tenant_table('due', 'select, insert, update, delete');
select system_table('due', 'select');
create index on due (due_at) where done_at is null;
create index on due (workspace_id, subject_id) where done_at is null;
grant insert on outbox to slipway_system;

create table operations (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  kind text not null,
  subject_id uuid,
  status text not null default 'queued' check (status in ('queued', 'running', 'done', 'failed', 'cancelled')),
  done bigint not null default 0,
  total bigint,
  message text,
  result jsonb,
  error jsonb,
  cancel_requested boolean not null default false,
  started_by text not null,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (workspace_id, id)
);
select tenant_table('operations', 'select, insert, update, delete');
create index on operations (workspace_id, status);

-- Committed events get a gap-free number per workspace, in batches, and a chained hash, by the one sequencer.
create table events (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  seq bigint,
  at timestamptz not null default clock_timestamp(),
  sandbox_at timestamptz,
  actor text not null,
  type text not null,
  subject_type text not null,
  subject_id uuid,
  -- Who may see it on the stream: a named permission, that of the resource it tells of.
  permission text not null,
  payload jsonb not null default '{}',
  hash bytea,
  primary key (workspace_id, id)
);
select tenant_table('events', 'select, insert');
select system_table('events', 'select');
grant update (seq, hash) on events to slipway_system;
create unique index on events (workspace_id, seq) where seq is not null;
create index events_unsequenced on events (id) where seq is null;
create index on events (workspace_id, subject_id, seq);

create function refuse_event_change() returns trigger language plpgsql as $$
begin
  if old.seq is not null or (new.workspace_id, new.id, new.at, new.actor, new.type, new.subject_type, new.subject_id, new.permission, new.payload)
    is distinct from (old.workspace_id, old.id, old.at, old.actor, old.type, old.subject_type, old.subject_id, old.permission, old.payload) then
    raise exception 'events are append-only' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger events_append_only before update on events for each row execute function refuse_event_change();
create trigger events_kept before delete on events for each statement execute function refuse_change();

create table event_heads (
  workspace_id uuid primary key references workspaces,
  seq bigint not null,
  hash bytea not null
);
select tenant_table('event_heads', 'select');
select system_table('event_heads', 'select, insert, update');

-- A read is totals + open deltas; the roller folds the deltas.
create table totals (
  workspace_id uuid not null,
  metric text not null,
  key text not null,
  value numeric not null,
  primary key (workspace_id, metric, key)
);
select tenant_table('totals', 'select');
select system_table('totals', 'select, insert, update, delete');

create table total_deltas (
  workspace_id uuid not null,
  id bigint generated always as identity primary key,
  metric text not null,
  key text not null,
  value numeric not null
);
select tenant_table('total_deltas', 'select, insert');
select system_table('total_deltas', 'select, delete');
create index on total_deltas (workspace_id, metric);

create table idempotency_keys (
  workspace_id uuid not null references workspaces,
  key text not null,
  route text not null,
  body_hash bytea not null,
  status integer,
  response jsonb,
  created_at timestamptz not null default now(),
  primary key (workspace_id, key)
);
select tenant_table('idempotency_keys');
select system_table('idempotency_keys', 'select, delete');
create index on idempotency_keys (created_at);
