-- Owns what a project is beside its name: its team, its agreed price with milestones, who is on its tasks, and its budget warnings.

alter table projects
  add column team_id uuid,
  -- What was agreed for the whole of it; its milestones never add up to more.
  add column price numeric,
  add constraint projects_price_check check (price >= 0),
  add constraint projects_budget_seconds_check check (budget_seconds >= 0),
  add constraint projects_budget_amount_check check (budget_amount >= 0),
  add foreign key (workspace_id, team_id) references teams;
create index on projects (workspace_id, team_id) where team_id is not null;

alter table phases
  add constraint phases_days_check check (ends_before > starts_on),
  add unique (workspace_id, project_id, id);
grant delete on phases to slipway_app;

-- A phase of another project is none of this one's: the key says so, whoever races.
alter table tasks
  drop constraint if exists tasks_workspace_id_phase_id_fkey,
  add foreign key (workspace_id, project_id, phase_id) references phases (workspace_id, project_id, id);
alter table milestones
  drop constraint if exists milestones_workspace_id_phase_id_fkey,
  add foreign key (workspace_id, project_id, phase_id) references phases (workspace_id, project_id, id),
  add unique (workspace_id, project_id, name),
  add column reached_by text,
  add column reach_reason text,
  add constraint milestones_price_check check (price >= 0),
  add constraint milestones_percentage_check check (percentage > 0 and percentage <= 100);
grant delete on milestones to slipway_app;

create table task_assignments (
  workspace_id uuid not null,
  task_id uuid not null,
  person_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, task_id, person_id),
  foreign key (workspace_id, task_id) references tasks,
  foreign key (workspace_id, person_id) references people
);
select tenant_table('task_assignments', 'select, insert, update, delete');
create index on task_assignments (workspace_id, person_id);

-- A threshold of one budget is told once; another budget has thresholds of its own.
create table budget_warnings (
  workspace_id uuid not null,
  project_id uuid not null,
  measure text not null check (measure in ('hours', 'money')),
  -- Seconds, or an amount in the currency of the project's contract.
  budget numeric not null,
  -- Percent.
  threshold integer not null check (threshold between 1 and 100),
  used numeric not null,
  reached_on date not null,
  primary key (workspace_id, project_id, measure, budget, threshold),
  foreign key (workspace_id, project_id) references projects
);
select tenant_table('budget_warnings');

-- What was worked on a project, by day: budgets, and the list of its entries, must not read everybody's.
create index on entry_versions (workspace_id, project_id, work_date);
