-- Owns the contractor's side: tickets, contractor invoices, payee accounts, attachments. The behaviour comes with its issue.

create table tickets (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  person_id uuid not null,
  project_id uuid not null,
  work_date date not null,
  status text not null default 'draft' check (status in ('draft', 'submitted', 'approved', 'rejected', 'bundled', 'paid')),
  content_hash bytea,
  approved_hash bytea,
  approved_by uuid,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, person_id) references people,
  foreign key (workspace_id, project_id) references projects,
  foreign key (workspace_id, approved_by) references members
);
select tenant_table('tickets');

create table ticket_entries (
  workspace_id uuid not null,
  ticket_id uuid not null,
  entry_id uuid not null,
  primary key (workspace_id, ticket_id, entry_id),
  foreign key (workspace_id, ticket_id) references tickets,
  foreign key (workspace_id, entry_id) references work_entries
);
select tenant_table('ticket_entries', 'select, insert, delete');

-- Versioned, encrypted, masked; a change waits for a second person and a call-back (BILLING §7).
create table payee_accounts (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  person_id uuid not null,
  version integer not null,
  details_encrypted bytea not null,
  account_hash bytea not null,
  masked text not null,
  proposed_by uuid,
  confirmed_by uuid,
  call_back_at timestamptz,
  usable_from timestamptz,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, person_id, version),
  check (confirmed_by is null or confirmed_by <> proposed_by),
  foreign key (workspace_id, person_id) references people,
  foreign key (workspace_id, proposed_by) references members,
  foreign key (workspace_id, confirmed_by) references members
);
select tenant_table('payee_accounts');

create table contractor_invoices (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  person_id uuid not null,
  kind text not null check (kind in ('payment_request', 'own_invoice', 'self_billed')),
  status text not null default 'draft' check (status in ('draft', 'submitted', 'approved', 'rejected', 'partially_paid', 'paid', 'cancelled')),
  series_id uuid,
  number text,
  sequence bigint,
  their_number text,
  currency text not null,
  issue_date date,
  due_date date,
  tax_point date,
  posting_date date,
  net numeric not null default 0,
  tax numeric not null default 0,
  withheld numeric not null default 0,
  total numeric not null default 0,
  applied numeric not null default 0,
  payee_account_id uuid,
  snapshot jsonb,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  check (applied between 0 and total or total < 0),
  foreign key (workspace_id, person_id) references people,
  foreign key (workspace_id, series_id) references series,
  foreign key (workspace_id, payee_account_id) references payee_accounts
);
select tenant_table('contractor_invoices');
create unique index on contractor_invoices (workspace_id, person_id, their_number) where their_number is not null and status <> 'cancelled';

create table contractor_invoice_tickets (
  workspace_id uuid not null,
  contractor_invoice_id uuid not null,
  ticket_id uuid not null,
  amount numeric not null,
  primary key (workspace_id, contractor_invoice_id, ticket_id),
  foreign key (workspace_id, contractor_invoice_id) references contractor_invoices,
  foreign key (workspace_id, ticket_id) references tickets
);
select tenant_table('contractor_invoice_tickets', 'select, insert, delete');

create table attachments (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  subject_type text not null,
  subject_id uuid not null,
  file_name text not null,
  media_type text not null,
  sha256 bytea not null,
  storage_key text not null,
  bytes bigint not null,
  expires_on date,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id)
);
select tenant_table('attachments');
create index on attachments (workspace_id, subject_type, subject_id);
