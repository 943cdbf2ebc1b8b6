-- Owns what members are told: notifications with their keys, what each member wants of them, the mails that carry them out
-- of the hub, and which exceptions the finance team has been told of.

-- A key is told to a member once, ever. A member who wants neither word nor mail of a kind has the row all the same: it is
-- what keeps a retry from telling.
alter table notifications
  add column key text not null default uuidv7()::text check (length(key) between 1 and 300),
  add column in_app boolean not null default true,
  drop column mailed_at;
alter table notifications alter column key drop default;
create unique index on notifications (workspace_id, member_id, key);
create index on notifications (workspace_id, member_id, id) where in_app;
grant delete on notifications to slipway_app;

-- Only what differs from the kind's default (domain/notification.ts).
create table notification_preferences (
  workspace_id uuid not null,
  member_id uuid not null,
  kind text not null,
  in_app boolean not null,
  email boolean not null,
  primary key (workspace_id, member_id, kind),
  foreign key (workspace_id, member_id) references members
);
select tenant_table('notification_preferences');

-- One mail to one address. Failed: tried, and to be tried again; given up: a person must look.
create table mails (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  -- Queued once per key; of a notification, its id.
  key text not null check (length(key) between 1 and 300),
  kind text not null,
  address text not null check (length(address) between 1 and 320 and address !~ '[[:cntrl:]]'),
  params jsonb not null default '{}',
  -- Where its button leads, from the hub's public address on.
  link text check (link like '/%' and length(link) <= 2000),
  status text not null default 'queued' check (status in ('queued', 'failed', 'sent', 'given_up')),
  attempts integer not null default 0,
  last_error text,
  next_attempt_at timestamptz not null default now(),
  -- Until then it is tried; what fails later is left to a person.
  give_up_at timestamptz not null default now() + interval '3 days',
  -- Whoever claimed it sends it before this; after it, another may.
  claimed_until timestamptz,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  primary key (workspace_id, id),
  unique (workspace_id, key)
);
select tenant_table('mails', 'select, insert, update, delete');
select system_table('mails', 'select, update');
create index mails_waiting on mails (next_attempt_at) where status in ('queued', 'failed');

-- Exceptions that the finance team has not been told of: null since the last one that a person was told. What was there
-- before there were notifications is not told of now.
alter table exceptions
  add column told_at timestamptz default now(),
  add column alarmed_at timestamptz;
alter table exceptions alter column told_at drop default;
create index exceptions_untold on exceptions (workspace_id, created_at) where told_at is null and status = 'open';
-- The announcer asks which workspaces have such, and reads no more of them than that.
create policy system on exceptions to slipway_system using (true);
grant select (workspace_id, created_at, status, told_at) on exceptions to slipway_system;
