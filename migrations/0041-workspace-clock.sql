-- Owns the clock that an admin sets forward in a sandbox workspace: where it is to get to, and how far it has come.

create table clock_moves (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  operation_id uuid not null,
  from_at timestamptz not null,
  target_at timestamptz not null check (target_at > from_at),
  -- How often the clock was set on the way, and how many subjects were woken by that.
  jumps integer not null default 0,
  woken integer not null default 0,
  -- What was awaited for long and in vain, as kind:id: an overdue row that its subject has seen and left, a platform that is
  -- down. It is not waited for again.
  left_behind text[] not null default '{}',
  -- What is done where the clock stands, one after the other: platforms are read, what is due is woken, the day is done.
  stage text not null default 'wake' check (stage in ('read', 'wake', 'day')),
  -- Since when, in real time, the workspace has been awaited after the last jump.
  waiting_since timestamptz,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, operation_id) references operations on delete cascade
);
select tenant_table('clock_moves');
create unique index clock_moves_under_way on clock_moves (workspace_id) where ended_at is null;

alter table outbox
  drop constraint outbox_subject_type_check,
  add constraint outbox_subject_type_check check (subject_type in (
    'billing_run', 'client_invoice', 'connection', 'ticket', 'contractor_invoice', 'billing_policy', 'client_report', 'clock'));

-- When a reading began by the workspace's own clock; null where it goes by the real one.
alter table checkpoints add column sandbox_at timestamptz;

-- When it was raised by the workspace's own clock: its age there; null where that is the real time.
alter table exceptions add column sandbox_at timestamptz;

-- The books count a waived fee on the seller's local day, as a voided invoice.
alter table late_fees add column waived_on date;
update late_fees f set waived_on = (f.waived_at at time zone s.zone)::date
from sellers s where s.workspace_id = f.workspace_id and s.id = f.seller_id and f.waived_at is not null;
alter table late_fees add constraint late_fees_waived_on_check check ((waived_at is null) = (waived_on is null));
