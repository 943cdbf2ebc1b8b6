-- Owns what a draft is made by beside its items: chosen items, discounts, adjusted and written-off items, tax by region.

-- A run over chosen items makes nothing of anything else; the grouping asked for stands in for the contract's.
alter table runs
  add column item_ids uuid[] check (cardinality(item_ids) between 1 and 10000),
  add column grouping jsonb;

-- By region and category, or by region and product; half-open, of one kind never two on a day (store/tax-rates.ts).
alter table tax_rates
  add column created_at timestamptz not null default now(),
  add constraint tax_rates_rate_check check (rate between 0 and 100),
  add constraint tax_rates_region_check check (region ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
  add constraint tax_rates_dates_check check (valid_to > valid_from),
  add constraint tax_rates_reverse_charge_check check (not reverse_charge or rate = 0);
create index on tax_rates (workspace_id, region);

-- How a client is taxed; its region is where it is, unless it says otherwise.
alter table clients
  add column tax_treatment text not null default 'by_region' check (tax_treatment in ('by_region', 'reverse_charge', 'exempt')),
  add column tax_region text check (tax_region ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
  add column tax_exemption_reason text,
  add column tax_legal_text text,
  add constraint clients_tax_words_check check (
    (tax_treatment <> 'reverse_charge' or tax_legal_text is not null) and (tax_treatment <> 'exempt' or tax_exemption_reason is not null));
alter table tax_registrations add constraint tax_registrations_dates_check check (valid_to > valid_from);

-- What the lines come to by tax, the discounts on the document by tax, and what they take of the lines together.
alter table client_invoices
  add column tax_subtotals jsonb not null default '[]',
  add column allowances jsonb not null default '[]',
  add column discounted numeric not null default 0 check (discounted >= 0),
  add column notes text check (length(notes) <= 5000);
create function refuse_issued_invoice_words_change() returns trigger language plpgsql as $$
begin
  raise exception 'invoice % is issued and cannot change; credit it instead', old.number using errcode = 'integrity_constraint_violation';
end $$;
create trigger client_invoices_words_frozen before update on client_invoices for each row
  when (old.number is not null
    and (new.tax_subtotals, new.allowances, new.discounted, new.notes) is distinct from (old.tax_subtotals, old.allowances, old.discounted, old.notes))
  execute function refuse_issued_invoice_words_change();

-- `amount` is quantity × price, as the items are allocated; a line brings it less its own discount and its share of the
-- document's. Prices with tax in them keep here what they come to with it.
alter table invoice_lines
  add column discount numeric not null default 0 check (discount >= 0),
  add column allowance numeric not null default 0 check (allowance >= 0),
  add column gross_amount numeric,
  add constraint invoice_lines_discounts_check check (discount + allowance = 0 or discount + allowance <= amount);

-- As it was given, so that it is worked out again when the draft changes. Without a line: on the document.
create table invoice_discounts (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  invoice_id uuid not null,
  line_id uuid,
  percentage numeric check (percentage > 0 and percentage <= 100),
  fixed_amount numeric check (fixed_amount > 0),
  reason text not null check (length(reason) between 1 and 200),
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  check (num_nonnulls(percentage, fixed_amount) = 1),
  foreign key (workspace_id, invoice_id) references client_invoices,
  foreign key (workspace_id, line_id) references invoice_lines
);
select tenant_table('invoice_discounts', 'select, insert, delete');
create index on invoice_discounts (workspace_id, invoice_id);
create trigger invoice_discounts_insert_frozen after insert on invoice_discounts referencing new table as added
  for each statement execute function refuse_issued_line_change();
create trigger invoice_discounts_delete_frozen after delete on invoice_discounts referencing old table as removed
  for each statement execute function refuse_issued_line_change();

-- A write-up or write-down changes what of an item is billed, never what is claimed of its entry.
create table item_adjustments (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  item_id uuid not null,
  quantity_before numeric not null,
  quantity_after numeric not null,
  unit_price_before numeric not null,
  unit_price_after numeric not null,
  reason text not null,
  author text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, item_id) references billable_items
);
select tenant_table('item_adjustments', 'select, insert');
create trigger item_adjustments_append_only before update or delete on item_adjustments
  for each statement execute function refuse_change();
create index on item_adjustments (workspace_id, item_id);

-- What is taken back of a write-off is held until a person releases it.
create table write_off_reversals (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  write_off_id uuid not null,
  reason text not null,
  author text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, write_off_id),
  foreign key (workspace_id, write_off_id) references time_write_offs
);
select tenant_table('write_off_reversals', 'select, insert');
create trigger write_off_reversals_append_only before update or delete on write_off_reversals
  for each statement execute function refuse_change();
