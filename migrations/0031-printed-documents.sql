-- Owns what a printed document is made of beside its lines: the seller's letterhead and accounts, the words of payment, the kept files.

-- What stands on every invoice is no secret: the fields below are in the open, unlike a payee's account.
alter table bank_accounts
  alter column details_encrypted drop not null,
  alter column masked set default '',
  add column holder text check (length(holder) <= 200),
  add column iban text check (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}$'),
  -- Where there is no IBAN: the number, with its sort code or routing number.
  add column account_number text check (length(account_number) <= 100),
  add column bic text check (bic ~ '^[A-Z0-9]{8}([A-Z0-9]{3})?$'),
  add column bank text check (length(bank) <= 200),
  -- Off: no later document names it; what was issued goes on naming it.
  add column printed boolean not null default true,
  add constraint bank_accounts_currency_check check (currency ~ '^[A-Z]{3}$') not valid;

alter table sellers
  -- Of the trade register.
  add column registration_number text check (length(registration_number) <= 100),
  add column contact_name text check (length(contact_name) <= 200),
  add column email text check (length(email) <= 254),
  add column phone text check (length(phone) <= 50),
  -- Its address in an e-invoice network, with the scheme: 0192:987654321.
  add column electronic_address text check (length(electronic_address) <= 100),
  add column logo_attachment_id uuid,
  add foreign key (workspace_id, logo_attachment_id) references attachments;
alter table attachments drop constraint attachments_subject_type_check,
  add constraint attachments_subject_type_check
    check (subject_type in ('ticket_line', 'person_document', 'contractor_invoice', 'client_document', 'seller_logo'));

alter table contracts add column appendix boolean not null default false;

-- One template has three parts, each with its variables. The same name in another language is the same choice there.
alter table payment_terms
  add column payment_instructions text check (length(payment_instructions) <= 10000),
  add column late_fee_policy text check (length(late_fee_policy) <= 10000),
  -- Taken where neither run, contract nor client names one.
  add column standard boolean not null default false,
  add column created_at timestamptz not null default now(),
  add constraint payment_terms_name_check check (length(name) between 1 and 200),
  add constraint payment_terms_language_check check (language ~ '^[a-z]{2}(-[A-Z]{2})?$');
create unique index payment_terms_standard on payment_terms (workspace_id, language) where standard;
grant delete on payment_terms to slipway_app;
alter table runs add column payment_terms_id uuid,
  add foreign key (workspace_id, payment_terms_id) references payment_terms;

-- A workspace begins with standard words in two languages, to be edited or deleted as any others.
create function seed_payment_terms(workspace uuid) returns void language sql as $$
  insert into payment_terms (workspace_id, name, language, standard, message, payment_instructions, late_fee_policy) values
    (workspace, 'Standard', 'en', true,
     'Payable within {{terms.days}} days, by {{dueDate}}, without deduction.',
     'Please transfer {{invoice.total}} and name {{invoice.number}} as the reference.', null),
    (workspace, 'Standard', 'de', true,
     'Zahlbar innerhalb von {{terms.days}} Tagen, bis {{dueDate}}, ohne Abzug.',
     'Bitte überweisen Sie {{invoice.total}} unter Angabe von {{invoice.number}}.', null),
    (workspace, 'With late fee', 'en', false,
     'Payable within {{terms.days}} days, by {{dueDate}}, without deduction.',
     'Please transfer {{invoice.total}} and name {{invoice.number}} as the reference.',
     'After the due date we charge interest as the law provides.'),
    (workspace, 'With late fee', 'de', false,
     'Zahlbar innerhalb von {{terms.days}} Tagen, bis {{dueDate}}, ohne Abzug.',
     'Bitte überweisen Sie {{invoice.total}} unter Angabe von {{invoice.number}}.',
     'Nach Fälligkeit berechnen wir Verzugszinsen in gesetzlicher Höhe.')
  on conflict do nothing
$$;
create function seed_workspace() returns trigger language plpgsql security definer set search_path = public as $$
begin
  perform seed_payment_terms(new.id);
  return new;
end $$;
create trigger workspaces_seeded after insert on workspaces for each row execute function seed_workspace();
select seed_payment_terms(id) from workspaces;

-- Files are found by their hash, as attachments are.
alter table document_files
  drop column storage_key,
  add column media_type text not null,
  add column file_name text not null,
  drop constraint document_files_format_check,
  -- xml is UBL; cii is what the PDF carries too.
  add constraint document_files_format_check check (format in ('pdf', 'xml', 'cii'));

-- A mail may carry kept files: [{ sha256, fileName, mediaType }]. Its delivery follows what becomes of it.
alter table mails add column attachments jsonb not null default '[]';
