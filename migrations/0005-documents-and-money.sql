-- Owns client invoices, corrections, and cash. Issued means immutable: a number freezes everything it was built from.

create table runs (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  scope_type text not null check (scope_type in ('contract', 'client', 'project', 'workspace')),
  scope_id uuid not null,
  trigger text not null check (trigger in ('entry', 'period_end', 'ready_for_billing', 'by_hand', 'threshold')),
  pulled_by text not null,
  reason text,
  -- Work dated before this day is billed (half-open).
  cutoff_on date not null,
  -- Where the run ends: drafts wait for a person, or are issued and synced.
  finish_at text not null default 'draft' check (finish_at in ('draft', 'issue')),
  status text not null default 'queued' check (status in ('queued', 'running', 'done', 'failed', 'cancelled')),
  cancel_requested boolean not null default false,
  error text,
  counts jsonb not null default '{}',
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  primary key (workspace_id, id)
);
select tenant_table('runs');
create index on runs (workspace_id, status);

create table run_steps (
  workspace_id uuid not null,
  run_id uuid not null,
  step text not null check (step in ('compile', 'draft', 'issue')),
  status text not null default 'running' check (status in ('running', 'done', 'failed', 'cancelled')),
  done bigint not null default 0,
  amount jsonb not null default '{}',
  retries integer not null default 0,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (workspace_id, run_id, step),
  foreign key (workspace_id, run_id) references runs
);
select tenant_table('run_steps');

create table client_invoices (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  seller_id uuid not null,
  client_id uuid not null,
  contract_id uuid not null,
  run_id uuid,
  -- What made this invoice one (client, project, month …), so that a repeated run finds its own draft.
  group_key text not null,
  status text not null default 'draft' check (status in
    ('draft', 'in_sign_off', 'ready', 'held', 'issued', 'sent', 'partially_paid', 'settled', 'discarded', 'void', 'credited', 'uncollectible')),
  hold_reason text,
  series_id uuid,
  number text,
  sequence bigint,
  currency text not null,
  -- Dates kept apart (BILLING §3); all null until issue except the service period.
  issue_date date,
  service_from date,
  service_to date,
  tax_point date,
  due_date date,
  posting_date date,
  net numeric not null default 0,
  tax numeric not null default 0,
  rounding numeric not null default 0,
  total numeric not null default 0,
  applied numeric not null default 0.00,
  credited numeric not null default 0.00,
  bad_debt numeric not null default 0.00,
  quantity_seconds bigint not null default 0,
  line_count integer not null default 0,
  item_count integer not null default 0,
  purchase_order_id uuid,
  -- Tax and rounding as the draft was made with: what its totals were reckoned by, and what is issued.
  terms jsonb not null default '{}',
  -- Terms, rates, tax, addresses, rounding as they were at issue.
  snapshot jsonb,
  content_hash bytea,
  created_at timestamptz not null default now(),
  issued_at timestamptz,
  confirmed_at timestamptz,
  settled_at timestamptz,
  primary key (workspace_id, id),
  check (status in ('draft', 'in_sign_off', 'ready', 'held', 'discarded') = (number is null)),
  check (number is null or (issue_date is not null and due_date is not null and snapshot is not null and sequence is not null)),
  check (applied >= 0 and credited >= 0 and bad_debt >= 0),
  check (total < 0 or applied + credited + bad_debt <= total),
  foreign key (workspace_id, seller_id) references sellers,
  foreign key (workspace_id, client_id) references clients,
  foreign key (workspace_id, contract_id) references contracts,
  foreign key (workspace_id, run_id) references runs,
  foreign key (workspace_id, series_id) references series,
  foreign key (workspace_id, purchase_order_id) references purchase_orders
);
select tenant_table('client_invoices');
create unique index on client_invoices (workspace_id, series_id, sequence) where sequence is not null;
create unique index on client_invoices (workspace_id, seller_id, number) where number is not null;
create unique index client_invoices_open_draft on client_invoices (workspace_id, run_id, group_key) where status = 'draft';
create index on client_invoices (workspace_id, client_id, status);
create index on client_invoices (workspace_id, run_id);
create index on client_invoices (workspace_id, purchase_order_id) where purchase_order_id is not null;
create index on client_invoices (workspace_id, status);

