-- An expense on a task knows its receipt, as one on a ticket does: whose day's rate converts it, and what of it is input tax.
alter table task_entries
  add column receipt_on date,
  add column input_tax numeric,
  add constraint task_entries_receipt_check check (kind = 'expense' or (receipt_on is null and input_tax is null)),
  add constraint task_entries_input_tax_check check (input_tax between 0 and amount);
