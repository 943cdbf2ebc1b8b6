-- Owns the rest of the nouns and columns that BILLING's marked sections and DESIGN §2 name, in BILLING's order, and the bound of a
-- payment. The shape is here from the first release; but for that bound, the behaviour comes with its issue.

-- §3 Seller, dates, periods, series

-- Soft-closed until this day, half-open: with a reason a person may still post. From it on the period is as good as closed.
alter table periods add column grace_ends_before date,
  add constraint periods_grace_check check (grace_ends_before >= ends_before);

-- Self-billed documents are numbered per contractor: each has a series of their own.
alter table series add column person_id uuid,
  add constraint series_person_check check (person_id is null or document_type = 'self_billed'),
  add foreign key (workspace_id, person_id) references people;
create unique index on series (workspace_id, seller_id, person_id) where person_id is not null;

-- The books go by the functional currency; VAT may have to be shown in another (§5). The rule of the tax point is today's.
alter table sellers add column tax_currency text check (tax_currency ~ '^[A-Z]{3}$'),
  add column tax_point_rule text not null default 'service_to' check (tax_point_rule in ('service_to', 'issue_date', 'earlier_of_both', 'payment'));

-- A number that the platform gives has no place in a series of ours: no sequence, and no counter that could have a gap. Until
-- it is back the invoice stays ready; the time of asking keeps it from being asked for, edited or discarded meanwhile.
alter table client_invoices
  add column number_given_by text not null default 'series' check (number_given_by in ('series', 'platform')),
  add column number_asked_at timestamptz,
  drop constraint client_invoices_check1,
  add constraint client_invoices_issued_check check (
    number is null or (issue_date is not null and due_date is not null and snapshot is not null)),
  add constraint client_invoices_sequence_check check (
    (number is null or (sequence is not null) = (number_given_by = 'series')) and (series_id is null or number_given_by = 'series')),
  add constraint client_invoices_number_asked_check check (number_asked_at is null or number_given_by = 'platform');
alter table credit_notes
  add column number_given_by text not null default 'series' check (number_given_by in ('series', 'platform')),
  add column number_asked_at timestamptz,
  add constraint credit_notes_sequence_check check (sequence is null or number_given_by = 'series'),
  add constraint credit_notes_number_asked_check check (number_asked_at is null or number_given_by = 'platform');

-- §4 Price

-- What a kilometre or an hour on the road costs, before the product's default: a rate by date, or a markup on cost.
create table mileage_clauses (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  scope_type text not null check (scope_type in ('contract', 'client')),
  scope_id uuid not null,
  kind text not null check (kind in ('distance', 'time')),
  unit text not null,
  rate numeric check (rate >= 0),
  currency text check (currency ~ '^[A-Z]{3}$'),
  percentage numeric,
  valid_from date not null default '0001-01-01',
  valid_to date,
  primary key (workspace_id, id),
  unique (workspace_id, scope_type, scope_id, kind, valid_from),
  check (num_nonnulls(rate, percentage) = 1),
  check ((rate is null) = (currency is null))
);
select tenant_table('mileage_clauses');

create table holiday_calendars (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  name text not null,
  country text check (country ~ '^[A-Z]{2}$'),
  primary key (workspace_id, id),
  unique (workspace_id, name)
);
select tenant_table('holiday_calendars');

create table holidays (
  workspace_id uuid not null,
  calendar_id uuid not null,
  holiday date not null,
  name text not null,
  primary key (workspace_id, calendar_id, holiday),
  foreign key (workspace_id, calendar_id) references holiday_calendars
);
select tenant_table('holidays', 'select, insert, update, delete');

-- Here and not in the overtime rules: period ends and working days go by the same calendar.
alter table contracts add column holiday_calendar_id uuid,
  add foreign key (workspace_id, holiday_calendar_id) references holiday_calendars;

-- How a contract splits hours for billing, by date. Null thresholds split nothing.
create table overtime_rules (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  contract_id uuid not null,
  daily_after_seconds integer check (daily_after_seconds between 0 and 86400),
  weekly_after_seconds integer check (weekly_after_seconds between 0 and 604800),
  -- ISO days, Monday is 1: where the week of the weekly threshold begins, and which days are overtime whole.
  week_starts_on smallint not null default 1 check (week_starts_on between 1 and 7),
  weekend_days smallint[] not null default '{}' check (weekend_days <@ '{1,2,3,4,5,6,7}'),
  holidays_count boolean not null default false,
  valid_from date not null default '0001-01-01',
  valid_to date,
  primary key (workspace_id, id),
  unique (workspace_id, contract_id, valid_from),
  foreign key (workspace_id, contract_id) references contracts
);
select tenant_table('overtime_rules');

