-- Owns work that is recorded here against tasks, which product it is sold as, and compiling as a command of its own.

-- Where a person keeps time; null: the workspace's zone.
alter table people add column zone text;

alter table products
  add column status text not null default 'active' check (status in ('active', 'archived')),
  add constraint products_default_price_check check (default_price >= 0);
alter table units
  add column status text not null default 'active' check (status in ('active', 'archived')),
  add constraint units_raw_per_unit_check check (raw_per_unit > 0);

-- What a task bills by itself, beside what is recorded on it: raw units, by its unit (domain/task.ts).
alter table tasks
  add column quantity bigint check (quantity > 0),
  add constraint tasks_unit_price_check check (unit_price >= 0);

-- One clock that runs for a person. The key is what keeps it one, however many starts race.
create table timers (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  task_id uuid not null,
  person_id uuid not null,
  -- Days are cut by it, whatever the person's zone becomes.
  zone text not null,
  position text,
  note text not null default '',
  started_at timestamptz not null,
  stopped_at timestamptz,
  discarded boolean not null default false,
  -- It ran longer than anybody works, and its person was told.
  forgotten_told_at timestamptz,
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  check (stopped_at >= started_at),
  foreign key (workspace_id, task_id) references tasks,
  foreign key (workspace_id, person_id) references people
);
select tenant_table('timers');
create unique index timers_one_running on timers (workspace_id, person_id) where stopped_at is null;

-- What somebody recorded on a task; it becomes one work entry, mileage with time on the road two.
create table task_entries (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  task_id uuid not null,
  person_id uuid not null,
  kind text not null check (kind in ('labor', 'mileage', 'expense', 'goods')),
  work_date date not null,
  zone text,
  started_at timestamptz,
  ended_at timestamptz,
  seconds bigint,
  metres bigint,
  transport_seconds bigint,
  amount numeric,
  currency text,
  count bigint,
  -- Its own price and what one of it cost, per hour, kilometre or piece.
  unit_price numeric check (unit_price >= 0),
  unit_cost numeric check (unit_cost >= 0),
  product_id uuid,
  position text,
  billable boolean not null default true,
  note text not null default '',
  timer_id uuid,
  revision integer not null default 1,
  approval text not null default 'submitted' check (approval in ('submitted', 'approved', 'rejected')),
  decided_by text,
  decided_at timestamptz,
  decision_reason text,
  deleted_at timestamptz,
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, task_id) references tasks,
  foreign key (workspace_id, person_id) references people,
  foreign key (workspace_id, product_id) references products,
  foreign key (workspace_id, timer_id) references timers,
  check (case kind
    when 'labor' then seconds > 0
    when 'mileage' then metres > 0 and coalesce(transport_seconds, 1) > 0
    when 'expense' then amount > 0 and currency is not null
    else count > 0 end)
);
select tenant_table('task_entries');
create index on task_entries (workspace_id, person_id, id);
create index on task_entries (workspace_id, task_id, id);

-- What only an entry recorded here says of itself: what it is sold as, and a price that a person here gave it. `rate` is
-- what a platform says, which is information.
alter table entry_versions
  add column product_id uuid,
  add column unit_price numeric;

-- Which step of the resolution named the product of an item (domain/pricing/resolve-product.ts).
alter table billable_items
  add column product_step text;

-- A run may end at its items; `task_ids` narrows what it compiles. It shows as an operation where one asked for it so.
alter table runs
  drop constraint runs_finish_at_check,
  add constraint runs_finish_at_check check (finish_at in ('compile', 'draft', 'issue')),
  drop constraint runs_status_check,
  add constraint runs_status_check check (status in ('queued', 'running', 'done', 'failed', 'cancelled', 'undone')),
  add column task_ids uuid[],
  add column operation_id uuid,
  add column undo_requested boolean not null default false;
alter table run_steps
  drop constraint run_steps_step_check,
  add constraint run_steps_step_check check (step in ('compile', 'draft', 'issue', 'undo'));
