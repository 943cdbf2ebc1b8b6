-- Owns what clients with that setting get after each quarter: its report, with its figures as they were; and what workflows are searched by.

create table client_reports (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  client_id uuid not null,
  -- 2026-Q1
  quarter text not null check (quarter ~ '^[0-9]{4}-Q[1-4]$'),
  starts_on date not null,
  ends_before date not null check (ends_before > starts_on),
  status text not null default 'waiting' check (status in ('waiting', 'drawn_up', 'made', 'cancelled')),
  -- As they were when it was drawn up: never again.
  figures jsonb,
  drawn_up_at timestamptz,
  -- What it waited for: the books of the quarter were closed, the grace was over, or somebody asked for it before.
  drawn_up_because text check (drawn_up_because in ('books_closed', 'grace_over', 'asked')),
  made_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, client_id, quarter),
  foreign key (workspace_id, client_id) references clients,
  check ((status in ('drawn_up', 'made')) = (figures is not null)),
  check ((figures is null) = (drawn_up_at is null) and (figures is null) = (drawn_up_because is null)),
  check ((status = 'made') = (made_at is not null))
);
select tenant_table('client_reports', 'select, insert, update, delete');
create index client_reports_waiting on client_reports (workspace_id, ends_before) where status = 'waiting';

create function refuse_report_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or (new.client_id, new.quarter, new.figures, new.drawn_up_at) is distinct from (old.client_id, old.quarter, old.figures, old.drawn_up_at) then
    raise exception 'a report that was drawn up stays as it is' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger client_reports_kept before update or delete on client_reports
  for each row when (old.figures is not null) execute function refuse_report_change();

alter table outbox drop constraint outbox_subject_type_check,
  add constraint outbox_subject_type_check
    check (subject_type in ('billing_run', 'client_invoice', 'connection', 'ticket', 'contractor_invoice', 'billing_policy', 'client_report'));
alter table document_files drop constraint document_files_document_type_check,
  add constraint document_files_document_type_check
    check (document_type in ('client_invoice', 'credit_note', 'contractor_invoice', 'client_report'));
alter table document_deliveries drop constraint document_deliveries_document_type_check,
  add constraint document_deliveries_document_type_check
    check (document_type in ('client_invoice', 'credit_note', 'contractor_invoice', 'late_fee', 'reminder_letter', 'statement', 'client_report'));

-- Clients that had the setting before there were reports: each from the quarter that runs now, in the workspace's zone.
insert into client_reports (workspace_id, client_id, quarter, starts_on, ends_before)
select c.workspace_id, c.id, to_char(q.starts_on, 'YYYY-"Q"Q'), q.starts_on, (q.starts_on + interval '3 months')::date
from clients c join workspaces w on w.id = c.workspace_id
cross join lateral (select date_trunc('quarter', coalesce(w.clock_at, now()) at time zone coalesce(w.settings ->> 'zone', 'UTC'))::date as starts_on) q
where c.quarterly_reports and not c.internal and c.status <> 'archived';
insert into due (workspace_id, subject_type, subject_id, kind, period, due_at)
select r.workspace_id, 'client_report', r.id, 'quarter_ended', r.quarter, r.ends_before::timestamp at time zone coalesce(w.settings ->> 'zone', 'UTC')
from client_reports r join workspaces w on w.id = r.workspace_id;

-- By client, contract and document an operator finds the workflow of a subject. Across workspaces for the relay, which sees no tables but
-- its own: one call a batch.
create function search_values(workspaces uuid[], types text[], ids uuid[])
returns table (subject_type text, subject_id uuid, client_id uuid, contract_id uuid, document text)
language sql stable security definer set search_path = public set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
  select s.type, s.id, coalesce(i.client_id, k.client_id, r.client_id, rc.id, rk.client_id, rp.client_id, tp.client_id),
    coalesce(i.contract_id, k.id, rk.id), coalesce(i.number, case when i.id is not null then 'draft' end, t.number, v.number, r.quarter)
  from unnest(workspaces, types, ids) as s(workspace, type, id)
  left join client_invoices i on s.type = 'client_invoice' and i.workspace_id = s.workspace and i.id = s.id
  left join contracts k on s.type = 'billing_policy' and k.workspace_id = s.workspace and k.id = s.id
  left join client_reports r on s.type = 'client_report' and r.workspace_id = s.workspace and r.id = s.id
  left join contractor_invoices v on s.type = 'contractor_invoice' and v.workspace_id = s.workspace and v.id = s.id
  left join tickets t on s.type = 'ticket' and t.workspace_id = s.workspace and t.id = s.id
  left join projects tp on tp.workspace_id = s.workspace and tp.id = t.project_id
  left join runs u on s.type = 'billing_run' and u.workspace_id = s.workspace and u.id = s.id
  left join clients rc on u.scope_type = 'client' and rc.workspace_id = s.workspace and rc.id = u.scope_id
  left join contracts rk on u.scope_type = 'contract' and rk.workspace_id = s.workspace and rk.id = u.scope_id
  left join projects rp on u.scope_type = 'project' and rp.workspace_id = s.workspace and rp.id = u.scope_id
$$;
revoke execute on function search_values from public;
grant execute on function search_values to slipway_system;