-- The ticket's own split counts for cost, the contract's for billing; a difference warns.
alter table entry_versions add column regular_seconds bigint, add column overtime_seconds bigint,
  add constraint entry_versions_overtime_check check (regular_seconds + overtime_seconds = quantity),
  add constraint entry_versions_split_check check ((regular_seconds is null) = (overtime_seconds is null));

-- The first invoice with the built-in transport prices asks once per currency; what was confirmed is kept beside who did.
create table built_in_price_confirmations (
  workspace_id uuid not null references workspaces,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  distance_price numeric not null,
  time_price numeric not null,
  confirmed_by text not null,
  confirmed_at timestamptz not null default now(),
  primary key (workspace_id, currency)
);
select tenant_table('built_in_price_confirmations', 'select, insert');

-- §5 Currency and tax

-- How one amount was turned into another currency. A credit note names the conversion of its original, so rates never differ.
create table conversions (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  from_currency text not null check (from_currency ~ '^[A-Z]{3}$'),
  to_currency text not null check (to_currency ~ '^[A-Z]{3}$'),
  date_rule text not null check (date_rule in ('receipt_date', 'work_date', 'issue_date', 'tax_point', 'posting_date', 'value_date', 'agreed')),
  -- The day of the rate taken, which may be before the rule's day: weekends have none.
  rate_on date not null,
  -- One unit of from_currency in to_currency.
  rate numeric not null check (rate > 0),
  source text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id)
);
select tenant_table('conversions', 'select, insert');

-- Cost, contract, invoice, payment and seller's books each have their currency. Items are hot: no foreign key, no default.
alter table billable_items add column cost_currency text, add column cost_conversion_id uuid;

-- Markup goes on net; an expense converts at its receipt's day.
alter table entry_versions add column receipt_on date, add column expense_net numeric, add column expense_input_tax numeric,
  add column expense_gross numeric,
  add constraint entry_versions_expense_check check (expense_net + expense_input_tax = expense_gross);

-- At posted rates; null while not issued. Contract to invoice is one conversion, since an invoice has one contract.
alter table client_invoices
  add column contract_conversion_id uuid,
  add column functional_currency text check (functional_currency ~ '^[A-Z]{3}$'),
  add column functional_net numeric,
  add column functional_tax numeric,
  add column functional_total numeric,
  add column functional_conversion_id uuid,
  -- The tax again in the currency that the seller's tax office wants.
  add column tax_currency text check (tax_currency ~ '^[A-Z]{3}$'),
  add column tax_in_tax_currency numeric,
  add column tax_conversion_id uuid,
  add constraint client_invoices_functional_check check (num_nulls(functional_currency, functional_net, functional_tax, functional_total) in (0, 4)),
  add constraint client_invoices_tax_shown_check check ((tax_currency is null) = (tax_in_tax_currency is null)),
  add foreign key (workspace_id, contract_conversion_id) references conversions,
  add foreign key (workspace_id, functional_conversion_id) references conversions,
  add foreign key (workspace_id, tax_conversion_id) references conversions;
alter table credit_notes
  add column functional_currency text check (functional_currency ~ '^[A-Z]{3}$'),
  add column functional_net numeric,
  add column functional_tax numeric,
  add column functional_total numeric,
  add column functional_conversion_id uuid,
  add column tax_currency text check (tax_currency ~ '^[A-Z]{3}$'),
  add column tax_in_tax_currency numeric,
  add column tax_conversion_id uuid,
  add constraint credit_notes_functional_check check (num_nulls(functional_currency, functional_net, functional_tax, functional_total) in (0, 4)),
  add constraint credit_notes_tax_shown_check check ((tax_currency is null) = (tax_in_tax_currency is null)),
  add foreign key (workspace_id, functional_conversion_id) references conversions,
  add foreign key (workspace_id, tax_conversion_id) references conversions;
alter table contractor_invoices
  add column functional_currency text check (functional_currency ~ '^[A-Z]{3}$'),
  add column functional_net numeric,
  add column functional_tax numeric,
  add column functional_total numeric,
  add column functional_conversion_id uuid,
  add constraint contractor_invoices_functional_check check (num_nulls(functional_currency, functional_net, functional_tax, functional_total) in (0, 4)),
  add foreign key (workspace_id, functional_conversion_id) references conversions;

