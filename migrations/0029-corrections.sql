-- Owns corrections of issued invoices: what a credit note takes back and of which items, the client's sign-off, disputes.

-- Who writes it need not be who issues it; what was asked for is reckoned again at issue, under the invoice's lock.
alter table credit_notes
  add column seller_id uuid not null,
  add column client_id uuid not null,
  -- { by, lines, amount, disposition, writeOffReason } as asked for (domain/credit-note.ts).
  add column wanted jsonb not null default '{}',
  add column rounding numeric not null default 0,
  add column created_by text not null default 'system',
  add column issued_by text,
  add column issued_at timestamptz,
  add column content_hash bytea,
  -- The run that drafts its items anew, where it is replaced.
  add column replacement_run_id uuid,
  add column write_off_id uuid,
  add constraint credit_notes_issued_check check ((status = 'issued') = (number is not null)),
  add constraint credit_notes_dated_check check (number is null or
    (issue_date is not null and posting_date is not null and tax_point is not null and snapshot is not null and issued_by is not null and issued_at is not null)),
  add foreign key (workspace_id, seller_id) references sellers,
  add foreign key (workspace_id, client_id) references clients,
  add foreign key (workspace_id, replacement_run_id) references runs,
  add foreign key (workspace_id, write_off_id) references time_write_offs;
alter table credit_notes alter column created_by drop default;
create index on credit_notes (workspace_id, invoice_id);
create index on credit_notes (workspace_id, client_id, id);
create unique index credit_notes_number on credit_notes (workspace_id, seller_id, number) where number is not null;

create function refuse_issued_credit_note_change() returns trigger language plpgsql as $$
begin
  if old.number is not null and new is distinct from old then
    raise exception 'credit note % is issued and cannot change', old.number using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger credit_notes_frozen before update on credit_notes for each row execute function refuse_issued_credit_note_change();
create trigger credit_notes_kept before delete on credit_notes for each statement execute function refuse_change();

-- A line as it is printed, and what it takes back: `quantity` is Σ of its items' in their units.
alter table credit_note_lines
  add column line_no integer not null,
  add column description text not null,
  add column unit text not null,
  add column tax_category text not null,
  add column tax_rate numeric not null,
  add unique (workspace_id, credit_note_id, line_no);
create index on credit_note_lines (workspace_id, invoice_line_id);

create function refuse_issued_credit_line_change() returns trigger language plpgsql as $$
declare frozen text;
begin
  select c.number into frozen from credit_notes c
    where c.number is not null and (c.workspace_id, c.id) in (select workspace_id, credit_note_id from changed) limit 1;
  if frozen is not null then
    raise exception 'credit note % is issued: its lines cannot change', frozen using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end $$;
create trigger credit_note_lines_insert_frozen after insert on credit_note_lines referencing new table as changed
  for each statement execute function refuse_issued_credit_line_change();
create trigger credit_note_lines_delete_frozen after delete on credit_note_lines referencing old table as changed
  for each statement execute function refuse_issued_credit_line_change();

-- Asked of the client over a hash of the whole draft: a draft that changes is asked for again.
alter table sign_offs
  add column content_hash bytea not null,
  add column due_at timestamptz not null,
  add column asked_by text not null,
  add column decided_by text,
  -- Nobody answered in time, and the contract takes that for a yes.
  add column by_silence boolean not null default false,
  drop constraint sign_offs_decision_check,
  add constraint sign_offs_decision_check check (decision in ('pending', 'accepted', 'disputed', 'expired', 'superseded')),
  add constraint sign_offs_decided_check check ((decision = 'pending') = (decided_at is null));
create unique index sign_offs_pending on sign_offs (workspace_id, invoice_id) where decision = 'pending';
create index on sign_offs (workspace_id, invoice_id, id);

-- A draft that is changed, discarded or taken back by its run asks nobody any more, whoever does it.
create function supersede_sign_off() returns trigger language plpgsql as $$
begin
  update sign_offs set decision = 'superseded', decided_at = now()
    where workspace_id = new.workspace_id and invoice_id = new.id and decision = 'pending';
  return new;
end $$;
create trigger client_invoices_sign_off after update of status on client_invoices for each row
  when (old.status = 'in_sign_off' and new.status <> 'in_sign_off') execute function supersede_sign_off();

-- What the client says of a draft, as a whole or line by line. Lines of a draft may go: no foreign key.
create table sign_off_remarks (
  workspace_id uuid not null,
  id uuid not null default uuidv7(),
  sign_off_id uuid not null,
  line_id uuid,
  kind text not null check (kind in ('comment', 'dispute')),
  remark text not null check (length(remark) between 1 and 2000),
  author text not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, sign_off_id) references sign_offs
);
select tenant_table('sign_off_remarks', 'select, insert');
create index on sign_off_remarks (workspace_id, sign_off_id);

alter table disputes
  add column raised_by text not null,
  add column decided_by text,
  add column decision_reason text,
  add column credit_note_id uuid,
  add constraint disputes_amount_check check (amount > 0),
  add constraint disputes_closed_check check ((status = 'open') = (closed_at is null)),
  add constraint disputes_upheld_check check (credit_note_id is null or status = 'upheld'),
  add foreign key (workspace_id, credit_note_id) references credit_notes;
create index on disputes (workspace_id, invoice_id);
create index on disputes (workspace_id, id) where status = 'open';
