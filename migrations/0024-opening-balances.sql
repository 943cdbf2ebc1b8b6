-- Owns going live with books that were kept elsewhere: batches of opening balances, and the documents that they bring.

-- What was open when the day began. It takes effect once a second person has signed off its control totals, is never changed
-- after that, and is undone by a batch that counters it.
create table opening_batches (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  name text not null check (length(name) between 1 and 200),
  as_of date not null,
  status text not null default 'proposed' check (status in ('proposed', 'in_effect', 'refused')),
  counters_batch_id uuid,
  row_count integer not null check (row_count > 0),
  rows_sha256 bytea not null,
  -- As who signed off stated them: [{ kind, currency, count, amount }].
  control_totals jsonb,
  proposed_by text not null,
  decided_by text,
  decided_at timestamptz,
  decision_reason text,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  check ((status = 'proposed') = (decided_at is null)),
  check ((decided_at is null) = (decided_by is null)),
  check ((status = 'in_effect') = (control_totals is not null)),
  foreign key (workspace_id, counters_batch_id) references opening_batches
);
select tenant_table('opening_batches');
create unique index on opening_batches (workspace_id, counters_batch_id) where counters_batch_id is not null and status <> 'refused';
create index on opening_batches (workspace_id, rows_sha256);

-- Nothing has ever written here. The subject is what the row brings: an invoice, a contractor invoice, or the series it sets.
alter table opening_balances
  drop column control_total_key,
  drop column signed_off_by,
  drop column signed_off_at;
alter table opening_balances rename column reference to number;
alter table opening_balances
  add column batch_id uuid not null,
  add column line_no integer not null,
  add column seller_id uuid,
  add column client_id uuid,
  add column person_id uuid,
  add column contract_id uuid,
  add column project_id uuid,
  add column phase_id uuid,
  add column position text,
  add column issue_date date,
  add column due_date date,
  -- Of a use of a cap: the day in whose period it counts.
  add column used_on date,
  -- What the document came to at first, where `amount` is what of it is open; of a last number the one before.
  add column total numeric,
  add column counters_id uuid,
  add constraint opening_balances_currency_check check (currency ~ '^[A-Z]{3}$'),
  add constraint opening_balances_document_check check (
    kind not in ('receivable', 'payable')
    or subject_id is not null and number is not null and currency is not null and issue_date is not null and due_date is not null and total is not null),
  add constraint opening_balances_contract_check check (kind not in ('retainer', 'cap_used') or contract_id is not null),
  add unique (workspace_id, batch_id, line_no),
  add foreign key (workspace_id, batch_id) references opening_batches,
  add foreign key (workspace_id, seller_id) references sellers,
  add foreign key (workspace_id, client_id) references clients,
  add foreign key (workspace_id, person_id) references people,
  add foreign key (workspace_id, contract_id) references contracts,
  add foreign key (workspace_id, project_id) references projects,
  add foreign key (workspace_id, phase_id) references phases,
  add foreign key (workspace_id, counters_id) references opening_balances;
revoke update on opening_balances from slipway_app;
create trigger opening_balances_append_only before update or delete on opening_balances
  for each statement execute function refuse_change();
create index opening_balances_cap_used on opening_balances (workspace_id, contract_id) where kind = 'cap_used';

-- Work of before that is not billed yet is one item, without entries, that the next run bills.
alter table billable_items drop constraint billable_items_kind_check,
  add constraint billable_items_kind_check check (kind in
    ('labor', 'labor_overtime', 'expense', 'transport_distance', 'transport_time', 'goods', 'milestone', 'percentage', 'retainer', 'opening'));

-- An invoice of before go-live is receivable and is in no revenue: its number is the other system's, no item is behind it, and
-- it may be of a contract that we never had. Its net and total are what was open of it.
alter table client_invoices alter column contract_id drop not null,
  drop constraint client_invoices_number_given_by_check,
  add constraint client_invoices_number_given_by_check check (number_given_by in ('series', 'platform', 'opening')),
  add constraint client_invoices_contract_check check (contract_id is not null or number_given_by = 'opening');

-- A mistake is countered and brought in anew, under the same number.
drop index client_invoices_workspace_id_seller_id_number_idx;
create unique index on client_invoices (workspace_id, seller_id, number)
  where number is not null and not (number_given_by = 'opening' and status = 'void');

-- The same for what contractors are owed: no ticket is behind it.
alter table contractor_invoices
  add column number_given_by text not null default 'series' check (number_given_by in ('series', 'opening')),
  drop constraint contractor_invoices_number_check,
  add constraint contractor_invoices_number_check check (
    (number is null or (sequence is not null) = (number_given_by = 'series')) and (sequence is null or number is not null)),
  drop constraint contractor_invoices_numbered_check,
  add constraint contractor_invoices_numbered_check check (
    status in ('draft', 'rejected', 'cancelled') or number is not null and issue_date is not null and (series_id is not null or number_given_by = 'opening'));
drop index contractor_invoices_workspace_id_seller_id_number_idx;
create unique index on contractor_invoices (workspace_id, seller_id, number)
  where number is not null and not (number_given_by = 'opening' and status = 'cancelled');
