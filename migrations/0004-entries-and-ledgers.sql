-- Owns work entries with their versions and the two ledgers of invariant 1: claims and allocations.
-- Hot tables: foreign keys only where a row cannot be proven by its ledger trigger; every bulk write is one statement.

create table work_entries (
  workspace_id uuid not null,
  id uuid not null,
  source_id uuid not null,
  external_id text not null,
  current_version integer not null default 1,
  deleted_at timestamptz,
  primary key (workspace_id, id),
  unique (workspace_id, source_id, external_id)
);
select tenant_table('work_entries');

create table entry_versions (
  workspace_id uuid not null,
  entry_id uuid not null,
  version integer not null,
  kind text not null check (kind in ('labor', 'expense', 'mileage_distance', 'mileage_time', 'goods')),
  work_date date not null,
  zone text,
  started_at timestamptz,
  ended_at timestamptz,
  -- Integer seconds, metres, cents or counts, by kind.
  quantity bigint not null,
  person_id uuid,
  client_id uuid,
  project_id uuid,
  task_id uuid,
  position text,
  billable boolean not null,
  running boolean not null default false,
  approval text not null check (approval in ('unsubmitted', 'submitted', 'approved', 'rejected')),
  -- The content hash that was approved: compared under the lock when the entry is billed (invariant 5).
  approved_hash bytea,
  settled_elsewhere boolean not null default false,
  content_hash bytea not null,
  notes text,
  rate numeric,
  cost_rate numeric,
  currency text,
  -- What the source called the person, client, project and task.
  source_refs jsonb not null,
  source_updated_at timestamptz,
  operation_id uuid,
  created_at timestamptz not null default now(),
  primary key (workspace_id, entry_id, version)
);
select tenant_table('entry_versions');
create index on entry_versions (workspace_id, person_id, work_date);

-- Claimed so far against what may be claimed, per entry version. Zero quantity: counted, never billable.
create table entry_balance (
  workspace_id uuid not null,
  entry_id uuid not null,
  version integer not null,
  project_id uuid,
  work_date date not null,
  quantity bigint not null,
  claimed bigint not null default 0,
  primary key (workspace_id, entry_id, version),
  check (claimed between least(0, quantity) and greatest(0, quantity))
) with (fillfactor = 50);
select tenant_table('entry_balance');
-- Compile walks this index by key; a claimed entry leaves it.
create index entry_balance_open on entry_balance (workspace_id, project_id, work_date, entry_id, version) where claimed <> quantity;

create table exceptions (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  rule text not null,
  severity text not null check (severity in ('E', 'W')),
  -- What the exception is about, so that the same finding made again is the same row.
  subject_key text not null,
  subject_type text not null,
  subject_id uuid,
  -- What was found (a sum, a hash): a released finding is raised again only when this changes.
  fingerprint text not null default '',
  status text not null default 'open' check (status in ('open', 'fixed', 'released', 'written_off')),
  detail jsonb not null default '{}',
  owner_id uuid,
  created_at timestamptz not null default now(),
  closed_at timestamptz,
  closed_by text,
  close_reason text,
  primary key (workspace_id, id),
  foreign key (workspace_id, owner_id) references members
);
select tenant_table('exceptions');
create unique index on exceptions (workspace_id, rule, subject_key) where status = 'open';
create index on exceptions (workspace_id, rule, subject_key, fingerprint);
create index on exceptions (workspace_id, status, created_at);

-- Entries that an exception covers; an entry with an open one is not compiled.
create table exception_entries (
  workspace_id uuid not null,
  exception_id uuid not null,
  entry_id uuid not null,
  version integer not null,
  open boolean not null default true,
  primary key (workspace_id, exception_id, entry_id, version),
  foreign key (workspace_id, exception_id) references exceptions
);
select tenant_table('exception_entries');
create index on exception_entries (workspace_id, entry_id, version) where open;

create table billable_items (
  workspace_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('labor', 'labor_overtime', 'expense', 'transport_distance', 'transport_time', 'goods', 'milestone', 'percentage', 'retainer')),
  entry_id uuid,
  entry_version integer,
  -- A later version bills only its difference, and names the last version before it that was claimed.
  replaces_version integer,
  contract_id uuid not null,
  client_id uuid not null,
  project_id uuid,
  phase_id uuid,
  task_id uuid,
  person_id uuid,
  product_id uuid,
  position text,
  work_date date not null,
  description text not null,
  unit text not null,
  -- Raw → rounded → adjusted are separate (BILLING §1); quantity is what the line will show.
  raw_quantity bigint not null,
  rounded_quantity numeric not null,
  adjusted_quantity numeric not null default 0,
  quantity numeric not null,
  unit_price numeric not null,
  amount numeric not null,
  cost_amount numeric,
  currency text not null,
  price_source text not null,
  price_rule jsonb not null default '{}',
  flagged boolean not null default false,
  -- Under a fixed price or a retainer: claimed, no revenue, cost kept.
  included boolean not null default false,
  held_reason text,
  -- Un-compiled: its claim went back to the entry, its balance is empty, and it is never drafted.
  withdrawn_at timestamptz,
  run_id uuid,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  check (unit_price >= 0)
);
select tenant_table('billable_items');

