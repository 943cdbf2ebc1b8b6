-- Owns billing that runs itself: the policy of a contract, and the triggers that were pulled and wait to become a run.

-- What a contract bills by itself. A row stands while any of its versions, also one to come, has a trigger of the kind; what
-- counts on a day is read from the version of that day. So a contract without triggers is told by a look at no row.
create table billing_policies (
  workspace_id uuid not null,
  contract_id uuid not null,
  on_entry boolean not null,
  on_period boolean not null,
  on_watch boolean not null,
  on_project boolean not null,
  -- Half-open: periods up to this day were pulled; null before the first.
  billed_before date,
  -- Entries that come before then gather into the next run; null: the next one bills at once.
  gather_until timestamptz,
  paused_at timestamptz,
  paused_by text,
  pause_reason text check (length(pause_reason) between 1 and 2000),
  created_at timestamptz not null default now(),
  primary key (workspace_id, contract_id),
  foreign key (workspace_id, contract_id) references contracts,
  check ((paused_at is null) = (paused_by is null) and (paused_at is null) = (pause_reason is null))
);
select tenant_table('billing_policies');

create table trigger_pulls (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  contract_id uuid not null,
  trigger text not null check (trigger in ('entry', 'period_end', 'ready_for_billing', 'by_hand', 'threshold')),
  pulled_by text not null,
  reason text,
  -- Work dated before this day is billed (half-open).
  cutoff_on date not null,
  -- Null: the whole contract.
  project_id uuid,
  -- Of a period's end: `2026-01-01/2026-02-01`.
  period text,
  -- Somebody waits for it.
  urgent boolean not null default false,
  -- How often it was pulled while it waited.
  pulls integer not null default 1 check (pulls > 0),
  -- By the workspace's clock; the first time.
  pulled_at timestamptz not null,
  run_id uuid,
  dropped_reason text,
  primary key (workspace_id, id),
  foreign key (workspace_id, contract_id) references billing_policies,
  foreign key (workspace_id, project_id) references projects,
  foreign key (workspace_id, run_id) references runs,
  check (run_id is null or dropped_reason is null)
);
select tenant_table('trigger_pulls');
-- An equal pull that waits already is the same one.
create unique index trigger_pulls_open on trigger_pulls (workspace_id, contract_id, trigger, project_id, period)
  nulls not distinct where run_id is null and dropped_reason is null;
create index on trigger_pulls (workspace_id, run_id) where run_id is not null;
create index on trigger_pulls (workspace_id, contract_id, id);

insert into billing_policies (workspace_id, contract_id, on_entry, on_period, on_watch, on_project)
select workspace_id, contract_id, bool_or(on_entry), bool_or(on_period), bool_or(on_watch), false from (
  select workspace_id, contract_id, t ->> 'onApproval' is not distinct from 'true' as on_entry, t ->> 'periodEnd' is not null as on_period,
    t ->> 'thresholdHours' is not null or t ->> 'thresholdAmount' is not null as on_watch
  from (
    select workspace_id, id as contract_id, clauses -> 'triggers' as t from contracts
    union all select workspace_id, contract_id, clauses -> 'triggers' from contract_versions) v
  where t is not null) k
group by 1, 2 having bool_or(on_entry or on_period or on_watch);
