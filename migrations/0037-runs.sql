-- Owns what runs wait for, who else has to agree to one, what a run repeats, and up to which amount a client's invoices go out by themselves.

alter table runs
  -- Chosen items: the contracts that they are of, so that a run over them overlaps those only.
  add column contract_ids uuid[],
  -- Whose end it waits for: an older one, or one that is under way, of an overlapping scope.
  add column waits_for_run_id uuid,
  -- What it is asked for again of.
  add column again_of uuid,
  -- Above the limit of whoever asked, it begins once somebody else agreed.
  add column approval text check (approval in ('asked', 'approved', 'rejected')),
  -- Of what kind the trigger was pulled is on the pulls; here who it was, where that is a member.
  add column asked_by_member uuid,
  add foreign key (workspace_id, waits_for_run_id) references runs,
  add foreign key (workspace_id, again_of) references runs,
  add foreign key (workspace_id, asked_by_member) references members;
create index on runs (workspace_id, waits_for_run_id) where waits_for_run_id is not null;
create index on runs (workspace_id, again_of) where again_of is not null;

-- What a second person agrees to: the figures as they were shown, frozen. More than that is asked for anew, in a row of its own.
create table run_approvals (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  run_id uuid not null,
  -- [{currency, invoices, net, total, seconds}], of the preview, or of drafts that came to more than was agreed to.
  figures jsonb not null,
  status text not null default 'asked' check (status in ('asked', 'approved', 'rejected', 'withdrawn')),
  asked_by text not null,
  asked_at timestamptz not null,
  decided_by text,
  decided_at timestamptz,
  reason text,
  primary key (workspace_id, id),
  foreign key (workspace_id, run_id) references runs,
  check ((status = 'asked') = (decided_at is null)),
  check (status <> 'approved' or decided_by is not null)
);
select tenant_table('run_approvals');
create unique index run_approvals_one_open on run_approvals (workspace_id, run_id) where status = 'asked';
create index on run_approvals (workspace_id, run_id);

-- Up to which amount one person is enough for a run by hand.
alter table duty_limits
  drop constraint duty_limits_action_check,
  add constraint duty_limits_action_check check (action in
    ('approve', 'issue', 'credit', 'write_off', 'bad_debt', 'release', 'pay', 'price_change', 'account_change', 'run'));

-- In the client's currency, with tax: what is more is held for a person. Null: whatever the amount.
alter table clients add column auto_invoice_limit numeric check (auto_invoice_limit >= 0);
