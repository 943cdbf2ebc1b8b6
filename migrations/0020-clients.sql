-- Owns what is known of a client beyond its name: business facts, contacts who may come into the portal, documents, settings.

alter table clients
  -- Of the firm, as the e-mail and phone beside it; people with a name of their own are contacts.
  add column contact_name text check (length(contact_name) between 1 and 200),
  add column phone text check (length(phone) between 1 and 50),
  add column website text check (website ~ '^https?://'),
  add column industry text,
  add column company_size text check (company_size in ('1-10', '11-50', '51-200', '201-500', '500+')),
  add column annual_revenue text check (annual_revenue in ('under_1m', '1m_5m', '5m_20m', '20m_100m', 'over_100m')),
  add column service_type text,
  add column current_systems text,
  add column technical_requirements text,
  add column compliance_requirements jsonb not null default '[]',
  add column quarterly_reports boolean not null default false,
  add column language text not null default 'en' check (language ~ '^[a-z]{2}(-[A-Z]{2})?$'),
  -- { rate, category } of a contract's tax: what a new contract begins with. Null: the contract's own default.
  add column tax jsonb,
  -- In small letters, so that one pass over the clients of a workspace finds a word in any of them.
  add column search_text text generated always as (lower(name || ' ' || code || ' ' || coalesce(contact_name, '') || ' ' || coalesce(email, ''))) stored;
grant delete on clients, rate_cards, markups to slipway_app;

alter table rate_cards add constraint rate_cards_dates_check check (valid_to is null or valid_to >= valid_from) not valid;

alter table contacts
  -- The member whom they come into the portal as.
  add column member_id uuid,
  add column created_at timestamptz not null default now(),
  add constraint contacts_client_id_email_key unique (workspace_id, client_id, email),
  add foreign key (workspace_id, member_id) references members;

alter table attachments drop constraint attachments_subject_type_check,
  add constraint attachments_subject_type_check check (subject_type in ('ticket_line', 'person_document', 'contractor_invoice', 'client_document'));

create table client_documents (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  client_id uuid not null,
  kind text not null check (kind in ('contract', 'agreement', 'specification', 'other')),
  name text not null check (length(name) between 1 and 200),
  attachment_id uuid not null,
  uploaded_by text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, attachment_id),
  foreign key (workspace_id, client_id) references clients,
  foreign key (workspace_id, attachment_id) references attachments
);
select tenant_table('client_documents', 'select, insert, update, delete');
create index on client_documents (workspace_id, client_id);

-- Set at issue: an invoice to the own company is in no revenue, whatever the client is called later.
alter table client_invoices add column internal boolean not null default false;