create table invoice_lines (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  invoice_id uuid not null,
  line_no integer not null,
  kind text not null default 'time' check (kind in ('time', 'expense', 'mileage', 'goods', 'milestone', 'percentage', 'retainer', 'discount', 'lump_sum')),
  group_key text not null,
  description text not null,
  project_id uuid,
  quantity numeric not null,
  unit text not null,
  unit_price numeric not null check (unit_price >= 0),
  amount numeric not null,
  tax_category text not null,
  tax_rate numeric not null,
  service_from date,
  service_to date,
  item_count integer not null,
  -- raw → rounded → capped → rate → markup → tax, with the numbers (invariant 3).
  formula jsonb not null,
  primary key (workspace_id, id),
  unique (workspace_id, invoice_id, line_no),
  unique (workspace_id, invoice_id, group_key),
  foreign key (workspace_id, invoice_id) references client_invoices
);
select tenant_table('invoice_lines', 'select, insert, update, delete');

create function refuse_issued_invoice_change() returns trigger language plpgsql as $$
begin
  if old.number is not null and (
    (new.number, new.sequence, new.series_id, new.seller_id, new.client_id, new.contract_id, new.currency, new.issue_date, new.due_date,
     new.tax_point, new.posting_date, new.service_from, new.service_to, new.net, new.tax, new.rounding, new.total, new.snapshot,
     new.content_hash, new.line_count, new.item_count, new.quantity_seconds, new.issued_at)
    is distinct from
    (old.number, old.sequence, old.series_id, old.seller_id, old.client_id, old.contract_id, old.currency, old.issue_date, old.due_date,
     old.tax_point, old.posting_date, old.service_from, old.service_to, old.net, old.tax, old.rounding, old.total, old.snapshot,
     old.content_hash, old.line_count, old.item_count, old.quantity_seconds, old.issued_at)) then
    raise exception 'invoice % is issued and cannot change; credit it instead', old.number using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger client_invoices_frozen before update on client_invoices for each row execute function refuse_issued_invoice_change();
create trigger client_invoices_kept before delete on client_invoices for each statement execute function refuse_change();

create function refuse_issued_line_change() returns trigger language plpgsql as $$
declare frozen text;
begin
  if tg_op = 'INSERT' then
    select i.number into frozen from client_invoices i
      where i.number is not null and (i.workspace_id, i.id) in (select workspace_id, invoice_id from added) limit 1;
  else
    select i.number into frozen from client_invoices i
      where i.number is not null and (i.workspace_id, i.id) in (select workspace_id, invoice_id from removed) limit 1;
  end if;
  if frozen is not null then
    raise exception 'invoice % is issued: its lines cannot change', frozen using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end $$;
create trigger invoice_lines_insert_frozen after insert on invoice_lines referencing new table as added
  for each statement execute function refuse_issued_line_change();
create trigger invoice_lines_update_frozen after update on invoice_lines referencing old table as removed
  for each statement execute function refuse_issued_line_change();
create trigger invoice_lines_delete_frozen after delete on invoice_lines referencing old table as removed
  for each statement execute function refuse_issued_line_change();

-- The bytes made once at issue; a reprint is those bytes (BILLING §9).
create table document_files (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  document_type text not null check (document_type in ('client_invoice', 'credit_note', 'contractor_invoice')),
  document_id uuid not null,
  format text not null check (format in ('html', 'pdf', 'xml')),
  sha256 bytea not null,
  storage_key text not null,
  bytes bigint not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, document_type, document_id, format)
);
select tenant_table('document_files', 'select, insert');

create table credit_notes (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  invoice_id uuid not null,
  series_id uuid,
  number text,
  sequence bigint,
  status text not null default 'draft' check (status in ('draft', 'issued', 'discarded')),
  reason text not null,
  issue_date date,
  tax_point date,
  posting_date date,
  currency text not null,
  net numeric not null default 0,
  tax numeric not null default 0,
  total numeric not null default 0,
  snapshot jsonb,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, invoice_id) references client_invoices,
  foreign key (workspace_id, series_id) references series
);
select tenant_table('credit_notes');
create unique index on credit_notes (workspace_id, series_id, sequence) where sequence is not null;

create table credit_note_lines (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  credit_note_id uuid not null,
  invoice_line_id uuid not null,
  kind text not null check (kind in ('quantity', 'price')),
  disposition text check (disposition in ('bill_again', 'write_off', 'replace')),
  quantity numeric not null default 0,
  amount numeric not null,
  tax numeric not null default 0,
  primary key (workspace_id, id),
  check ((kind = 'quantity') = (disposition is not null)),
  foreign key (workspace_id, credit_note_id) references credit_notes,
  foreign key (workspace_id, invoice_line_id) references invoice_lines
);
select tenant_table('credit_note_lines', 'select, insert, delete');

