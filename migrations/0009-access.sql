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
select tenant_table('role_permissions');

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
