-- Owns the kept files of late fees, and of the statements of account that are mailed.

alter table document_files drop constraint document_files_document_type_check,
  add constraint document_files_document_type_check
    check (document_type in ('client_invoice', 'credit_note', 'contractor_invoice', 'late_fee', 'client_report', 'statement'));

-- Their words are the client's language from now on, and given with the mail: those that wait to be sent keep theirs.
update mails set params = params || jsonb_build_object(
    'title', 'Statement of account of ' || (params ->> 'client') || ' for ' || (params ->> 'month'),
    'body', 'This is your account as we keep it. Please tell us of anything that you have otherwise.')
  where kind = 'statement.sent' and status <> 'sent';
