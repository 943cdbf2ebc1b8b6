/** Owns the settings of a workspace that contractors' invoices and accounts go by, with what holds where none is set. */
export interface ContractorSettings {
  /** A submitted invoice nobody decided reminds its approvers after this, and is told to the admins after the other. */
  contractorInvoiceReminderAfterSeconds: number;
  contractorInvoiceEscalationAfterSeconds: number;
  /** Days from approval until it is due. */
  contractorPaymentTermsDays: number;
  /** How long nobody is paid to a changed account. */
  payoutBlockDays: number;
}

const defaults: ContractorSettings = {
  contractorInvoiceReminderAfterSeconds: 2 * 86_400,
  contractorInvoiceEscalationAfterSeconds: 5 * 86_400,
  contractorPaymentTermsDays: 30,
  payoutBlockDays: 5,
};

/** Settings are checked where they are written; what is not there or of another type has its default. */
export function contractorSettings(settings: Readonly<Record<string, unknown>>): ContractorSettings {
  const number = (name: keyof ContractorSettings) => {
    const value = settings[name];
    return typeof value === 'number' ? value : defaults[name];
  };
  return {
    contractorInvoiceReminderAfterSeconds: number('contractorInvoiceReminderAfterSeconds'),
    contractorInvoiceEscalationAfterSeconds: number('contractorInvoiceEscalationAfterSeconds'),
    contractorPaymentTermsDays: number('contractorPaymentTermsDays'),
    payoutBlockDays: number('payoutBlockDays'),
  };
}
