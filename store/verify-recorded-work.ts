/** Owns proving that what was recorded on tasks is what the work entries say. */
import { timerSource } from './recorded-work.ts';

/** For `slipway verify`: one row per part of a task entry, and per quantity of a task that is done. */
export const recordedWork = {
  name: 'recorded work',
  says: 'parts of task entries and done tasks, as their work entries have them',
  sql: `with recorded as (
          select id::text as external_id, approval, case kind when 'labor' then seconds when 'mileage' then metres
              when 'expense' then round(amount * 100)::bigint else count end as quantity
            from task_entries where workspace_id = $1 and deleted_at is null
          union all
          select id || ':time', approval, transport_seconds from task_entries
            where workspace_id = $1 and deleted_at is null and transport_seconds is not null
          union all
          select 'task:' || id, 'approved', quantity from tasks where workspace_id = $1 and status = 'done' and quantity is not null),
        taken as (
          select e.external_id, v.approval, v.quantity from sources s
          join work_entries e on e.workspace_id = $1 and e.source_id = s.id and e.deleted_at is null
          join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
          where s.workspace_id = $1 and s.kind = '${timerSource.kind}' and s.name = '${timerSource.name}')
        select 'task entry ' || external_id || ' of ' || coalesce(r.quantity || ' ' || r.approval, 'nothing')
            || ' is ' || coalesce(t.quantity || ' ' || t.approval, 'no work entry') as place,
          (r.quantity, r.approval) is distinct from (t.quantity, t.approval) as broken
        from recorded r full join taken t using (external_id)`,
} as const;
