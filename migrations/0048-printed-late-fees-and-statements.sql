-- Owns the kept files of late fees, and of the statements of account that are mailed.

alter table document_files drop constraint document_files_document_type_check,
  add constraint document_files_document_type_check
    check (document_type in ('client_invoice', 'credit_note', 'contractor_invoice', 'late_fee', 'client_report', 'statement'));
