-- What subjects are searched by, again as one call for a batch of them, and now a statement a type. As one statement over the tables
-- of all types its plan was made at each claim, which took some 4 ms of the way from an approval to its invoice; the plans of
-- these are kept by the session, and most batches ask for one type.
create or replace function search_values(workspaces uuid[], types text[], ids uuid[])
returns table (subject_type text, subject_id uuid, client_id uuid, contract_id uuid, document text)
language plpgsql stable security definer
  set search_path = public set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  if 'client_invoice' = any(types) then
    return query select s.type, s.id, i.client_id, i.contract_id, coalesce(i.number, 'draft')
      from unnest(workspaces, types, ids) as s(workspace, type, id)
      join client_invoices i on i.workspace_id = s.workspace and i.id = s.id where s.type = 'client_invoice';
  end if;
  if 'billing_policy' = any(types) then
    return query select s.type, s.id, k.client_id, k.id, null::text
      from unnest(workspaces, types, ids) as s(workspace, type, id)
      join contracts k on k.workspace_id = s.workspace and k.id = s.id where s.type = 'billing_policy';
  end if;
  if 'client_report' = any(types) then
    return query select s.type, s.id, r.client_id, null::uuid, r.quarter
      from unnest(workspaces, types, ids) as s(workspace, type, id)
      join client_reports r on r.workspace_id = s.workspace and r.id = s.id where s.type = 'client_report';
  end if;
  if 'contractor_invoice' = any(types) then
    return query select s.type, s.id, null::uuid, null::uuid, v.number
      from unnest(workspaces, types, ids) as s(workspace, type, id)
      join contractor_invoices v on v.workspace_id = s.workspace and v.id = s.id where s.type = 'contractor_invoice';
  end if;
  if 'ticket' = any(types) then
    return query select s.type, s.id, p.client_id, null::uuid, t.number
      from unnest(workspaces, types, ids) as s(workspace, type, id)
      join tickets t on t.workspace_id = s.workspace and t.id = s.id
      left join projects p on p.workspace_id = s.workspace and p.id = t.project_id where s.type = 'ticket';
  end if;
  if 'billing_run' = any(types) then
    return query select s.type, s.id, coalesce(c.id, k.client_id, p.client_id), k.id, null::text
      from unnest(workspaces, types, ids) as s(workspace, type, id)
      join runs u on u.workspace_id = s.workspace and u.id = s.id
      left join clients c on u.scope_type = 'client' and c.workspace_id = s.workspace and c.id = u.scope_id
      left join contracts k on u.scope_type = 'contract' and k.workspace_id = s.workspace and k.id = u.scope_id
      left join projects p on u.scope_type = 'project' and p.workspace_id = s.workspace and p.id = u.scope_id
      where s.type = 'billing_run';
  end if;
end $$;
