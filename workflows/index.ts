/** Owns the list of workflow types that a worker runs. */
export { billingPolicy } from './billing-policy.ts';
export { billingRun } from './billing-run.ts';
export { clientInvoice } from './client-invoice.ts';
export { clientReport } from './client-report.ts';
export { clock } from './clock.ts';
export { connection } from './connection.ts';
export { contractorInvoice } from './contractor-invoice.ts';
export { sweep } from './sweep.ts';
export { ticket } from './ticket.ts';
