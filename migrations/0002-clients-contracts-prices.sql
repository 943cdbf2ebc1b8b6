-- Owns who invoices, who is invoiced, for which work, and at which price.

create table sellers (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  name text not null,
  address jsonb not null default '{}',
  country text not null check (country ~ '^[A-Z]{2}$'),
  functional_currency text not null check (functional_currency ~ '^[A-Z]{3}$'),
  zone text not null,
  retention_rules jsonb not null default '{}',
  latest_invoice_days integer,
  void_allowed boolean not null default true,
  primary key (workspace_id, id),
  unique (workspace_id, name)
);
select tenant_table('sellers');

create table tax_registrations (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  seller_id uuid not null,
  country text not null,
  number text not null,
  valid_from date not null default '0001-01-01',
  valid_to date,
  primary key (workspace_id, id),
  foreign key (workspace_id, seller_id) references sellers
);
select tenant_table('tax_registrations');

create table bank_accounts (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  seller_id uuid not null,
  label text not null,
  currency text not null,
  details_encrypted bytea not null,
  masked text not null,
  primary key (workspace_id, id),
  foreign key (workspace_id, seller_id) references sellers
);
select tenant_table('bank_accounts');

-- The counter row is the last lock of an issue: number and issue date are set under it, so a series has no gap
-- and its dates never run backwards.
create table series (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  seller_id uuid not null,
  document_type text not null check (document_type in ('invoice', 'credit_note', 'self_billed', 'contractor_invoice', 'ticket')),
  name text not null default 'default',
  pattern text not null,
  next_number bigint not null default 1 check (next_number > 0),
  last_issue_date date,
  primary key (workspace_id, id),
  unique (workspace_id, seller_id, document_type, name),
  foreign key (workspace_id, seller_id) references sellers
);
select tenant_table('series');

create table periods (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  seller_id uuid not null,
  area text not null check (area in ('time', 'billing', 'payables', 'payments')),
  starts_on date not null,
  ends_before date not null,
  status text not null default 'open' check (status in ('open', 'soft_closed', 'closed')),
  primary key (workspace_id, id),
  check (ends_before > starts_on),
  unique (workspace_id, seller_id, area, starts_on),
  foreign key (workspace_id, seller_id) references sellers
);
select tenant_table('periods');

create table period_overrides (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  period_id uuid not null,
  member_id uuid,
  reason text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, period_id) references periods
);
select tenant_table('period_overrides', 'select, insert');

create table products (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  name text not null,
  unit text not null,
  default_price numeric,
  currency text,
  auto_created boolean not null default false,
  primary key (workspace_id, id),
  unique (workspace_id, name)
);
select tenant_table('products');
alter table teams add foreign key (workspace_id, default_product_id) references products;
alter table memberships add foreign key (workspace_id, default_product_id) references products;

create table units (
  workspace_id uuid not null references workspaces,
  code text not null,
  name text not null,
  raw_per_unit bigint,
  primary key (workspace_id, code)
);
select tenant_table('units');

create table price_lists (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  name text not null,
  currency text not null,
  primary key (workspace_id, id),
  unique (workspace_id, name)
);
select tenant_table('price_lists');

create table price_list_items (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  price_list_id uuid not null,
  product_id uuid not null,
  minimum_quantity numeric not null default 0,
  unit_price numeric not null,
  valid_from date not null default '0001-01-01',
  valid_to date,
  primary key (workspace_id, id),
  foreign key (workspace_id, price_list_id) references price_lists,
  foreign key (workspace_id, product_id) references products
);
select tenant_table('price_list_items');

create table clients (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  name text not null check (length(name) between 1 and 200),
  code text not null check (code ~ '^[A-Z]{3}$'),
  email text,
  address jsonb not null default '{}',
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  tax_id text,
  payment_terms_days integer not null default 30 check (payment_terms_days between 0 and 365),
  internal boolean not null default false,
  mail_notifications boolean not null default true,
  auto_invoicing boolean not null default false,
  status text not null default 'active' check (status in ('active', 'inactive', 'pending', 'archived')),
  default_product_id uuid,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, code),
  unique (workspace_id, name),
  foreign key (workspace_id, default_product_id) references products
);
select tenant_table('clients');

create table contacts (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  client_id uuid not null,
  name text not null,
  email text,
  phone text,
  title text,
  primary key (workspace_id, id),
  foreign key (workspace_id, client_id) references clients
);
select tenant_table('contacts', 'select, insert, update, delete');

create table purchase_orders (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  client_id uuid not null,
  number text not null,
  currency text not null,
  limit_amount numeric,
  valid_from date,
  valid_to date,
  primary key (workspace_id, id),
  unique (workspace_id, client_id, number),
  foreign key (workspace_id, client_id) references clients
);
select tenant_table('purchase_orders');

