-- Owns what contract terms need to act: the bound of a fixed price, and retainers that are billed, drawn and given back.

-- One schedule a contract, or one for a project of it. How much of the work is complete is stated by a person, and the latest word counts.
alter table price_schedules
  -- Of the contract, that the price is of; -1: none was looked up yet.
  add column contract_version integer not null default -1,
  add column completed_percentage numeric check (completed_percentage between 0 and 100),
  add unique nulls not distinct (workspace_id, contract_id, project_id);
create trigger price_schedule_entries_append_only before update or delete on price_schedule_entries
  for each statement execute function refuse_change();

-- What the period was billed by; null: it is paid for elsewhere, or not billed yet.
alter table retainers add column fee_item_id uuid;
alter table retainer_entries drop constraint retainer_entries_kind_check,
  add constraint retainer_entries_kind_check check (kind in ('top_up', 'draw', 'return', 'roll_over', 'expire', 'refund'));

-- What one run drew for the work of one invoice: so that it goes back with that invoice. Allocations of the kind `retainer` name it.
create table retainer_draws (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  retainer_id uuid not null,
  run_id uuid not null,
  -- Of the invoice that the work would be on; there is none where all of it was drawn.
  group_key text not null,
  invoice_id uuid,
  returned_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, retainer_id) references retainers,
  foreign key (workspace_id, invoice_id) references client_invoices
);
select tenant_table('retainer_draws');
create index on retainer_draws (workspace_id, run_id);
create index on retainer_draws (workspace_id, invoice_id) where invoice_id is not null;
-- Until now an allocation named the retainer itself.
insert into retainer_draws (workspace_id, id, retainer_id, run_id, group_key)
select distinct on (workspace_id, target_id) workspace_id, target_id, target_id, coalesce(run_id, target_id), ''
from allocations where kind = 'retainer' order by workspace_id, target_id, id;
