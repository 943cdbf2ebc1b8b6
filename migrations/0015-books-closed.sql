-- Owns what closes a seller's books: who may still post into a soft-closed period, and what else an issue freezes.

-- An override names a person and a reason (BILLING §3).
alter table period_overrides
  alter column member_id set not null,
  add constraint period_overrides_reason_check check (reason <> ''),
  add foreign key (workspace_id, member_id) references members;
create index on period_overrides (workspace_id, period_id);

-- As in 0008, with the purchase order: what an order has left is counted by the invoices that name it.
create or replace function refuse_issued_invoice_change() returns trigger language plpgsql as $$
begin
  if old.number is not null and (
    (new.number, new.sequence, new.series_id, new.number_given_by, new.seller_id, new.client_id, new.contract_id, new.currency, new.issue_date,
     new.due_date, new.tax_point, new.posting_date, new.service_from, new.service_to, new.net, new.tax, new.rounding, new.total, new.snapshot,
     new.content_hash, new.line_count, new.item_count, new.quantity_seconds, new.issued_at, new.purchase_order_id, new.contract_conversion_id,
     new.functional_currency, new.functional_net, new.functional_tax, new.functional_total, new.functional_conversion_id,
     new.tax_currency, new.tax_in_tax_currency, new.tax_conversion_id)
    is distinct from
    (old.number, old.sequence, old.series_id, old.number_given_by, old.seller_id, old.client_id, old.contract_id, old.currency, old.issue_date,
     old.due_date, old.tax_point, old.posting_date, old.service_from, old.service_to, old.net, old.tax, old.rounding, old.total, old.snapshot,
     old.content_hash, old.line_count, old.item_count, old.quantity_seconds, old.issued_at, old.purchase_order_id, old.contract_conversion_id,
     old.functional_currency, old.functional_net, old.functional_tax, old.functional_total, old.functional_conversion_id,
     old.tax_currency, old.tax_in_tax_currency, old.tax_conversion_id)) then
    raise exception 'invoice % is issued and cannot change; credit it instead', old.number using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
