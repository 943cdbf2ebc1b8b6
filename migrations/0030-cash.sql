-- Owns what money does: payments that wait to clear, refunds, what a conversion gained or lost, bad debt with its recovery,
-- reminder policies and letters, late fees.

-- A refund goes out to a client by a payment of its own. What a pending payment is to settle is applied once it clears.
-- The rate into the seller's books is taken once, for the value date: what is applied later goes by it too.
alter table payments
  drop constraint payments_outgoing_check,
  add constraint payments_outgoing_check check (direction = 'incoming' or method is not null and num_nonnulls(person_id, client_id) = 1),
  add column wanted_applications jsonb not null default '[]',
  add column cleared_at timestamptz,
  add column functional_currency text check (functional_currency ~ '^[A-Z]{3}$'),
  add column functional_conversion_id uuid,
  add foreign key (workspace_id, functional_conversion_id) references conversions;
-- Whose books the money went into: until now only the invoices said so.
update payments p set seller_id = x.seller_id from (
  select distinct on (a.workspace_id, a.payment_id) a.workspace_id, a.payment_id, i.seller_id
  from payment_applications a join client_invoices i on i.workspace_id = a.workspace_id and i.id = a.document_id
  where a.kind = 'invoice' order by 1, 2, a.id) x
where p.workspace_id = x.workspace_id and p.id = x.payment_id and p.seller_id is null and p.direction = 'incoming';
create index on payments (workspace_id, client_id, id) where client_id is not null;

-- In the seller's books, gain above zero: what the money was worth on its day against what the document was posted at.
alter table payment_applications
  add column exchange_difference numeric,
  add constraint payment_applications_difference_check check (exchange_difference is null or functional_currency is not null);

-- Signed: a recovery, or a write-off that was wrong, is a row of its own.
alter table bad_debts
  add column author text not null default 'system',
  add column payment_id uuid,
  add foreign key (workspace_id, payment_id) references payments;
alter table bad_debts alter column author drop default;
create index on bad_debts (workspace_id, invoice_id);
create trigger bad_debts_append_only before update or delete on bad_debts for each statement execute function refuse_change();

-- What may be paid of a contractor's claim is worked out from the ledgers each time it is asked for: a claim that was made
-- after the client had paid would find no rows here.
drop table payable_releases;
alter table contractor_invoices drop column pay_when_paid, drop column long_stop_on;

-- How and when a client is reminded. Steps are days from the due date, before it below zero; a letter a step.
create table reminder_policies (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  name text not null check (length(name) between 1 and 200),
  -- The one for clients that name none.
  is_default boolean not null default false,
  active boolean not null default true,
  -- [{ "days": -3 }, { "days": 7, "fee": { "amount": "40.00", "currency": "EUR" } }, …], in the order of the days.
  steps jsonb not null,
  -- A year, of what is open and overdue; null: none is asked for.
  interest_percentage numeric check (interest_percentage > 0 and interest_percentage <= 100),
  stop_on_dispute boolean not null default true,
  stop_on_unapplied_cash boolean not null default true,
  -- Payments read back longer ago than so many hours are stale: nobody knows who has paid meanwhile.
  stale_after_hours integer not null default 48 check (stale_after_hours between 1 and 8760),
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, name)
);
select tenant_table('reminder_policies');
create unique index reminder_policies_default on reminder_policies (workspace_id) where is_default;
alter table clients add column reminder_policy_id uuid,
  add foreign key (workspace_id, reminder_policy_id) references reminder_policies;

-- One letter a client, seller and day, whatever invoices and currencies it is about; its level is the number of its latest step.
alter table reminder_letters
  add column policy_id uuid not null,
  add column address text,
  drop constraint reminder_letters_workspace_id_seller_id_client_id_letter_on_key,
  add unique (workspace_id, seller_id, client_id, letter_on),
  add foreign key (workspace_id, policy_id) references reminder_policies;
-- A step of an invoice is reminded of once, ever.
alter table reminder_letter_invoices add column step_days integer not null,
  add unique (workspace_id, invoice_id, step_days);

-- A fee belongs to a step, interest to its days: neither is asked for twice.
alter table late_fees
  add column seller_id uuid not null,
  add column client_id uuid not null,
  add column step_days integer,
  add column waived_at timestamptz,
  add column waive_reason text,
  add constraint late_fees_waived_check check ((status = 'waived') = (waived_at is not null)),
  add foreign key (workspace_id, seller_id) references sellers,
  add foreign key (workspace_id, client_id) references clients;
create unique index late_fees_step on late_fees (workspace_id, invoice_id, step_days) where kind = 'fee' and status <> 'discarded';
create unique index late_fees_days on late_fees (workspace_id, invoice_id, starts_on) where kind = 'interest' and status not in ('discarded', 'waived');

-- Reports of a day before an invoice was voided still count it: the day is set with the status, whoever sets that.
alter table client_invoices add column voided_on date;
create function set_voided_on() returns trigger language plpgsql as $$
begin
  new.voided_on := (select (coalesce(w.clock_at, now()) at time zone s.zone)::date from workspaces w, sellers s
    where w.id = new.workspace_id and s.workspace_id = new.workspace_id and s.id = new.seller_id);
  return new;
end $$;
create trigger client_invoices_voided before update on client_invoices
  for each row when (new.status = 'void' and old.status <> 'void') execute function set_voided_on();