-- `amount` is in the payment's currency; beside it what it settles of the document, and both ends in the seller's books: their
-- distance is the exchange difference, booked when the payment is applied.
alter table payment_applications
  add column document_currency text check (document_currency ~ '^[A-Z]{3}$'),
  add column document_amount numeric,
  add column document_conversion_id uuid,
  add column functional_currency text check (functional_currency ~ '^[A-Z]{3}$'),
  add column functional_amount numeric,
  add column functional_conversion_id uuid,
  add constraint payment_applications_document_check check ((document_currency is null) = (document_amount is null)),
  add constraint payment_applications_functional_check check ((functional_currency is null) = (functional_amount is null)),
  add foreign key (workspace_id, document_conversion_id) references conversions,
  add foreign key (workspace_id, functional_conversion_id) references conversions;

-- A reverse charge without its words is no valid invoice, so there is no such rate.
alter table tax_rates add column legal_text text,
  add constraint tax_rates_legal_text_check check (not reverse_charge or legal_text is not null);

-- What an issue freezes, with the columns of this file.
create or replace function refuse_issued_invoice_change() returns trigger language plpgsql as $$
begin
  if old.number is not null and (
    (new.number, new.sequence, new.series_id, new.number_given_by, new.seller_id, new.client_id, new.contract_id, new.currency, new.issue_date,
     new.due_date, new.tax_point, new.posting_date, new.service_from, new.service_to, new.net, new.tax, new.rounding, new.total, new.snapshot,
     new.content_hash, new.line_count, new.item_count, new.quantity_seconds, new.issued_at, new.contract_conversion_id,
     new.functional_currency, new.functional_net, new.functional_tax, new.functional_total, new.functional_conversion_id,
     new.tax_currency, new.tax_in_tax_currency, new.tax_conversion_id)
    is distinct from
    (old.number, old.sequence, old.series_id, old.number_given_by, old.seller_id, old.client_id, old.contract_id, old.currency, old.issue_date,
     old.due_date, old.tax_point, old.posting_date, old.service_from, old.service_to, old.net, old.tax, old.rounding, old.total, old.snapshot,
     old.content_hash, old.line_count, old.item_count, old.quantity_seconds, old.issued_at, old.contract_conversion_id,
     old.functional_currency, old.functional_net, old.functional_tax, old.functional_total, old.functional_conversion_id,
     old.tax_currency, old.tax_in_tax_currency, old.tax_conversion_id)) then
    raise exception 'invoice % is issued and cannot change; credit it instead', old.number using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;

-- §6 Cash

alter table payments add column bank_account_id uuid,
  add foreign key (workspace_id, bank_account_id) references bank_accounts;

-- Σ applications ≤ the payment. The payments are locked in the order of their ids first, and only the next statement, which
-- sees what others committed meanwhile, adds up: without the lock two at once each fit and together do not. Only what takes
-- is looked at: a countering row always passes. An application above the payment (a discount or a difference makes up for
-- it by its own negative row) goes with that row in one statement. A reversed payment has nothing to apply.
create function bound_payment_applications() returns trigger language plpgsql as $$
declare beyond record;
begin
  perform 1 from payments p
    where (p.workspace_id, p.id) in (select a.workspace_id, a.payment_id from added a)
    order by p.workspace_id, p.id for no key update;
  select p.id, p.amount, taken.amount as applied into beyond
    from (select workspace_id, payment_id from added group by 1, 2 having sum(amount) > 0) d
    join payments p on p.workspace_id = d.workspace_id and p.id = d.payment_id
    cross join lateral (
      select sum(a.amount) as amount from payment_applications a
      where a.workspace_id = d.workspace_id and a.payment_id = d.payment_id offset 0) taken
    where taken.amount > case p.status when 'reversed' then 0 else p.amount end
    limit 1;
  if found then
    raise exception 'payment % of % cannot have % applied', beyond.id, beyond.amount, beyond.applied using errcode = 'check_violation';
  end if;
  return null;
end $$;
create trigger bound_payment_applications after insert on payment_applications referencing new table as added
  for each statement execute function bound_payment_applications();

