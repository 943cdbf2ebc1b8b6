-- Owns the contractor's money: numbers that begin again, contractor invoices from tickets, their lines, their payment, and the
-- accounts that it goes to. Their nouns are there since 0006 and 0008; here is what their behaviour needs.

-- Numbers. The sequence runs on through all resets, so that a gap is seen; the counter in the number is sequence − counter_base.
alter table series
  add column prefix text not null default '' check (prefix ~ '^[A-Za-z0-9/_.-]{0,20}$'),
  add column reset text not null default 'never' check (reset in ('never', 'yearly', 'monthly')),
  add column counter_base bigint not null default 0 check (counter_base >= 0),
  add column counter_period text;

-- The code is {CONTRACTOR} in numbers, given once and kept; the currency is what this person is paid in.
alter table people
  add column code text check (code ~ '^[A-Z0-9]{2,10}$'),
  add column currency text check (currency ~ '^[A-Z]{3}$');
create unique index people_code on people (workspace_id, code) where code is not null;

-- Who did what is kept as events name it (member:…, key:…): a key that belongs to nobody is somebody too.
alter table contractor_invoices
  add column created_by text,
  add column submitted_at timestamptz,
  add column submitted_by text,
  add column decided_at timestamptz,
  add column decided_by text,
  add column decision_reason text,
  add column approved_at timestamptz,
  add column approved_by text,
  add column paid_at timestamptz,
  add column cancelled_at timestamptz,
  add column cancelled_by text,
  add column cancel_reason text,
  add column note text check (length(note) <= 2000),
  add column their_date date,
  -- The contractor's own document.
  add column attachment_id uuid,
  -- How often it was submitted: reminders of an earlier round do not count for a later one.
  add column round integer not null default 0,
  add constraint contractor_invoices_number_check check ((number is null) = (sequence is null)),
  add constraint contractor_invoices_numbered_check check (
    status in ('draft', 'rejected', 'cancelled') or number is not null and issue_date is not null and series_id is not null),
  add constraint contractor_invoices_approved_check check (
    status not in ('approved', 'partially_paid', 'paid') or approved_by is not null and posting_date is not null),
  add constraint contractor_invoices_total_check check (total = net + tax),
  -- The status says what the money says.
  add constraint contractor_invoices_paid_check check (
    case status when 'paid' then applied = total when 'partially_paid' then applied > 0 and applied < total else applied = 0 end),
  add constraint contractor_invoices_withheld_check check (withheld between 0 and applied);
create unique index on contractor_invoices (workspace_id, series_id, sequence) where sequence is not null;
create unique index on contractor_invoices (workspace_id, seller_id, number) where number is not null;
create index on contractor_invoices (workspace_id, person_id, id);
create index on contractor_invoices (workspace_id, status, id);

-- Approved means: this is what is owed. It is paid, or cancelled and written anew.
create function refuse_approved_contractor_invoice_change() returns trigger language plpgsql as $$
begin
  if old.number is not null and (new.number, new.sequence, new.series_id, new.person_id, new.seller_id, new.currency, new.kind)
      is distinct from (old.number, old.sequence, old.series_id, old.person_id, old.seller_id, old.currency, old.kind) then
    raise exception 'contractor invoice % has its number and stays what it is; cancel it instead', old.number
      using errcode = 'integrity_constraint_violation';
  end if;
  if old.status in ('approved', 'partially_paid', 'paid') and new.status in ('approved', 'partially_paid', 'paid')
      and (new.net, new.tax, new.total, new.issue_date, new.due_date, new.posting_date, new.snapshot, new.payee_account_id, new.approved_by)
      is distinct from (old.net, old.tax, old.total, old.issue_date, old.due_date, old.posting_date, old.snapshot, old.payee_account_id, old.approved_by) then
    raise exception 'contractor invoice % is approved and cannot change; cancel it instead', old.number
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger contractor_invoices_frozen before update on contractor_invoices
  for each row execute function refuse_approved_contractor_invoice_change();
