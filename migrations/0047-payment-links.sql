-- Owns the page at which a client pays an invoice at its platform, as the platform said it.

alter table sync_records
  -- Checked before it is kept, and once more here: whoever clicks on it trusts us. Without TLS on this machine only, for tests.
  add column payment_link text
    check (length(payment_link) <= 2000 and payment_link ~ '^(https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/])[!-~]+$'),
  -- Null: nobody has asked for it.
  add column payment_link_asked_at timestamptz;

-- Those that could not be asked for when they were pushed: tried again for a day.
create index sync_records_unasked_links on sync_records (workspace_id, connection_id, synced_at)
  where subject_type = 'client_invoice' and payment_link_asked_at is null;
