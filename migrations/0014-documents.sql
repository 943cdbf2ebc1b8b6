-- Owns files that people upload, and the documents that a person must have on file: what is required, handed in, in force.

-- The file itself is found by its hash (runtime/file-store.ts). Without a subject it was uploaded and nothing holds it yet.
alter table attachments
  drop column storage_key,
  drop column expires_on,
  alter column subject_id drop not null,
  -- As events name actors.
  add column uploaded_by text not null,
  -- Whose own it is: of who uploaded it, later of whom its subject is about.
  add column person_id uuid,
  add column bound_at timestamptz,
  add constraint attachments_subject_type_check check (subject_type in ('ticket_line', 'person_document', 'contractor_invoice')),
  add constraint attachments_file_name_check check (length(file_name) between 1 and 200),
  add constraint attachments_bytes_check check (bytes > 0),
  add constraint attachments_bound_check check ((subject_id is null) = (bound_at is null)),
  add foreign key (workspace_id, person_id) references people;
create index on attachments (workspace_id, uploaded_by) where subject_id is null;
create index on attachments (workspace_id, person_id);
grant delete on attachments to slipway_app;

-- One file may belong to rows of several workspaces: whoever prunes files asks all of them, and reads nothing but the hash.
create index on attachments (sha256);
create policy system on attachments to slipway_system using (true);
grant select (sha256) on attachments to slipway_system;
create index on document_files (sha256);
create policy system on document_files to slipway_system using (true);
grant select (sha256) on document_files to slipway_system;

create table document_requirements (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  kind text not null check (kind in ('contract', 'insurance', 'tax_form', 'certificate', 'other')),
  name text not null check (length(name) between 1 and 200),
  instructions text check (length(instructions) <= 2000),
  applies_to text not null default 'contractor' check (applies_to in ('contractor', 'employee', 'everyone')),
  -- Each version must say until when it is valid.
  expires boolean not null default false,
  -- What a person without a valid one is kept from.
  blocks_tickets boolean not null default false,
  blocks_payment boolean not null default false,
  active boolean not null default true,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, name)
);
select tenant_table('document_requirements');

-- One per person and requirement. Its status is that of the latest version; an older one may still be in force meanwhile.
create table person_documents (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  person_id uuid not null,
  requirement_id uuid not null,
  status text not null check (status in ('requested', 'uploaded', 'approved', 'rejected', 'expired')),
  -- The latest; 0: none was uploaded.
  version integer not null default 0 check (version >= 0),
  in_force_version integer check (in_force_version <= version),
  -- Last day of the version in force.
  expires_on date,
  -- The next day on which somebody has to be told of the expiry.
  remind_on date,
  requested_by text,
  requested_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, person_id, requirement_id),
  check (status <> 'approved' or in_force_version = version),
  check (in_force_version is not null or (expires_on is null and remind_on is null)),
  foreign key (workspace_id, person_id) references people,
  foreign key (workspace_id, requirement_id) references document_requirements
);
select tenant_table('person_documents', 'select, insert, update, delete');
create index on person_documents (workspace_id, status, id);
create index on person_documents (workspace_id, remind_on) where remind_on is not null;

create table person_document_versions (
  workspace_id uuid not null,
  document_id uuid not null,
  version integer not null check (version > 0),
  attachment_id uuid not null,
  -- Superseded: another was uploaded before this one was decided on, or approved after it.
  status text not null default 'uploaded' check (status in ('uploaded', 'approved', 'rejected', 'superseded', 'expired')),
  expires_on date,
  uploaded_by text not null,
  uploaded_at timestamptz not null default now(),
  reviewed_by text,
  reviewed_at timestamptz,
  reason text,
  primary key (workspace_id, document_id, version),
  unique (workspace_id, attachment_id),
  check (status not in ('approved', 'rejected') or (reviewed_by is not null and reviewed_at is not null)),
  check (status <> 'rejected' or reason is not null),
  foreign key (workspace_id, document_id) references person_documents,
  foreign key (workspace_id, attachment_id) references attachments
);
select tenant_table('person_document_versions');
