-- Owns what a contract agrees beyond its parties and dates, and how that changes: versions, each from a day on.

-- The clauses of the contract as it was made; shape and defaults in domain/contract-terms.ts.
alter table contracts add column clauses jsonb not null default '{}';

-- An amendment holds all clauses from its day on, so that reading one never depends on another. It is never changed: the
-- next one corrects it. Days before the first amendment go by the contract's own clauses.
create table contract_versions (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  contract_id uuid not null,
  version integer not null check (version > 0),
  starts_on date not null,
  clauses jsonb not null,
  reason text not null check (length(reason) between 1 and 2000),
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, contract_id, version),
  unique (workspace_id, contract_id, starts_on),
  foreign key (workspace_id, contract_id) references contracts
);
select tenant_table('contract_versions', 'select, insert');

-- Overtime is a clause of a version: a second place with dates of its own could contradict it.
drop table overtime_rules;

-- Which version an item was compiled under. Items are hot: no default, no index; null where no version priced it.
alter table billable_items add column contract_version integer;

-- One retainer a period: what it brings, and what is carried into it and out of it.
alter table retainers add column starts_on date not null,
  add unique (workspace_id, contract_id, starts_on),
  add check (expires_on > starts_on);
create trigger retainer_entries_append_only before update or delete on retainer_entries
  for each statement execute function refuse_change();

-- What a reached milestone is billed by; it has one item, however many runs pass it.
alter table milestones add column item_id uuid,
  add constraint milestones_item_check check (item_id is null or reached_at is not null);