-- What was agreed with a client. Nothing of it bills before its go-live date.
create table contracts (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  client_id uuid not null,
  seller_id uuid not null,
  name text not null,
  status text not null default 'active' check (status in ('draft', 'active', 'paused', 'ended')),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  zone text not null,
  starts_on date not null,
  ends_before date,
  go_live_on date not null,
  -- Release policy of entries: which approval makes an entry billable.
  approval_policy text not null default 'approved' check (approval_policy in ('approved', 'submitted', 'any')),
  grouping jsonb not null default '{"invoice": "client", "line": "project"}',
  rounding jsonb not null default '{"mode": "half_up", "moneyPlaces": 2, "quantityPlaces": 2}',
  tax jsonb not null default '{"rate": "0", "category": "exempt"}',
  billing_policy jsonb not null default '{}',
  severities jsonb not null default '{}',
  purchase_order_id uuid,
  buyer_reference text,
  long_stop_on date,
  overtime_multiplier numeric,
  target_connection_id uuid,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, client_id, name),
  foreign key (workspace_id, client_id) references clients,
  foreign key (workspace_id, seller_id) references sellers,
  foreign key (workspace_id, purchase_order_id) references purchase_orders
);
select tenant_table('contracts');

create table projects (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  client_id uuid not null,
  contract_id uuid,
  code text not null,
  name text not null,
  cost_centre text,
  billable boolean not null default true,
  status text not null default 'active' check (status in ('planned', 'active', 'ready_for_billing', 'completed', 'archived')),
  manager_id uuid,
  budget_seconds bigint,
  budget_amount numeric,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, client_id, code),
  foreign key (workspace_id, client_id) references clients,
  foreign key (workspace_id, contract_id) references contracts,
  foreign key (workspace_id, manager_id) references members
);
select tenant_table('projects');
create index on projects (workspace_id, contract_id);

create table phases (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  project_id uuid not null,
  name text not null,
  status text not null default 'open' check (status in ('open', 'closed')),
  starts_on date,
  ends_before date,
  primary key (workspace_id, id),
  unique (workspace_id, project_id, name),
  foreign key (workspace_id, project_id) references projects
);
select tenant_table('phases');

create table milestones (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  project_id uuid not null,
  phase_id uuid,
  name text not null,
  kind text not null check (kind in ('date', 'percentage', 'acceptance')),
  due_on date,
  percentage numeric,
  price numeric,
  reached_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, project_id) references projects,
  foreign key (workspace_id, phase_id) references phases
);
select tenant_table('milestones');

create table tasks (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  project_id uuid not null,
  phase_id uuid,
  name text not null,
  status text not null default 'open' check (status in ('draft', 'open', 'done')),
  billable boolean not null default true,
  product_id uuid,
  price_list_id uuid,
  unit text,
  unit_price numeric,
  primary key (workspace_id, id),
  unique (workspace_id, project_id, name),
  foreign key (workspace_id, project_id) references projects,
  foreign key (workspace_id, phase_id) references phases,
  foreign key (workspace_id, product_id) references products,
  foreign key (workspace_id, price_list_id) references price_lists
);
select tenant_table('tasks');

-- Which rule prices a category, by scope: contract → project → client → workspace.
create table strategies (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  scope_type text not null check (scope_type in ('contract', 'project', 'client', 'workspace')),
  scope_id uuid not null,
  category text not null check (category in ('labor', 'expenses', 'mileage')),
  method text not null check (method in ('service_rates', 'markup', 'entry_or_task_price')),
  primary key (workspace_id, id),
  unique (workspace_id, scope_type, scope_id, category)
);
select tenant_table('strategies', 'select, insert, update, delete');

create table rate_cards (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  scope_type text not null check (scope_type in ('contract', 'client')),
  scope_id uuid not null,
  -- '*' prices every position that has no line of its own.
  position text not null,
  unit text not null default 'hour' check (unit in ('hour', 'day', 'shift', 'standby')),
  regular_rate numeric not null check (regular_rate >= 0),
  overtime_rate numeric check (overtime_rate >= 0),
  currency text not null,
  valid_from date not null default '0001-01-01',
  valid_to date,
  primary key (workspace_id, id),
  unique (workspace_id, scope_type, scope_id, position, unit, valid_from)
);
select tenant_table('rate_cards');

create table markups (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  scope_type text not null check (scope_type in ('contract', 'project', 'client', 'workspace')),
  scope_id uuid not null,
  category text not null check (category in ('labor', 'expenses', 'mileage')),
  percentage numeric not null,
  valid_from date not null default '0001-01-01',
  valid_to date,
  primary key (workspace_id, id),
  unique (workspace_id, scope_type, scope_id, category, valid_from)
);
select tenant_table('markups');

create table currency_rates (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  base text not null,
  quote text not null,
  rate_on date not null,
  rate numeric not null check (rate > 0),
  source text not null,
  primary key (workspace_id, id),
  unique (workspace_id, base, quote, rate_on, source)
);
select tenant_table('currency_rates', 'select, insert');

create table tax_rates (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  region text not null,
  category text not null,
  product_id uuid,
  rate numeric not null,
  inclusive boolean not null default false,
  exemption_reason text,
  reverse_charge boolean not null default false,
  valid_from date not null default '0001-01-01',
  valid_to date,
  primary key (workspace_id, id),
  foreign key (workspace_id, product_id) references products
);
select tenant_table('tax_rates');
