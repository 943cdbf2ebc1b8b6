-- Owns the kept files of late fees, and of the statements of account that are mailed.

alter table document_files drop constraint document_files_document_type_check,
  add constraint document_files_document_type_check
    check (document_type in ('client_invoice', 'credit_note', 'contractor_invoice', 'late_fee', 'client_report', 'statement'));

-- What a statement was mailed as goes after its mail (store/prune.ts); the files of documents are kept for ever.
grant delete on document_files to slipway_app;
create policy kept on document_files as restrictive for delete to slipway_app using (document_type = 'statement');

-- Their words are the client's language from now on, and given with the mail: those of before keep theirs, sent or not.
update mails set params = params || jsonb_build_object(
    'title', 'Statement of account of ' || (params ->> 'client') || ' for ' || (params ->> 'month'),
    'body', 'This is your account as we keep it. Please tell us of anything that you have otherwise.')
  where kind = 'statement.sent';