create table sign_offs (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  invoice_id uuid not null,
  contact_id uuid,
  decision text not null check (decision in ('pending', 'accepted', 'disputed')),
  comment text,
  decided_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, invoice_id) references client_invoices,
  foreign key (workspace_id, contact_id) references contacts
);
select tenant_table('sign_offs');

create table disputes (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  invoice_id uuid not null,
  line_id uuid,
  amount numeric not null,
  reason text not null,
  status text not null default 'open' check (status in ('open', 'upheld', 'rejected', 'withdrawn')),
  created_at timestamptz not null default now(),
  closed_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, invoice_id) references client_invoices,
  foreign key (workspace_id, line_id) references invoice_lines
);
select tenant_table('disputes');

create table time_write_offs (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  reason_code text not null,
  reason text,
  author text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id)
);
select tenant_table('time_write_offs', 'select, insert');

create table bad_debts (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  invoice_id uuid not null,
  amount numeric not null check (amount <> 0),
  reason text not null,
  posting_date date not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, invoice_id) references client_invoices
);
select tenant_table('bad_debts', 'select, insert');

-- Milestones and percentages: Σ billed ≤ price with amendments.
create table price_schedules (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  contract_id uuid not null,
  project_id uuid,
  price numeric not null,
  billed numeric not null default 0,
  primary key (workspace_id, id),
  check (billed between 0 and price),
  foreign key (workspace_id, contract_id) references contracts,
  foreign key (workspace_id, project_id) references projects
);
select tenant_table('price_schedules');

create table price_schedule_entries (
  workspace_id uuid not null,
  id bigint not null default nextval('ledger_ids'),
  schedule_id uuid not null,
  kind text not null check (kind in ('amendment', 'billed', 'returned')),
  amount numeric not null,
  item_id uuid,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, schedule_id) references price_schedules
);
select tenant_table('price_schedule_entries', 'select, insert');

create table retainers (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  contract_id uuid not null,
  measure text not null check (measure in ('money', 'hours')),
  currency text,
  balance numeric not null default 0 check (balance >= 0),
  expires_on date,
  primary key (workspace_id, id),
  foreign key (workspace_id, contract_id) references contracts
);
select tenant_table('retainers');

create table retainer_entries (
  workspace_id uuid not null,
  id bigint not null default nextval('ledger_ids'),
  retainer_id uuid not null,
  kind text not null check (kind in ('top_up', 'draw', 'roll_over', 'expire', 'refund')),
  quantity numeric not null,
  reference text,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, retainer_id) references retainers
);
select tenant_table('retainer_entries', 'select, insert');

-- Receivable but not due.
create table retentions (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  invoice_id uuid not null,
  amount numeric not null,
  release_on date,
  released_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, invoice_id) references client_invoices
);
select tenant_table('retentions');

create table payments (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  direction text not null check (direction in ('incoming', 'outgoing')),
  client_id uuid,
  person_id uuid,
  seller_id uuid,
  currency text not null,
  amount numeric not null check (amount > 0),
  value_date date not null,
  status text not null default 'cleared' check (status in ('pending', 'cleared', 'reversed')),
  reference text,
  connection_id uuid,
  external_id text,
  recorded_by text not null,
  created_at timestamptz not null default now(),
  reversed_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, client_id) references clients,
  foreign key (workspace_id, person_id) references people,
  foreign key (workspace_id, seller_id) references sellers,
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('payments');
create unique index on payments (workspace_id, connection_id, external_id) where external_id is not null;

-- Signed, append-only: a reversal is its own row. Σ per payment = the payment; per document ≤ its open balance.
create table payment_applications (
  workspace_id uuid not null,
  id bigint not null default nextval('ledger_ids'),
  payment_id uuid not null,
  kind text not null check (kind in ('invoice', 'credit_note', 'contractor_invoice', 'refund', 'bank_fee', 'tax_withheld', 'early_payment_discount', 'exchange_difference', 'on_account')),
  document_id uuid,
  amount numeric not null check (amount <> 0),
  posting_date date not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, payment_id) references payments
);
select tenant_table('payment_applications', 'select, insert');
create index on payment_applications (workspace_id, document_id);
create index on payment_applications (workspace_id, payment_id);
create trigger payment_applications_append_only before update or delete on payment_applications
  for each statement execute function refuse_change();

create table opening_balances (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  kind text not null check (kind in ('receivable', 'payable', 'wip', 'retainer', 'cap_used', 'last_number')),
  subject_id uuid,
  reference text,
  currency text,
  amount numeric not null,
  control_total_key text not null,
  signed_off_by text,
  signed_off_at timestamptz,
  primary key (workspace_id, id)
);
select tenant_table('opening_balances');