create table item_balance (
  workspace_id uuid not null,
  item_id uuid not null,
  contract_id uuid not null,
  quantity numeric not null,
  allocated numeric not null default 0,
  primary key (workspace_id, item_id),
  check (allocated between least(0, quantity) and greatest(0, quantity))
) with (fillfactor = 50);
select tenant_table('item_balance');
create index item_balance_open on item_balance (workspace_id, contract_id, item_id) where allocated <> quantity;

create sequence ledger_ids;
grant usage on sequence ledger_ids to slipway_app;

create table claims (
  workspace_id uuid not null,
  id bigint not null default nextval('ledger_ids'),
  entry_id uuid not null,
  version integer not null,
  item_id uuid not null,
  quantity bigint not null check (quantity <> 0),
  run_id uuid,
  created_at timestamptz not null default now(),
  -- The key is also the way from an entry to its items: hot ledgers carry no index more than they must.
  primary key (workspace_id, entry_id, version, id)
);
select tenant_table('claims', 'select, insert');

create table allocations (
  workspace_id uuid not null,
  id bigint not null default nextval('ledger_ids'),
  item_id uuid not null,
  kind text not null check (kind in ('draft', 'discard', 'void', 'credit', 'write_off', 'write_off_reversal', 'retainer', 'retainer_reversal')),
  invoice_id uuid,
  -- The document line, the write-off or the retainer draw that takes the quantity.
  target_id uuid not null,
  quantity numeric not null check (quantity <> 0),
  amount numeric not null,
  reason text,
  run_id uuid,
  created_at timestamptz not null default now(),
  primary key (workspace_id, item_id, id)
);
select tenant_table('allocations', 'select, insert');
create index on allocations (workspace_id, invoice_id, target_id) where invoice_id is not null;
create index on allocations (workspace_id, target_id) where invoice_id is null;

-- Applies the grouped deltas balance by balance in id order, which is also the order of the locks: the deltas are sorted
-- and drive a nested loop. The CHECK of the balance is the bound.
-- Row triggers and unordered locks deadlock; a trigger without locks lets items be over-allocated.
-- Each balance is reached by its key (only nested loops are allowed here): with statistics that do not know a new
-- workspace yet, another join would read all its rows for every chunk.
create function apply_claims() returns trigger language plpgsql
  set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare wanted bigint; changed bigint;
begin
  with delta as materialized (
    select workspace_id, entry_id, version, sum(quantity)::bigint as quantity from added group by 1, 2, 3 order by 1, 2, 3),
  moved as (
    update entry_balance b set claimed = b.claimed + d.quantity from delta d
    where b.workspace_id = d.workspace_id and b.entry_id = d.entry_id and b.version = d.version returning 1)
  select (select count(*) from delta), (select count(*) from moved) into wanted, changed;
  if changed <> wanted then
    raise exception 'a claim names an entry version without a balance' using errcode = 'foreign_key_violation';
  end if;
  return null;
end $$;
create trigger apply_claims after insert on claims referencing new table as added
  for each statement execute function apply_claims();

create function apply_allocations() returns trigger language plpgsql
  set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare wanted bigint; changed bigint; broken record; negative boolean;
begin
  with delta as materialized (
    select workspace_id, item_id, sum(quantity) as quantity from added group by 1, 2 order by 1, 2),
  moved as (
    update item_balance b set allocated = b.allocated + d.quantity from delta d
    where b.workspace_id = d.workspace_id and b.item_id = d.item_id returning b.quantity)
  select (select count(*) from delta), (select count(*) from moved), (select coalesce(bool_or(m.quantity < 0), false) from moved m)
    into wanted, changed, negative;
  if changed <> wanted then
    raise exception 'an allocation names an item without a balance' using errcode = 'foreign_key_violation';
  end if;
  -- Per (item, target): what goes back never exceeds what was taken there. Read under the item's lock. Whatever its kind
  -- says, a positive item only goes back by a negative quantity; of a negative item (a correction) every row is looked at.
  if negative or exists (select 1 from added a where a.quantity < 0) then
    select a.item_id, a.target_id into broken
      from (select distinct workspace_id, item_id, target_id from added) a
      cross join lateral (
        select sum(l.quantity) as quantity from allocations l
        where l.workspace_id = a.workspace_id and l.item_id = a.item_id and l.target_id = a.target_id offset 0) taken
      cross join lateral (
        select b.quantity from item_balance b where b.workspace_id = a.workspace_id and b.item_id = a.item_id offset 0) item
      where taken.quantity not between least(0, item.quantity) and greatest(0, item.quantity)
      limit 1;
    if found then
      raise exception 'item % would be returned from line % by more than it took', broken.item_id, broken.target_id
        using errcode = 'check_violation';
    end if;
  end if;
  return null;
end $$;
create trigger apply_allocations after insert on allocations referencing new table as added
  for each statement execute function apply_allocations();

create trigger claims_append_only before update or delete on claims for each statement execute function refuse_change();
create trigger allocations_append_only before update or delete on allocations for each statement execute function refuse_change();
