-- A payer takes a credit note off a wire: how much of a note there is to take off is what it put on account.

-- Of its total, what the invoice no longer needed and went back on account of its payments; the rest lowered what was open.
alter table credit_notes add column freed numeric not null default 0;
-- Of issued ones by what went back of their invoice, the latest first, since the latest found the least open.
alter table credit_notes disable trigger credit_notes_frozen;
update credit_notes n set freed = least(n.total, greatest(0, b.amount - x.newer))
from (
  select workspace_id, id, invoice_id,
    coalesce(sum(total) over (partition by workspace_id, invoice_id order by issued_at desc, id desc rows between unbounded preceding and 1 preceding), 0) as newer
  from credit_notes where status = 'issued') x
join (
  select a.workspace_id, a.document_id as invoice_id, -sum(coalesce(a.document_amount, a.amount)) as amount
  from payment_applications a join payments p on p.workspace_id = a.workspace_id and p.id = a.payment_id and p.status = 'cleared'
  where a.kind = 'invoice' and a.amount < 0 group by 1, 2) b on b.workspace_id = x.workspace_id and b.invoice_id = x.invoice_id
where n.workspace_id = x.workspace_id and n.id = x.id and n.total > 0;
alter table credit_notes enable trigger credit_notes_frozen;