-- The other side of that bound: what was applied was applied to this amount. A wrong payment is reversed and recorded anew.
create function refuse_payment_change() returns trigger language plpgsql as $$
begin
  if (new.amount, new.currency, new.direction) is distinct from (old.amount, old.currency, old.direction) then
    raise exception 'payment % is recorded and cannot change; reverse it instead', old.id using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger payments_frozen before update on payments for each row execute function refuse_payment_change();

-- What a payment may settle, by amount, number or reference. Of a tie a person confirms one.
create table match_proposals (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  payment_id uuid not null,
  document_type text not null check (document_type in ('client_invoice', 'credit_note', 'contractor_invoice', 'late_fee')),
  document_id uuid not null,
  amount numeric not null check (amount <> 0),
  matched_by text[] not null check (matched_by <@ '{amount,number,reference}'),
  tied boolean not null default false,
  status text not null default 'proposed' check (status in ('proposed', 'confirmed', 'rejected', 'superseded')),
  decided_by text,
  decided_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  check (status <> 'confirmed' or decided_by is not null),
  foreign key (workspace_id, payment_id) references payments
);
select tenant_table('match_proposals');
create unique index on match_proposals (workspace_id, payment_id, document_type, document_id) where status in ('proposed', 'confirmed');

-- One letter per client and level, whatever number of invoices it reminds of.
create table reminder_letters (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  client_id uuid not null,
  seller_id uuid not null,
  level smallint not null check (level > 0),
  status text not null default 'draft' check (status in ('draft', 'sent', 'stopped')),
  -- Why it does not go out: disputed, unapplied cash, read-back is stale.
  stop_reason text,
  letter_on date not null,
  sent_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, seller_id, client_id, letter_on, level),
  check ((status = 'stopped') = (stop_reason is not null)),
  foreign key (workspace_id, client_id) references clients,
  foreign key (workspace_id, seller_id) references sellers
);
select tenant_table('reminder_letters');

-- What was open and undisputed when the letter was written.
create table reminder_letter_invoices (
  workspace_id uuid not null,
  letter_id uuid not null,
  invoice_id uuid not null,
  open_amount numeric not null,
  disputed_amount numeric not null default 0,
  primary key (workspace_id, letter_id, invoice_id),
  foreign key (workspace_id, letter_id) references reminder_letters,
  foreign key (workspace_id, invoice_id) references client_invoices
);
select tenant_table('reminder_letter_invoices', 'select, insert, delete');
create index on reminder_letter_invoices (workspace_id, invoice_id);

-- Late fees and interest are documents of their own: the invoice they grew from never changes.
create table late_fees (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  invoice_id uuid not null,
  letter_id uuid,
  kind text not null check (kind in ('fee', 'interest')),
  status text not null default 'draft' check (status in ('draft', 'issued', 'settled', 'waived', 'discarded')),
  series_id uuid,
  number text,
  sequence bigint,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- Interest: on which amount, at which percentage a year, over which half-open days.
  base numeric,
  percentage numeric,
  starts_on date,
  ends_before date,
  amount numeric not null check (amount > 0),
  applied numeric not null default 0,
  issue_date date,
  due_date date,
  posting_date date,
  snapshot jsonb,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  check (status in ('draft', 'discarded') = (number is null)),
  check (number is null or (issue_date is not null and due_date is not null and snapshot is not null)),
  check (kind = 'fee' or num_nulls(base, percentage, starts_on, ends_before) = 0),
  check (applied between 0 and amount),
  foreign key (workspace_id, invoice_id) references client_invoices,
  foreign key (workspace_id, letter_id) references reminder_letters,
  foreign key (workspace_id, series_id) references series
);
select tenant_table('late_fees');
create unique index on late_fees (workspace_id, series_id, sequence) where sequence is not null;
create index on late_fees (workspace_id, invoice_id);
alter table series drop constraint series_document_type_check,
  add constraint series_document_type_check check (
    document_type in ('invoice', 'credit_note', 'self_billed', 'contractor_invoice', 'ticket', 'late_fee'));
alter table payment_applications drop constraint payment_applications_kind_check,
  add constraint payment_applications_kind_check check (kind in
    ('invoice', 'credit_note', 'contractor_invoice', 'late_fee', 'refund', 'bank_fee', 'tax_withheld', 'early_payment_discount', 'exchange_difference', 'on_account'));

-- Off by default, and never without the day from which it is paid whatever the client does.
alter table contracts add column pay_when_paid boolean not null default false,
  add constraint contracts_long_stop_check check (not pay_when_paid or long_stop_on is not null);
