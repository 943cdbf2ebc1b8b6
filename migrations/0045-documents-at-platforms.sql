-- Owns what becomes of every document at a platform, not of invoices alone: credit notes and their application, write-offs,
-- refunds, bills and their payments, time entries; and the posting file of what a platform does not take.

alter table sync_records
  drop constraint sync_records_subject_type_check,
  add constraint sync_records_subject_type_check check (subject_type in (
    'client', 'product', 'client_invoice', 'credit_note', 'payment', 'contractor_invoice',
    'credit_application', 'bad_debt', 'refund', 'contractor_payment', 'invoice_mail', 'person', 'payee', 'entry')),
  -- Whose workflow pushes it; null of an invoice, which pushes itself, and of names.
  add column owner_type text check (owner_type in ('client_invoice', 'contractor_invoice', 'connection')),
  add column owner_id uuid,
  add constraint sync_records_owner_check check ((owner_type is null) = (owner_id is null)),
  add column wanted text not null default 'create' check (wanted in ('create', 'void', 'update')),
  -- What it needs there first: queued when that is synced.
  add column waits_for uuid,
  -- What a push needs beside its document, e.g. the cash of a payment.
  add column facts jsonb not null default '{}',
  -- Where the platform counts.
  add column remote_number text,
  -- What stands there otherwise, and who said that it may.
  add column difference jsonb,
  add column accepted_by text,
  add column accepted_reason text,
  add column looked_at timestamptz;
create index sync_records_owned on sync_records (workspace_id, owner_id) where owner_id is not null;
create index sync_records_waiting on sync_records (workspace_id, waits_for) where waits_for is not null;
create index sync_records_by_connection on sync_records (workspace_id, connection_id, status, id);

-- A posting that a person or another program makes at the platform. Written once, and in one file at most.
create table posting_lines (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid not null,
  subject_type text not null,
  subject_id uuid not null,
  document text not null,
  posted_on date not null,
  account text not null,
  -- Debits above zero: the lines of a document add up to nothing.
  amount numeric not null check (amount <> 0),
  currency text not null,
  reason text not null,
  posting_file_id uuid,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, connection_id, subject_type, subject_id, account),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('posting_lines');
create index on posting_lines (workspace_id, connection_id, posting_file_id, posted_on);

create table posting_files (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid not null,
  -- Half-open.
  starts_on date not null,
  ends_before date not null check (ends_before > starts_on),
  line_count integer not null check (line_count > 0),
  -- Sum of the debits by currency.
  control_totals jsonb not null,
  content text not null,
  sha256 bytea not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, connection_id) references connections
);
select tenant_table('posting_files', 'select, insert');
create index on posting_files (workspace_id, connection_id, id);
alter table posting_lines add foreign key (workspace_id, posting_file_id) references posting_files;