create trigger contractor_invoices_kept before delete on contractor_invoices for each statement execute function refuse_change();

-- A ticket is on one contractor invoice at most, whoever bundles at the same moment; a cancelled or unbundled one leaves its row.
create unique index contractor_invoice_tickets_once on contractor_invoice_tickets (workspace_id, ticket_id);

-- One per cost of a ticket: quantity × price = amount, and how it came to be. Kept when the invoice is cancelled.
create table contractor_invoice_lines (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  contractor_invoice_id uuid not null,
  line_no integer not null,
  ticket_id uuid not null,
  entry_id uuid not null,
  entry_version integer not null,
  kind text not null check (kind in ('labor', 'labor_overtime', 'expense', 'mileage_distance', 'mileage_time', 'goods')),
  work_date date not null,
  description text not null,
  quantity numeric not null,
  unit text not null,
  unit_price numeric not null check (unit_price >= 0),
  amount numeric not null,
  formula jsonb not null,
  primary key (workspace_id, id),
  unique (workspace_id, contractor_invoice_id, line_no),
  foreign key (workspace_id, contractor_invoice_id) references contractor_invoices,
  foreign key (workspace_id, ticket_id) references tickets
);
select tenant_table('contractor_invoice_lines', 'select, insert, delete');

-- Accounts. The number is sealed; the fingerprint is keyed too, or ten digits could be guessed from it.
alter table payee_accounts
  add column status text not null default 'proposed' check (status in ('proposed', 'confirmed', 'refused', 'superseded')),
  add column holder text not null default '',
  add column bank text,
  add column country text check (country ~ '^[A-Z]{2}$'),
  add column key_version integer not null default 1,
  add column proposed_by_actor text,
  add column confirmed_by_actor text,
  add column decision_reason text,
  add column decided_at timestamptz,
  add constraint payee_accounts_second_person_check check (confirmed_by_actor <> proposed_by_actor),
  add constraint payee_accounts_confirmed_check check (
    status in ('proposed', 'refused') or confirmed_by_actor is not null and usable_from is not null),
  -- The caller may be a key of no member; that there was a call, and to whom, is what counts.
  drop constraint payee_accounts_call_back_check,
  add constraint payee_accounts_call_back_check check ((call_back_at is null) = (call_back_to is null));
create unique index payee_accounts_proposed on payee_accounts (workspace_id, person_id) where status = 'proposed';
create unique index payee_accounts_confirmed on payee_accounts (workspace_id, person_id) where status = 'confirmed';

-- Payment. What a payment settles of an invoice is cash, tax withheld, and credits netted:
-- Σ (contractor_invoice − tax_withheld − contractor_credit + on_account) = the cash. A credit may settle all of it: no cash then.
alter table payments
  add column method text check (method in ('wire', 'ach', 'check', 'card', 'other')),
  add column payee_account_id uuid,
  add column note text check (length(note) <= 2000),
  drop constraint payments_amount_check,
  add constraint payments_amount_check check (amount > 0 or amount = 0 and direction = 'outgoing'),
  add constraint payments_outgoing_check check (direction = 'incoming' or person_id is not null and method is not null),
  add foreign key (workspace_id, payee_account_id) references payee_accounts;
create index on payments (workspace_id, person_id, id) where person_id is not null;
alter table payment_applications drop constraint payment_applications_kind_check,
  add constraint payment_applications_kind_check check (kind in
    ('invoice', 'credit_note', 'contractor_invoice', 'contractor_credit', 'late_fee', 'refund', 'bank_fee', 'tax_withheld', 'early_payment_discount',
     'exchange_difference', 'on_account'));
create index on withholding_lines (workspace_id, payment_id);
create index on contractor_credits (workspace_id, person_id) where netted < amount;
create index on contractor_credit_entries (workspace_id, payment_id);
-- What went to the tax office is countered by a row of its own, never changed.
revoke update on withholding_lines from slipway_app;
