-- Owns the two application roles, the tenancy rule, and the workspace with its people, keys and members.
-- The login role owns every table; the application runs as slipway_app (bound by row-level security), the relay,
-- sequencer, roller and sweeper as slipway_system (policies on their own tables only).
do $$ begin create role slipway_app nologin; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role slipway_system nologin; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin execute format('grant slipway_app, slipway_system to %I', current_user); exception when others then null; end $$;
grant usage on schema public to slipway_app, slipway_system;

create function current_workspace() returns uuid language sql stable parallel safe
  return nullif(current_setting('app.workspace', true), '')::uuid;

-- Makes a table a tenant's: rows of other workspaces neither show nor can be written.
create function tenant_table(t regclass, privileges text default 'select, insert, update') returns void
language plpgsql as $$
begin
  execute format('alter table %s enable row level security', t);
  -- As a sub-select the setting is read and parsed once a statement, not once a row.
  execute format('create policy tenant on %s to slipway_app
    using (workspace_id = (select nullif(current_setting(''app.workspace'', true), '''')::uuid))
    with check (workspace_id = (select nullif(current_setting(''app.workspace'', true), '''')::uuid))', t);
  execute format('grant %s on %s to slipway_app', privileges, t);
  -- No statistics on the workspace: they do not know a new one, so the planner takes it for one row, and then any index
  -- that begins with the workspace looks as good as the right one. Without them it assumes 1/200 of the table.
  execute format('alter table %s alter column workspace_id set statistics 0', t);
end $$;

-- Opens a tenant table to the system role across workspaces.
create function system_table(t regclass, privileges text) returns void language plpgsql as $$
begin
  execute format('create policy system on %s to slipway_system using (true) with check (true)', t);
  execute format('grant %s on %s to slipway_system', privileges, t);
end $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'integrity_constraint_violation';
end $$;

-- One row: what every process of this installation shares.
create table hub (
  only_row boolean primary key default true check (only_row),
  epoch integer not null default 1,
  -- Tells which key the secrets at rest are sealed with; written by the first start.
  secret_check bytea,
  created_at timestamptz not null default now()
);
insert into hub default values;
grant select on hub to slipway_app, slipway_system;
grant update (epoch, secret_check) on hub to slipway_system;

create table workspaces (
  id uuid primary key default uuidv7(),
  name text not null check (length(name) between 1 and 200),
  kind text not null default 'live' check (kind in ('live', 'sandbox')),
  -- Sandbox workspaces carry their own clock; null means the real one.
  clock_at timestamptz,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now()
);
alter table workspaces enable row level security;
create policy tenant on workspaces to slipway_app using (id = current_workspace()) with check (id = current_workspace());
create policy system on workspaces to slipway_system using (true) with check (true);
grant select, update on workspaces to slipway_app;
grant select, insert on workspaces to slipway_system;

create table people (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  name text not null check (length(name) between 1 and 200),
  email text,
  kind text not null default 'employee' check (kind in ('contractor', 'employee')),
  position text,
  active boolean not null default true,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id)
);
select tenant_table('people');

create table members (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  role text not null check (role in ('contractor', 'employee', 'manager', 'admin', 'client')),
  name text not null,
  email text not null,
  person_id uuid,
  status text not null default 'active' check (status in ('invited', 'active', 'suspended')),
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, email),
  foreign key (workspace_id, person_id) references people
);
select tenant_table('members');

create table teams (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  name text not null,
  default_product_id uuid,
  primary key (workspace_id, id),
  unique (workspace_id, name)
);
select tenant_table('teams');

create table memberships (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  team_id uuid not null,
  person_id uuid not null,
  default_product_id uuid,
  primary key (workspace_id, id),
  unique (workspace_id, team_id, person_id),
  foreign key (workspace_id, team_id) references teams,
  foreign key (workspace_id, person_id) references people
);
select tenant_table('memberships', 'select, insert, update, delete');

-- Only the SHA-256 of a key is kept; keys are 256 random bits, so a fast hash suffices.
create table api_keys (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  name text not null,
  prefix text not null,
  key_hash bytea not null unique,
  scopes text[] not null,
  member_id uuid,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, member_id) references members
);
select tenant_table('api_keys');

-- A key is presented before its workspace is known: this one look-up runs with the owner's rights.
create function find_api_key(hash bytea)
returns table (workspace_id uuid, id uuid, name text, scopes text[], member_id uuid)
language sql security definer set search_path = public stable as $$
  select k.workspace_id, k.id, k.name, k.scopes, k.member_id from api_keys k
  where k.key_hash = hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
$$;
revoke all on function find_api_key(bytea) from public;
grant execute on function find_api_key(bytea) to slipway_system;
