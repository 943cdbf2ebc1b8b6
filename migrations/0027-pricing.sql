-- Owns what prices work beyond rate cards: price lists by date and quantity, markups by date, and rates of currencies.

alter table price_lists add constraint price_lists_currency_check check (currency ~ '^[A-Z]{3}$');
alter table price_list_items
  add constraint price_list_items_dates_check check (valid_to > valid_from),
  add constraint price_list_items_amounts_check check (unit_price >= 0 and minimum_quantity >= 0),
  add unique (workspace_id, price_list_id, product_id, minimum_quantity, valid_from);
grant delete on price_list_items to slipway_app;

alter table markups
  add constraint markups_dates_check check (valid_to > valid_from),
  -- A price is never less than nothing.
  add constraint markups_percentage_check check (percentage >= -100);

-- Of an expense: the day of its receipt, and what of it the tax office gives back.
alter table ticket_lines
  add column receipt_on date,
  add column input_tax_cents bigint,
  add constraint ticket_lines_receipt_check check (kind = 'expense' or num_nonnulls(receipt_on, input_tax_cents) = 0),
  add constraint ticket_lines_input_tax_check check (input_tax_cents between least(0, amount_cents) and greatest(0, amount_cents));

-- A rate is never changed, since documents name it: a correction is a row of its own, and of one day the newest counts.
alter table currency_rates
  drop constraint currency_rates_workspace_id_base_quote_rate_on_source_key,
  add constraint currency_rates_pair_check check (base ~ '^[A-Z]{3}$' and quote ~ '^[A-Z]{3}$' and base <> quote),
  -- Declared by who entered it: only then it also turns quote into base.
  add column both_ways boolean not null default false,
  add column created_by text not null default 'system',
  add column created_at timestamptz not null default now();
create index on currency_rates (workspace_id, base, quote, rate_on);
create trigger currency_rates_append_only before update or delete on currency_rates
  for each statement execute function refuse_change();
create trigger conversions_append_only before update or delete on conversions
  for each statement execute function refuse_change();
