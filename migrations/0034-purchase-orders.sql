-- Owns what a purchase order is beside its number: no longer used once archived, and of which limit somebody was warned.

alter table purchase_orders
  add column status text not null default 'active' check (status in ('active', 'archived')),
  -- The limit of which it was told that most of it is used; another limit is told of anew.
  add column told_limit numeric,
  add constraint purchase_orders_limit_check check (limit_amount >= 0) not valid,
  -- Half-open: the first day that is no longer covered.
  add constraint purchase_orders_validity_check check (valid_to > valid_from) not valid;

-- Contracts by the order that they name: it is not archived under them.
create index on contracts (workspace_id, purchase_order_id) where purchase_order_id is not null;
