/** Owns the settings of a workspace that tickets go by, with what holds where none is set. */
export interface TicketSettings {
  /** A submitted ticket nobody decided reminds its approvers after this, and is told to the admins after the other. */
  ticketReminderAfterSeconds: number;
  ticketEscalationAfterSeconds: number;
  /** Work older than this is not taken any more. */
  ticketMaxAgeDays: number;
}

const defaults: TicketSettings = {
  ticketReminderAfterSeconds: 86_400,
  ticketEscalationAfterSeconds: 259_200,
  ticketMaxAgeDays: 730,
};

/** Settings are checked where they are written; what is not there or of another type has its default. */
export function ticketSettings(settings: Readonly<Record<string, unknown>>): TicketSettings {
  const number = (name: keyof TicketSettings) => {
    const value = settings[name];
    return typeof value === 'number' ? value : defaults[name];
  };
  return {
    ticketReminderAfterSeconds: number('ticketReminderAfterSeconds'),
    ticketEscalationAfterSeconds: number('ticketEscalationAfterSeconds'),
    ticketMaxAgeDays: number('ticketMaxAgeDays'),
  };
}
