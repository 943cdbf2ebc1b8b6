-- Owns what the workflow of an invoice does at its times: when letters may go out, pauses by hand, thanks, and the word to us
-- when letters have not helped.

alter table reminder_policies
  -- Local time at the contract, else at the seller: nothing goes out from `from` until `until`. Null: no quiet hours.
  add column quiet_hours jsonb default '{"from": "18:00", "until": "08:00"}',
  -- ISO days on which letters go out, Monday is 1.
  add column weekdays jsonb not null default '[1, 2, 3, 4, 5]',
  -- By mail, once an invoice, when money has settled it.
  add column thanks boolean not null default false,
  -- So many days after the last step somebody of ours is told; null: nobody.
  add column chase_after_days integer default 14 check (chase_after_days between 0 and 365);

-- Kept by hand: no letter goes out about an invoice, or about any of a client.
create table reminder_pauses (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  client_id uuid not null,
  -- Null: all of the client.
  invoice_id uuid,
  reason text not null check (length(reason) between 1 and 2000),
  -- The day on which it is over by itself; null: when somebody ends it.
  until_on date,
  paused_by text not null,
  created_at timestamptz not null default now(),
  ended_by text,
  ended_at timestamptz,
  primary key (workspace_id, id),
  check ((ended_at is null) = (ended_by is null)),
  foreign key (workspace_id, client_id) references clients,
  foreign key (workspace_id, invoice_id) references client_invoices
);
select tenant_table('reminder_pauses');
create unique index reminder_pauses_open on reminder_pauses (workspace_id, client_id, coalesce(invoice_id, client_id)) where ended_at is null;

-- Reminders say all of their words since they are in the client's language.
update mails set params = params || jsonb_build_object('title', 'Reminder: invoices ' || (params ->> 'subject'),
  'body', 'This is open on the account of ' || (params ->> 'client') || '. If you have paid meanwhile, please take no notice.')
where kind = 'reminder.sent' and params ? 'subject';

-- The daily pass reminded; from now on each invoice wakes by itself, once it has looked what is due.
insert into outbox (workspace_id, subject_type, subject_id, lane, reason)
select workspace_id, 'client_invoice', id, 'bulk', 'reminders are its own now' from client_invoices
where status in ('issued', 'sent', 'partially_paid', 'in_sign_off') and not internal;
