-- Owns how connections sign in and pace their calls: token leases, consents under way, call slots, the latest errors.

create table connection_tokens (
  workspace_id uuid not null,
  connection_id uuid not null,
  -- Counts what was stored: whoever saw a lower one takes what is stored instead of asking the platform.
  generation integer not null default 1,
  -- Null: the platform does not say, or nobody has asked it yet.
  access_expires_at timestamptz,
  access_life_ms bigint,
  -- Of the consent; some platforms want it in every refresh.
  redirect_url text,
  refreshed_at timestamptz,
  -- Who asks the platform for new tokens, and until when nobody else does. No lock is held meanwhile.
  lease_holder uuid,
  lease_until timestamptz,
  primary key (workspace_id, connection_id),
  foreign key (workspace_id, connection_id) references connections,
  check ((lease_holder is null) = (lease_until is null))
);
select tenant_table('connection_tokens');

-- A person is at the platform's page of consent. Only the hash of the state is kept; it works once, for ten minutes.
create table authorisations (
  workspace_id uuid not null,
  state_hash bytea not null,
  connection_id uuid not null,
  -- What proves that the answer is for us (PKCE verifier, nonce), sealed.
  key_version integer not null,
  ciphertext bytea not null,
  redirect_url text not null,
  asked_by text not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (workspace_id, state_hash),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('authorisations', 'select, insert, update, delete');
create index on authorisations (workspace_id, connection_id);

-- How many calls the processes of a hub have taken of a connection's limit, in buckets, and what the platform said of it.
create table call_slots (
  workspace_id uuid not null,
  connection_id uuid not null,
  -- Of each bucket the time of its newest lease, ascending.
  taken_at timestamptz[] not null default '{}',
  slots integer[] not null default '{}',
  paused_until timestamptz,
  -- What the platform said is left, less what was leased since.
  calls_left integer,
  left_until timestamptz,
  primary key (workspace_id, connection_id),
  foreign key (workspace_id, connection_id) references connections
) with (fillfactor = 50);
select tenant_table('call_slots');

-- Leases up to `wanted` calls: granted, or how long to wait. `span_ms` is the window and the life of a lease together, so that
-- in no window more calls are made than the limit allows. What an earlier lease did not use is given back.
create function take_call_slots(
  of_workspace uuid, of_connection uuid, limit_calls integer, span_ms bigint, wanted integer,
  unused integer, unused_of timestamptz, said_left integer, said_until timestamptz)
returns table (granted integer, wait_ms bigint, lease text) language plpgsql as $$
declare
  here call_slots;
  at timestamptz;
  span interval := span_ms * interval '1 millisecond';
  used integer;
  free integer;
  last integer;
begin
  insert into call_slots (workspace_id, connection_id) values (of_workspace, of_connection) on conflict do nothing;
  select * into here from call_slots c where c.workspace_id = of_workspace and c.connection_id = of_connection for update;
  at := clock_timestamp();
  if unused > 0 then
    -- A lease is in the first bucket that is not older than it.
    select min(i) into last from generate_subscripts(here.taken_at, 1) i where here.taken_at[i] >= unused_of;
    if last is not null then
      here.slots[last] := greatest(here.slots[last] - unused, 0);
      here.calls_left := here.calls_left + unused;
    end if;
  end if;
  select coalesce(array_agg(b.t order by b.t), '{}'), coalesce(array_agg(b.n order by b.t), '{}'), coalesce(sum(b.n), 0)
    into here.taken_at, here.slots, used
    from unnest(here.taken_at, here.slots) as b(t, n) where b.t > at - span and b.n > 0;
  if said_left is not null then
    -- Within one window of the platform the lower word counts: the other one is older.
    here.calls_left := case when here.left_until > at and abs(extract(epoch from here.left_until - said_until)) < 2
      then least(here.calls_left, said_left) else said_left end;
    here.left_until := said_until;
  end if;
  free := limit_calls - used;
  if here.left_until > at then free := least(free, here.calls_left); end if;
  if here.paused_until > at then
    granted := 0;
    wait_ms := ceil(extract(epoch from here.paused_until - at) * 1000);
  elsif free > 0 then
    granted := least(wanted, free);
    wait_ms := 0;
    lease := at::text;
    last := cardinality(here.taken_at);
    if last > 0 and floor(extract(epoch from here.taken_at[last]) * 64000 / span_ms) = floor(extract(epoch from at) * 64000 / span_ms) then
      here.taken_at[last] := at;
      here.slots[last] := here.slots[last] + granted;
    else
      here.taken_at := here.taken_at || at;
      here.slots := here.slots || granted;
    end if;
    if here.left_until > at then here.calls_left := here.calls_left - granted; end if;
  else
    granted := 0;
    wait_ms := greatest(1, ceil(extract(epoch from
      case when used >= limit_calls then here.taken_at[1] + span - at else here.left_until - at end) * 1000));
  end if;
  update call_slots c set taken_at = here.taken_at, slots = here.slots, calls_left = here.calls_left, left_until = here.left_until
    where c.workspace_id = of_workspace and c.connection_id = of_connection;
  return next;
end $$;

-- The latest failures of a connection, newest first, at most ten.
alter table connections add column recent_errors jsonb not null default '[]';