alter table contractor_invoices add column pay_when_paid boolean not null default false, add column long_stop_on date,
  add constraint contractor_invoices_long_stop_check check (not pay_when_paid or long_stop_on is not null);

-- What the client's money released of a contractor's claim, pro rata by line; signed, since a reversed payment takes it back.
create table payable_releases (
  workspace_id uuid not null,
  id bigint not null default nextval('ledger_ids'),
  contractor_invoice_id uuid not null,
  invoice_line_id uuid not null,
  application_id bigint not null,
  amount numeric not null check (amount <> 0),
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, contractor_invoice_id) references contractor_invoices,
  foreign key (workspace_id, invoice_line_id) references invoice_lines,
  foreign key (workspace_id, application_id) references payment_applications
);
select tenant_table('payable_releases', 'select, insert');
create index on payable_releases (workspace_id, contractor_invoice_id);
create trigger payable_releases_append_only before update or delete on payable_releases
  for each statement execute function refuse_change();

-- The client says in the portal that they paid. It is shown with its time and releases no cash until money is recorded, read
-- back or matched.
create table client_confirmations (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  invoice_id uuid not null,
  contact_id uuid,
  member_id uuid,
  paid_on date,
  amount numeric check (amount > 0),
  reference text,
  status text not null default 'shown' check (status in ('waiting', 'shown', 'refused', 'matched', 'unmatched')),
  confirmed_at timestamptz not null default now(),
  -- The admin who let it show or refused it, where the setting asks for one.
  decided_by uuid,
  decided_at timestamptz,
  primary key (workspace_id, id),
  check (num_nonnulls(contact_id, member_id) > 0),
  foreign key (workspace_id, invoice_id) references client_invoices,
  foreign key (workspace_id, contact_id) references contacts,
  foreign key (workspace_id, member_id) references members,
  foreign key (workspace_id, decided_by) references members
);
select tenant_table('client_confirmations');
create index on client_confirmations (workspace_id, invoice_id);

-- §7 Contractors

-- Without an agreement in force nobody may write a contractor's invoice for them.
create table self_billing_agreements (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  seller_id uuid not null,
  person_id uuid not null,
  starts_on date not null,
  ends_before date,
  -- The words that the law wants on each document.
  legal_text text not null,
  status text not null default 'proposed' check (status in ('proposed', 'accepted', 'refused', 'ended')),
  accepted_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, seller_id, person_id, starts_on),
  check (ends_before > starts_on),
  check (status <> 'accepted' or accepted_at is not null),
  foreign key (workspace_id, seller_id) references sellers,
  foreign key (workspace_id, person_id) references people
);
select tenant_table('self_billing_agreements');

alter table contractor_invoices
  add column seller_id uuid,
  add column agreement_id uuid,
  add column accepted_at timestamptz,
  add column disputed_at timestamptz,
  add column dispute_reason text,
  add constraint contractor_invoices_dispute_check check ((disputed_at is null) = (dispute_reason is null)),
  add constraint contractor_invoices_agreement_check check (agreement_id is null or kind = 'self_billed'),
  add foreign key (workspace_id, seller_id) references sellers,
  add foreign key (workspace_id, agreement_id) references self_billing_agreements;

-- Applied = paid + withheld; the year is that of the totals that go to the tax office.
create table withholding_lines (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  contractor_invoice_id uuid not null,
  scheme text not null,
  tax_year smallint not null,
  base numeric not null,
  percentage numeric not null check (percentage between 0 and 100),
  amount numeric not null,
  payment_id uuid,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, contractor_invoice_id) references contractor_invoices,
  foreign key (workspace_id, payment_id) references payments
);
select tenant_table('withholding_lines');
create index on withholding_lines (workspace_id, contractor_invoice_id);
create index on withholding_lines (workspace_id, tax_year);

-- From a ticket that corrects one already paid; netted from the next payments, never more than it is.
create table contractor_credits (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  person_id uuid not null,
  ticket_id uuid not null,
  corrects_ticket_id uuid not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  amount numeric not null check (amount > 0),
  netted numeric not null default 0,
  posting_date date not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, ticket_id),
  check (netted between 0 and amount),
  check (ticket_id <> corrects_ticket_id),
  foreign key (workspace_id, person_id) references people,
  foreign key (workspace_id, ticket_id) references tickets,
  foreign key (workspace_id, corrects_ticket_id) references tickets
);
select tenant_table('contractor_credits');

