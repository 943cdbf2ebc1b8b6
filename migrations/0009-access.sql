-- Owns who may enter: members with their sign-in and invitations, what each role may do, and what a key or a session counts as.

-- A member signs in as a user (below); one user may be a member of several workspaces. A person has one member, so that "own"
-- means one thing; a client's member sees that client's documents.
alter table members
  add column user_id uuid,
  add column client_id uuid,
  add constraint members_client_check check (client_id is null or role = 'client'),
  add constraint members_person_check check (person_id is null or role <> 'client'),
  add foreign key (workspace_id, client_id) references clients;
create unique index on members (workspace_id, user_id) where user_id is not null;
create unique index on members (workspace_id, person_id) where person_id is not null;
create index on members (workspace_id, client_id) where client_id is not null;

-- What a role may do here, where an admin has changed it; without a row the role has what domain/permissions.ts gives it.
create table role_permissions (
  workspace_id uuid not null references workspaces,
  role text not null check (role in ('contractor', 'employee', 'manager', 'admin', 'client')),
  scopes text[] not null,
  updated_at timestamptz not null default now(),
  primary key (workspace_id, role)
);
select tenant_table('role_permissions', 'select, insert, update, delete');

-- Null scopes of a role: the default. A key of a member counts as the member (BILLING §8), and ends with them.
drop function find_api_key(bytea);
create function find_api_key(hash bytea)
returns table (workspace_id uuid, id uuid, name text, scopes text[],
  member_id uuid, role text, person_id uuid, client_id uuid, role_scopes text[])
language sql security definer set search_path = public stable as $$
  select k.workspace_id, k.id, k.name, k.scopes, m.id, m.role, m.person_id, m.client_id, r.scopes
  from api_keys k
  left join members m on m.workspace_id = k.workspace_id and m.id = k.member_id
  left join role_permissions r on r.workspace_id = m.workspace_id and r.role = m.role
  where k.key_hash = hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
    and (k.member_id is null or m.status = 'active')
$$;
revoke all on function find_api_key(bytea) from public;
grant execute on function find_api_key(bytea) to slipway_system;

-- Which workspaces a signed-in user may enter, and as what: asked before a workspace is known.
create index on members (user_id) where user_id is not null;
create function find_members_of_user(signed_in uuid)
returns table (workspace_id uuid, workspace_name text, member_id uuid, name text, role text, person_id uuid, client_id uuid,
  role_scopes text[])
language sql security definer set search_path = public stable as $$
  select m.workspace_id, w.name, m.id, m.name, m.role, m.person_id, m.client_id, r.scopes
  from members m
  join workspaces w on w.id = m.workspace_id
  left join role_permissions r on r.workspace_id = m.workspace_id and r.role = m.role
  where m.user_id = signed_in and m.status = 'active' order by w.name, w.id limit 1000
$$;
revoke all on function find_members_of_user(uuid) from public;
grant execute on function find_members_of_user(uuid) to slipway_system;

-- A link that lets one member in, once. Only the SHA-256 of its token is kept; tokens are 256 random bits.
create table invitations (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  member_id uuid not null,
  token_hash bytea not null unique,
  invited_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, member_id) references members
);
select tenant_table('invitations');
create index on invitations (workspace_id, member_id);

-- A token is presented before its workspace is known.
create function find_invitation(hash bytea)
returns table (workspace_id uuid, workspace_name text, id uuid, member_id uuid, name text, email text, role text, expires_at timestamptz)
language sql security definer set search_path = public stable as $$
  select i.workspace_id, w.name, i.id, m.id, m.name, m.email, m.role, i.expires_at
  from invitations i
  join members m on m.workspace_id = i.workspace_id and m.id = i.member_id
  join workspaces w on w.id = i.workspace_id
  where i.token_hash = hash and i.accepted_at is null and i.expires_at > now() and m.status = 'invited'
$$;
revoke all on function find_invitation(bytea) from public;
grant execute on function find_invitation(bytea) to slipway_system;

-- Sign-up is closed: an account comes into being only for an address that somebody invited.
create function is_expected(address text) returns boolean
language sql security definer set search_path = public stable as $$
  select exists (select from members where email = lower(address) and status in ('invited', 'active'))
$$;
revoke all on function is_expected(text) from public;
grant execute on function is_expected(text) to slipway_system;
create index on members (email);

-- The tables of better-auth 1.6 (its models user, session, account, verification, twoFactor, rateLimit); it alone reads and
-- writes them, as the system role. They belong to no workspace: a person signs in once and is a member of several.
create table auth_user (
  id uuid primary key,
  name text not null,
  email text not null unique,
  email_verified boolean not null default false,
  image text,
  two_factor_enabled boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create table auth_session (
  id uuid primary key,
  user_id uuid not null references auth_user on delete cascade,
  token text not null unique,
  expires_at timestamptz not null,
  ip_address text,
  user_agent text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index on auth_session (user_id);
create table auth_account (
  id uuid primary key,
  user_id uuid not null references auth_user on delete cascade,
  -- 'credential' with a password, or the firm's OIDC with the subject there.
  provider_id text not null,
  account_id text not null,
  password text,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (provider_id, account_id)
);
create index on auth_account (user_id);
create table auth_verification (
  id uuid primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index on auth_verification (identifier);
create table auth_two_factor (
  id uuid primary key,
  user_id uuid not null references auth_user on delete cascade,
  secret text not null,
  backup_codes text not null,
  verified boolean not null default true,
  failed_verification_count integer not null default 0,
  locked_until timestamptz
);
create index on auth_two_factor (user_id);
create table auth_rate_limit (
  id uuid primary key,
  key text not null unique,
  count integer not null,
  last_request bigint not null
);
do $$
declare t text;
begin
  foreach t in array array['auth_user', 'auth_session', 'auth_account', 'auth_verification', 'auth_two_factor', 'auth_rate_limit'] loop
    execute format('alter table %I enable row level security', t);
    perform system_table(t::regclass, 'select, insert, update, delete');
  end loop;
end $$;

-- A team that nobody is in may go.
grant delete on teams to slipway_app;
