-- Owns what makes the events an audit: what was and is, where from, and personal fields that can be forgotten.

alter table events
  -- Only the fields that differ.
  add column before jsonb,
  add column after jsonb,
  -- Where from: api, cli, workflow, import, system; which request or workflow.
  add column origin jsonb,
  -- [{ key, fields, sealed }]: fields of the above as ciphertext, each list under the key of the one whom it is about.
  add column personal jsonb;

-- Whoever sees the rest of an event's row may see none of it change.
create or replace function refuse_event_change() returns trigger language plpgsql as $$
begin
  if old.seq is not null
    or (new.workspace_id, new.id, new.at, new.sandbox_at, new.actor, new.type, new.subject_type, new.subject_id, new.permission,
        new.payload, new.before, new.after, new.origin, new.personal)
      is distinct from
       (old.workspace_id, old.id, old.at, old.sandbox_at, old.actor, old.type, old.subject_type, old.subject_id, old.permission,
        old.payload, old.before, old.after, old.origin, old.personal) then
    raise exception 'events are append-only' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;

-- The audit asks by time, by who and by what. A type that is asked for alone is found by skipping through the few subject
-- types (Postgres 18).
create index on events (workspace_id, at) where seq is not null;
create index on events (workspace_id, actor, seq) where seq is not null;
create index on events (workspace_id, subject_type, type, seq) where seq is not null;

-- A data key per person (member, client, key …), sealed with the hub's secret key, which is in no database. A backup leaves
-- this table out and keeps it apart (docs/decisions/0013-audit.md): a deleted key must not come back with an old copy.
create table person_keys (
  workspace_id uuid not null references workspaces,
  id uuid not null,
  -- `person:<id>`, `member:<id>`, `client:<id>`, `key:<id>`.
  owner text not null check (length(owner) between 3 and 200),
  key_version integer not null,
  ciphertext bytea not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, owner)
);
select tenant_table('person_keys', 'select, insert, delete');

alter table people add column forgotten_at timestamptz;

-- The sign-in of somebody who is forgotten wherever they were a member.
create function forget_user(signed_in uuid) returns void
language sql security definer set search_path = public as $$
  delete from auth_user u where u.id = signed_in and not exists (
    select from members m left join people p on p.workspace_id = m.workspace_id and p.id = m.person_id
    where m.user_id = u.id and p.forgotten_at is null)
$$;
revoke all on function forget_user(uuid) from public;
grant execute on function forget_user(uuid) to slipway_system;
