-- Owns what watches over unbilled work remember, and phases whose work is complete.

-- A watch that fired. Without a row it is armed; the row goes when the work was billed, or fell well below the threshold.
create table billing_watches (
  workspace_id uuid not null,
  contract_id uuid not null,
  -- Unbilled hours, the unbilled amount, or the age of the oldest unbilled work in days.
  measure text not null check (measure in ('hours', 'amount', 'age')),
  -- Of the terms when it fired: against another one it is armed.
  threshold numeric not null,
  -- Of an age: work up to this day has fired. Later work fires by itself.
  fired_through date,
  -- By the workspace's clock.
  fired_at timestamptz not null,
  -- By the real one, as runs end by it.
  created_at timestamptz not null default now(),
  primary key (workspace_id, contract_id, measure),
  foreign key (workspace_id, contract_id) references contracts,
  check ((measure = 'age') = (fired_through is not null))
);
select tenant_table('billing_watches', 'select, insert, update, delete');

-- Completed: its work is done, what is left of it is billed, and nothing of it is held back any more. Closed takes no work.
alter table phases
  drop constraint phases_status_check,
  add constraint phases_status_check check (status in ('open', 'completed', 'closed'));