create table contractor_credit_entries (
  workspace_id uuid not null,
  id bigint not null default nextval('ledger_ids'),
  credit_id uuid not null,
  contractor_invoice_id uuid not null,
  payment_id uuid,
  amount numeric not null check (amount <> 0),
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, credit_id) references contractor_credits,
  foreign key (workspace_id, contractor_invoice_id) references contractor_invoices,
  foreign key (workspace_id, payment_id) references payments
);
select tenant_table('contractor_credit_entries', 'select, insert');
create trigger contractor_credit_entries_append_only before update or delete on contractor_credit_entries
  for each statement execute function refuse_change();

-- A change of account is where fraud comes in: who called which known number, and what the old contact was told.
alter table payee_accounts
  add column call_back_by uuid,
  add column call_back_to text,
  add column notice_sent_to text,
  add column notice_sent_at timestamptz,
  add constraint payee_accounts_call_back_check check (num_nulls(call_back_at, call_back_by, call_back_to) in (0, 3)),
  add constraint payee_accounts_notice_check check ((notice_sent_at is null) = (notice_sent_to is null)),
  add foreign key (workspace_id, call_back_by) references members;
-- The same account at two payees raises an exception.
create index on payee_accounts (workspace_id, account_hash);

-- §8 Duties

-- Up to this amount one person is enough. Of no member: for everybody who has no limit of their own.
create table duty_limits (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  member_id uuid,
  action text not null check (action in ('approve', 'issue', 'credit', 'write_off', 'bad_debt', 'release', 'pay', 'price_change', 'account_change')),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  amount numeric not null check (amount >= 0),
  primary key (workspace_id, id),
  unique nulls not distinct (workspace_id, member_id, action, currency),
  foreign key (workspace_id, member_id) references members
);
select tenant_table('duty_limits', 'select, insert, update, delete');

-- One asks, another decides. The hash is what was asked for: a subject that changes meanwhile is asked for again.
-- A lone admin may decide on their own request with a reason; those rows are the duties report.
create table second_approvals (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  action text not null check (action in ('approve', 'issue', 'credit', 'write_off', 'bad_debt', 'release', 'pay', 'price_change', 'account_change')),
  subject_type text not null,
  subject_id uuid not null,
  content_hash bytea not null,
  currency text check (currency ~ '^[A-Z]{3}$'),
  amount numeric,
  reason text,
  requested_by uuid not null,
  status text not null default 'requested' check (status in ('requested', 'approved', 'refused', 'withdrawn')),
  approver_id uuid,
  own_request_reason text,
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  primary key (workspace_id, id),
  check ((status in ('approved', 'refused')) = (approver_id is not null)),
  check ((status = 'requested') = (decided_at is null)),
  check (approver_id <> requested_by or own_request_reason is not null),
  foreign key (workspace_id, requested_by) references members,
  foreign key (workspace_id, approver_id) references members
);
select tenant_table('second_approvals');
create unique index on second_approvals (workspace_id, action, subject_type, subject_id) where status = 'requested';
create index on second_approvals (workspace_id, subject_id);

-- §9 Delivery, archive, erasure

-- A message template with the words of payment that documents and letters carry.
create table payment_terms (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  name text not null,
  language text not null default 'en',
  message text not null check (length(message) <= 10000),
  primary key (workspace_id, id),
  unique (workspace_id, name, language)
);
select tenant_table('payment_terms');

-- Where documents go: the contract's, field by field, before the client's. The client's own address is who it is, bill-to is
-- who pays.
alter table clients
  add column bill_to jsonb,
  add column accounts_payable_email text,
  add column delivery_channel text check (delivery_channel in ('email', 'e_invoice', 'portal', 'platform', 'post')),
  add column electronic_address text,
  add column buyer_reference text,
  add column payment_terms_id uuid,
  add foreign key (workspace_id, payment_terms_id) references payment_terms;
alter table contracts
  add column bill_to jsonb,
  add column accounts_payable_email text,
  add column delivery_channel text check (delivery_channel in ('email', 'e_invoice', 'portal', 'platform', 'post')),
  add column electronic_address text,
  add column vessel_reference text,
  add column job_reference text,
  add column payment_terms_id uuid,
  add foreign key (workspace_id, payment_terms_id) references payment_terms;

