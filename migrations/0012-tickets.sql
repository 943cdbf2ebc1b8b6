-- Owns tickets as they are worked on: lines, revisions, numbers, decisions; cost rates, substitutes of approvers, duty exceptions.

alter table tickets
  drop constraint tickets_status_check,
  add constraint tickets_status_check check (
    status in ('draft', 'submitted', 'approved', 'rejected', 'bundled', 'paid', 'discarded')),
  -- Given at creation; a discarded draft keeps its number, so that none is unexplained.
  add column number text,
  add column series_id uuid,
  add column sequence bigint,
  add column notes text not null default '',
  -- Takes back part of a ticket that can no longer be changed: the only kind that may hold negative quantities.
  add column corrects_ticket_id uuid,
  -- How often it was submitted; each submission is kept as a revision.
  add column revision integer not null default 0,
  add column submitted_by text,
  add column submitted_at timestamptz,
  -- The decision on the last submission, until the ticket is edited.
  add column decided_by text,
  add column decided_at timestamptz,
  add column decision_reason text,
  add column on_behalf_of uuid,
  add constraint tickets_corrects_check check (corrects_ticket_id <> id),
  -- Invariant 5: an approval is of this content, and void without it.
  add constraint tickets_approved_check check ((status in ('approved', 'bundled', 'paid')) = (approved_hash is not null)),
  add constraint tickets_approved_hash_check check (approved_hash = content_hash),
  add foreign key (workspace_id, series_id) references series,
  add foreign key (workspace_id, corrects_ticket_id) references tickets,
  add foreign key (workspace_id, on_behalf_of) references members;
create unique index on tickets (workspace_id, number);
create unique index on tickets (workspace_id, series_id, sequence) where sequence is not null;
create index on tickets (workspace_id, person_id, work_date);
create index on tickets (workspace_id, project_id, work_date);
create index on tickets (workspace_id, status, id);
create index on tickets (workspace_id, corrects_ticket_id) where corrects_ticket_id is not null;

create table ticket_lines (
  workspace_id uuid not null,
  -- Kept when the line is edited: it names the work entry.
  id uuid not null,
  ticket_id uuid not null,
  line_no integer not null check (line_no > 0),
  kind text not null check (kind in ('labor', 'expense', 'mileage')),
  task_id uuid,
  position text,
  overtime boolean not null default false,
  seconds bigint,
  amount_cents bigint,
  currency text check (currency ~ '^[A-Z]{3}$'),
  category text,
  receipt_id uuid,
  metres bigint,
  transport_seconds bigint,
  note text not null default '',
  primary key (workspace_id, id),
  unique (workspace_id, ticket_id, line_no),
  check (case kind
    when 'labor' then seconds is not null and num_nonnulls(amount_cents, currency, category, receipt_id, metres, transport_seconds) = 0
    when 'expense' then num_nulls(amount_cents, currency, category) = 0 and num_nonnulls(seconds, position, metres, transport_seconds) = 0
    else metres is not null and num_nonnulls(seconds, position, amount_cents, currency, category, receipt_id) = 0 end),
  check (kind = 'labor' or not overtime),
  foreign key (workspace_id, ticket_id) references tickets,
  foreign key (workspace_id, task_id) references tasks,
  foreign key (workspace_id, receipt_id) references attachments
);
select tenant_table('ticket_lines', 'select, insert, update, delete');

-- Which entries a line became; entries of removed lines stay, as deleted.
alter table ticket_entries add column line_id uuid not null;
create unique index on ticket_entries (workspace_id, entry_id);

-- What was submitted, each time, and what became of it: rejected and revised tickets show what changed.
create table ticket_revisions (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  ticket_id uuid not null,
  revision integer not null,
  snapshot jsonb not null,
  content_hash bytea not null,
  submitted_by text not null,
  submitted_at timestamptz not null,
  decision text check (decision in ('approved', 'rejected', 'withdrawn')),
  decided_by text,
  decided_at timestamptz,
  on_behalf_of uuid,
  reason text,
  -- An approval that ended because the ticket changed, or because its bundle sent it back.
  voided_by text,
  voided_at timestamptz,
  void_reason text,
  primary key (workspace_id, id),
  unique (workspace_id, ticket_id, revision),
  check (num_nulls(decision, decided_by, decided_at) in (0, 3)),
  check (num_nulls(voided_by, voided_at, void_reason) in (0, 3)),
  foreign key (workspace_id, ticket_id) references tickets,
  foreign key (workspace_id, on_behalf_of) references members
);
select tenant_table('ticket_revisions');

-- Who decides while an approver is away; half-open days.
create table approval_substitutes (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  member_id uuid not null,
  substitute_id uuid not null,
  starts_on date not null,
  ends_before date not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  check (member_id <> substitute_id),
  check (ends_before > starts_on),
  foreign key (workspace_id, member_id) references members,
  foreign key (workspace_id, substitute_id) references members
);
select tenant_table('approval_substitutes', 'select, insert, delete');
create index on approval_substitutes (workspace_id, member_id, starts_on);

-- What a person's work costs: an hour, a kilometre, an hour on the road. A new row takes over from its first day; of two
-- rows for the same day the later one holds, so a mistake is corrected by another row and both are kept.
create table cost_rates (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  person_id uuid not null,
  kind text not null check (kind in ('labor', 'mileage_distance', 'mileage_time')),
  -- '*' is for every position that has no row of its own.
  position text not null default '*',
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  regular_rate numeric not null check (regular_rate >= 0),
  overtime_rate numeric check (overtime_rate >= 0),
  valid_from date not null,
  valid_to date,
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  check (valid_to > valid_from),
  check (kind = 'labor' or (position = '*' and overtime_rate is null)),
  foreign key (workspace_id, person_id) references people
);
select tenant_table('cost_rates', 'select, insert');
create index on cost_rates (workspace_id, person_id, kind, valid_from desc, id desc);

-- BILLING §8: where nobody else could decide, somebody decided on what was their own, and said why. These rows are the
-- duties report.
create table duty_exceptions (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  action text not null,
  subject_type text not null,
  subject_id uuid not null,
  actor text not null,
  member_id uuid,
  reason text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, member_id) references members
);
select tenant_table('duty_exceptions', 'select, insert');