-- One row per attempt to bring a document to somebody; the address is a copy of what it was then.
create table document_deliveries (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  document_type text not null check (document_type in ('client_invoice', 'credit_note', 'contractor_invoice', 'late_fee', 'reminder_letter', 'statement')),
  document_id uuid not null,
  channel text not null check (channel in ('email', 'e_invoice', 'portal', 'platform', 'post')),
  address text not null,
  status text not null default 'queued' check (status in ('queued', 'delivered', 'rejected', 'cleared')),
  rejection_reason text,
  -- Its id at the mail server or network, by which an answer finds it.
  external_id text,
  created_at timestamptz not null default now(),
  delivered_at timestamptz,
  cleared_at timestamptz,
  primary key (workspace_id, id),
  check ((status = 'rejected') = (rejection_reason is not null)),
  check (status <> 'delivered' or delivered_at is not null),
  check ((status = 'cleared') = (cleared_at is not null))
);
select tenant_table('document_deliveries');
create index on document_deliveries (workspace_id, document_type, document_id);
create unique index on document_deliveries (workspace_id, channel, external_id) where external_id is not null;

-- How long a kind of record must be kept, counted from when.
create table retention_classes (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  name text not null,
  country text not null check (country ~ '^[A-Z]{2}$'),
  months integer not null check (months between 0 and 1200),
  counted_from text not null check (counted_from in ('creation', 'issue_date', 'end_of_year', 'end_of_contract')),
  legal_basis text not null,
  primary key (workspace_id, id),
  unique (workspace_id, name, country)
);
select tenant_table('retention_classes');

-- While one stands nothing of its subject is removed, whatever has expired.
create table legal_holds (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  subject_type text not null check (subject_type in ('workspace', 'client', 'contract', 'person', 'client_invoice', 'contractor_invoice')),
  subject_id uuid not null,
  reason text not null,
  placed_by text not null,
  created_at timestamptz not null default now(),
  released_by text,
  released_at timestamptz,
  primary key (workspace_id, id),
  check ((released_at is null) = (released_by is null))
);
select tenant_table('legal_holds');
create index on legal_holds (workspace_id, subject_id) where released_at is null;

-- Erasing a person: what no duty covers goes at once, each other record waits here for the end of its term.
create table erasures (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  person_id uuid not null,
  requested_by text not null,
  reason text,
  status text not null default 'requested' check (status in ('requested', 'partly_done', 'done', 'refused')),
  created_at timestamptz not null default now(),
  done_at timestamptz,
  primary key (workspace_id, id),
  check ((status = 'done') = (done_at is not null)),
  foreign key (workspace_id, person_id) references people
);
select tenant_table('erasures');

create table erasure_queue (
  workspace_id uuid not null,
  erasure_id uuid not null,
  subject_type text not null,
  subject_id uuid not null,
  -- Why it is still here: the class, and the day from which nothing keeps it but a legal hold.
  retention_class_id uuid not null,
  erase_from date not null,
  done_at timestamptz,
  primary key (workspace_id, erasure_id, subject_type, subject_id),
  foreign key (workspace_id, erasure_id) references erasures,
  foreign key (workspace_id, retention_class_id) references retention_classes
);
select tenant_table('erasure_queue');
create index on erasure_queue (workspace_id, erase_from) where done_at is null;

-- Invariant 10: personal fields are encrypted with a key per person. Here is only where it is found; the keys are outside the
-- database and its backup, so a destroyed key erases the person in every backup too.
create table data_keys (
  workspace_id uuid not null references workspaces,
  id uuid not null default uuidv7(),
  reference text not null,
  created_at timestamptz not null default now(),
  destroyed_at timestamptz,
  primary key (workspace_id, id),
  unique (workspace_id, reference)
);
select tenant_table('data_keys');
alter table people add column data_key_id uuid,
  add foreign key (workspace_id, data_key_id) references data_keys;
-- A key that two share could not be destroyed for one.
create unique index on people (workspace_id, data_key_id) where data_key_id is not null;

-- DESIGN §2

create table notifications (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  member_id uuid not null,
  kind text not null,
  subject_type text not null,
  subject_id uuid,
  -- What the words are made of; they are put together where they are read, in the reader's language.
  detail jsonb not null default '{}',
  created_at timestamptz not null default now(),
  read_at timestamptz,
  mailed_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, member_id) references members
);
select tenant_table('notifications');
create index on notifications (workspace_id, member_id, id) where read_at is null;
