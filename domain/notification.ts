/** Owns what members are told: every kind of notification, its words, and by which channels it goes unless a member says otherwise. */

/** The words of a kind. `{name}` stands for a parameter, which is text: every template escapes it for its own medium. */
interface Words {
  /** What the preferences say of it. */
  label: string;
  /** One line: the subject of the mail, and the head of the word in the app. */
  title: string;
  body: string;
  /** Somebody's own words, set apart: a reason. */
  quote?: string;
  /** A parameter with one fact a line. */
  list?: string;
  /** What the button says that leads to the subject; left out: no button. */
  action?: string;
}
interface KindFacts extends Words {
  /** By default. */
  inApp: boolean;
  email: boolean;
}
const everywhere = { inApp: true, email: true } as const;
const inAppOnly = { inApp: true, email: false } as const;

/** Add a kind here; whoever tells it must then give every parameter that its words name. Amounts carry their currency. */
export const notificationKinds = {
  'ticket.submitted': {
    ...everywhere,
    label: 'A ticket waits for my approval',
    title: '{person} submitted ticket {ticket}',
    body: 'Ticket {ticket} of {person} for {project} on {workDate} waits for your approval.',
    action: 'Look at the ticket',
  },
  'ticket.approved': {
    ...everywhere,
    label: 'My ticket was approved',
    title: 'Ticket {ticket} was approved',
    body: '{approver} approved your ticket {ticket} for {project} on {workDate}.',
    action: 'Look at the ticket',
  },
  'ticket.rejected': {
    ...everywhere,
    label: 'My ticket was rejected',
    title: 'Ticket {ticket} was rejected',
    body: '{approver} rejected your ticket {ticket} for {project} on {workDate}. Change it and submit it again.',
    quote: '{reason}',
    action: 'Change the ticket',
  },
  'ticket.reminder': {
    ...everywhere,
    label: 'A ticket still waits for my approval',
    title: 'Ticket {ticket} still waits for you',
    body: 'Ticket {ticket} of {person} for {project} has waited for your approval since {submittedOn}.',
    action: 'Look at the ticket',
  },
  'ticket.escalated': {
    ...everywhere,
    label: 'A ticket waited too long for its approver',
    title: 'Ticket {ticket} has had no decision',
    body: 'Ticket {ticket} of {person} for {project} was submitted on {submittedOn}, and nobody has decided on it.',
    action: 'Look at the ticket',
  },
  'contractor_invoice.submitted': {
    ...everywhere,
    label: 'A contractor invoice waits for my approval',
    title: '{person} submitted invoice {number} of {amount}',
    body: 'Contractor invoice {number} of {person} over {amount} waits for your approval.',
    action: 'Look at the invoice',
  },
  'contractor_invoice.approved': {
    ...everywhere,
    label: 'My invoice was approved',
    title: 'Invoice {number} was approved',
    body: '{approver} approved your invoice {number} over {amount}. It will be paid next.',
    action: 'Look at the invoice',
  },
  'contractor_invoice.rejected': {
    ...everywhere,
    label: 'My invoice was rejected',
    title: 'Invoice {number} was rejected',
    body: '{approver} rejected your invoice {number} over {amount}.',
    quote: '{reason}',
    action: 'Change the invoice',
  },
  'contractor_invoice.partially_paid': {
    ...everywhere,
    label: 'A part of my invoice was paid',
    title: '{paid} of invoice {number} was paid',
    body: '{paid} was paid on your invoice {number} over {amount}. {open} is open.',
    action: 'Look at the invoice',
  },
  'contractor_invoice.paid': {
    ...everywhere,
    label: 'My invoice was paid',
    title: 'Invoice {number} is paid',
    body: 'Your invoice {number} over {amount} is paid in full.',
    action: 'Look at the invoice',
  },
  'contractor_invoice.reminder': {
    ...everywhere,
    label: 'A contractor invoice still waits for my approval',
    title: 'Contractor invoice {number} still waits for you',
    body: 'Contractor invoice {number} of {person} over {amount} has waited for a decision since {submittedOn}.',
    action: 'Look at the invoice',
  },
  'contractor_invoice.ticket_rejected': {
    ...everywhere,
    label: 'A ticket was taken off my invoice',
    title: 'Ticket {ticket} was rejected on invoice {number}',
    body: '{approver} took ticket {ticket} off your invoice {number} and sent it back to you. The rest stays on the invoice.',
    quote: '{reason}',
    action: 'Look at the invoice',
  },
  'contractor_invoice.disputed': {
    ...everywhere,
    label: 'A contractor disputes what we wrote for them',
    title: '{person} disputes invoice {number}',
    body: '{person} does not accept the self-billed invoice {number} over {amount}.',
    quote: '{reason}',
    action: 'Look at the invoice',
  },
  'contractor_invoice.escalated': {
    ...everywhere,
    label: 'A contractor invoice waited too long for its approver',
    title: 'Contractor invoice {number} has had no decision',
    body: 'Contractor invoice {number} of {person} over {amount} was submitted on {submittedOn}, and nobody has decided on it.',
    action: 'Look at the invoice',
  },
  'contractor_invoice.cancelled': {
    ...everywhere,
    label: 'A contractor invoice was cancelled',
    title: 'Contractor invoice {number} was cancelled',
    body: '{by} cancelled contractor invoice {number} over {amount}.',
    quote: '{reason}',
    action: 'Look at the invoice',
  },
  'invoice.paid': {
    ...everywhere,
    label: 'My payment of an invoice has arrived',
    title: 'Invoice {number} is paid',
    body: 'Your payment has settled invoice {number} over {amount}. Thank you.',
    action: 'Look at the invoice',
  },
  'invoice.confirmed_by_client': {
    ...everywhere,
    label: 'A client says that they paid',
    title: '{client} says that invoice {number} is paid',
    body: '{client} says that they paid invoice {number} over {amount}. {next}',
    action: 'Look at the invoice',
  },
  'payment.reversed': {
    ...everywhere,
    label: 'A payment to me was reversed',
    title: 'The payment of {amount} was reversed',
    body: 'The payment of {amount} on {valueDate} was reversed. What it paid is open again.',
    quote: '{reason}',
    action: 'Look at the payment',
  },
  'payee_account.change_proposed': {
    ...everywhere,
    label: 'A bank account is to be changed',
    title: 'New bank account for {person}',
    body: '{proposer} entered the bank account {masked} for {person}. Nothing is paid to it before a second person has called back and confirmed it. If this is not right, tell an admin at once.',
    action: 'Look at the account',
  },
  'payee_account.changed': {
    ...everywhere,
    label: 'A bank account was changed',
    title: 'The bank account of {person} was changed',
    body: 'Payments to {person} go to the account {masked} from {usableFrom} on. If this is not right, tell an admin at once.',
    action: 'Look at the account',
  },
  'opening_batch.proposed': {
    ...everywhere,
    label: 'Opening balances wait to be signed off',
    title: '{proposer} brought in opening balances: {name}',
    body: '{rows} opening balances as of {asOf} take effect once somebody else has compared their control totals with the books of before.',
    action: 'Look at them',
  },
  'document.requested': {
    ...everywhere,
    label: 'A document is asked of me',
    title: 'Please upload: {document}',
    body: 'The document "{document}" is needed from {person}.',
    action: 'Upload the document',
  },
  'document.uploaded': {
    ...everywhere,
    label: 'A document waits for my review',
    title: '{document} of {person} waits for review',
    body: 'The document "{document}" of {person} was uploaded. It counts once it is approved.',
    action: 'Look at the document',
  },
  'document.approved': {
    ...everywhere,
    label: 'My document was approved',
    title: '{document} was approved',
    body: 'The document "{document}" of {person} was approved.',
    action: 'Look at the document',
  },
  'document.rejected': {
    ...everywhere,
    label: 'My document was rejected',
    title: '{document} was rejected',
    body: 'The document "{document}" of {person} was rejected. Please upload another.',
    quote: '{reason}',
    action: 'Upload the document',
  },
  'document.expiring': {
    ...everywhere,
    label: 'A document is about to expire',
    title: '{document} of {person} expires on {expiresOn}',
    body: 'The document "{document}" of {person} expires on {expiresOn}. Please upload its successor before that day.',
    action: 'Upload the document',
  },
  'document.expired': {
    ...everywhere,
    label: 'A document has expired',
    title: '{document} of {person} has expired',
    body: 'The document "{document}" of {person} expired on {expiresOn}. Please upload its successor.',
    action: 'Upload the document',
  },
  'exception.new': {
    ...everywhere,
    label: 'There are new exceptions',
    title: 'New exceptions: {count}',
    body: 'What was found keeps work from being billed, or asks for a look.',
    list: '{rules}',
    action: 'Look at the exceptions',
  },
  'exception.assigned': {
    ...everywhere,
    label: 'Exceptions were given to me',
    title: 'Exceptions to look after: {count}',
    body: '{actor} gave you exceptions to look after.',
    list: '{rules}',
    action: 'Look at the exceptions',
  },
  'exception.aged': {
    ...everywhere,
    label: 'Exceptions have been open for too long',
    title: 'Open for more than {days} days: {count}',
    body: 'These exceptions have been open for more than {days} days.',
    list: '{rules}',
    action: 'Look at the exceptions',
  },
  'run.held': {
    ...everywhere,
    label: 'Invoices of a run are held',
    title: 'Held invoices: {count}',
    body: 'These drafts were not issued. Mend the reason, or release them with one of your own.',
    list: '{reasons}',
    action: 'Look at the invoices',
  },
  'run.waits': {
    ...everywhere,
    label: 'A billing run waits for a second person',
    title: '{asker} asks to bill {amount}',
    body: 'It is above the limit of {asker}, so somebody else has to agree before the run begins.',
    quote: '{reason}',
    action: 'Look at the run',
  },
  'run.failed': {
    ...everywhere,
    label: 'A billing run that began by itself failed',
    title: 'Billing of {what} failed',
    body: 'It began by itself and could not be finished. Its work is open; run it again once the reason is mended.',
    quote: '{reason}',
    action: 'Look at the run',
  },
  'run.rejected': {
    ...everywhere,
    label: 'My billing run was rejected',
    title: '{approver} rejected your billing run',
    body: 'Nothing was billed by it.',
    quote: '{reason}',
    action: 'Look at the run',
  },
  'invoice.sign_off_asked': {
    ...everywhere,
    label: 'A draft invoice waits for my sign-off',
    title: 'Please look at the draft invoice of {amount}',
    body: 'The draft invoice of {amount} waits until {dueOn} for you to accept it, or to say what is wrong with it.',
    action: 'Look at the draft',
  },
  'invoice.sign_off_reminder': {
    ...everywhere,
    label: 'A draft invoice still waits for my sign-off',
    title: 'The draft invoice of {amount} still waits for you',
    body: 'The draft invoice of {amount} waits until {dueOn} for you to accept it, or to say what is wrong with it.',
    action: 'Look at the draft',
  },
  'invoice.overdue': {
    ...everywhere,
    label: 'Reminders have not brought the money of an invoice',
    title: '{client} has not paid invoice {number} of {amount}',
    body: 'Every reminder of invoice {number} of {amount}, due on {dueDate}, has gone out, and {client} has not paid. Please ask them.',
    action: 'Look at the invoice',
  },
  'contractor_invoice.released': {
    ...everywhere,
    label: 'A client has paid for the work on a contractor invoice',
    title: '{payable} of invoice {number} may be paid now',
    body: 'The client has paid for work on contractor invoice {number} of {person} over {amount}: {payable} of it may be paid now.',
    action: 'Look at the invoice',
  },
  'invoice.client_answered': {
    ...everywhere,
    label: 'A client said something about an invoice',
    title: '{client} {answer} an invoice of {amount}',
    body: '{client} {answer} the invoice of {amount}.',
    quote: '{said}',
    action: 'Look at the invoice',
  },
  'credit_note.waits': {
    ...everywhere,
    label: 'A credit note waits for a second person',
    title: '{author} wrote a credit note of {amount} on invoice {invoice}',
    body: 'It is above the limit of {author}, so somebody else has to issue it.',
    quote: '{reason}',
    action: 'Look at the credit note',
  },
  'connection.paused': {
    ...everywhere,
    label: 'A connection is paused',
    title: 'The connection {connection} is paused',
    body: 'Nothing is read from or written to {connection} until somebody sets it right.',
    quote: '{reason}',
    action: 'Look at the connection',
  },
  'project.budget_reached': {
    ...everywhere,
    label: 'A part of a project budget is used',
    title: '{project}: {threshold} % of the budget is reached',
    body: '{used} of the {budget} budgeted for {project} are used.',
    list: '{forecast}',
    action: 'Look at the project',
  },
  'purchase_order.nearly_used': {
    ...everywhere,
    label: 'Most of a purchase order is used',
    title: '{client}: little is left of purchase order {number}',
    body: '{used} of the {limit} of purchase order {number} are invoiced, {left} are left. Ask {client} for more, or for another one: what goes beyond it is held.',
    action: 'Look at the purchase order',
  },
  'contract.latest_invoice_date': {
    ...everywhere,
    label: 'Work must be invoiced soon',
    title: 'Work under {contract} must be invoiced by {latest}',
    body: 'Something keeps it from an invoice: a hold, a minimum or a sign-off. Of {contract}, {work}.',
    action: 'Look at the contract',
  },
  'milestone.reached': {
    ...everywhere,
    label: 'A milestone is reached',
    title: '{project}: {milestone} is reached',
    body: 'The milestone {milestone} of {project} is reached.',
    action: 'Look at the project',
  },
  'task.assigned': {
    ...inAppOnly,
    label: 'A task is given to me',
    title: '{project}: {task}',
    body: 'You are on the task {task} of {project} now.',
    action: 'Look at the project',
  },
  'task_entry.submitted': {
    ...inAppOnly,
    label: 'Work on a task waits for my approval',
    title: '{person} recorded work on {task}',
    body: 'What {person} recorded on the task {task} of {project} on {workDate} waits for approval.',
    action: 'Look at the entry',
  },
  'task_entry.rejected': {
    ...everywhere,
    label: 'My work on a task was rejected',
    title: 'Your work on {task} was rejected',
    body: '{approver} rejected what you recorded on the task {task} of {project} on {workDate}. Change it, and it waits for approval again.',
    quote: '{reason}',
    action: 'Change the entry',
  },
  'timer.forgotten': {
    ...everywhere,
    label: 'My timer was forgotten',
    title: 'Your timer on {task} is still running',
    body: 'Your timer on {task} has run for more than {hours} hours, since {startedAt} UTC. Say when the work ended, or discard it: until then nothing of it counts.',
    action: 'Look at the timer',
  },
  'digest.finance': {
    inApp: false,
    email: true,
    label: 'What is open, each day',
    title: 'What is open on {day}',
    body: 'This waits for the finance team:',
    list: '{open}',
    action: 'Open Slipway',
  },
  'mail.failing': {
    ...inAppOnly,
    label: 'Mail cannot be delivered',
    title: 'Mail could not be delivered',
    body: 'The hub gave up on a mail to {address} after {attempts} attempts. Later ones may fail in the same way.',
    quote: '{reason}',
  },
} as const satisfies Record<string, KindFacts>;

/** Mails to an address that is no member's (yet): nobody can have preferences about them. */
export const letterKinds = {
  invitation: {
    label: 'An invitation to a workspace',
    title: '{inviter} invites you to {workspace}',
    body: '{inviter} invites you to join {workspace} on Slipway as {role}. The link works once, until {expiresOn}.',
    action: 'Accept the invitation',
  },
  password_reset: {
    label: 'A link to choose a new password',
    title: 'Choose a new password',
    body: 'Somebody asked for a new password for {email}. The link works once, for an hour. If it was not you, do nothing: your password stays as it is.',
    action: 'Choose a new password',
  },
} as const satisfies Record<string, Words>;

/** Mails to a client with a document in them, in the client's language: whoever queues one says all of it. */
export const documentKinds = {
  'document.sent': { label: 'A document to a client', title: '{title}', body: '{body}' },
  'reminder.sent': {
    label: 'A reminder to a client',
    title: '{title}',
    body: '{body}',
    list: '{invoices}',
  },
  'thanks.sent': { label: 'Thanks to a client for a payment', title: '{title}', body: '{body}' },
  'statement.sent': {
    label: 'A statement of account to a client',
    title: '{title}',
    body: '{body}',
    list: '{accounts}',
  },
} as const satisfies Record<string, Words>;

/** One mail in place of many notices of one kind that a member was told at once, such as a month's approvals. */
const gatheredKind = {
  gathered: {
    label: 'Several notices of one kind',
    title: '{label} ({count})',
    body: 'All of this came at once:',
    list: '{titles}',
    action: 'See all notifications',
  },
} as const satisfies Record<string, Words>;
const allWords = { ...notificationKinds, ...letterKinds, ...documentKinds, ...gatheredKind };

export type NotificationKind = keyof typeof notificationKinds;
/** Whatever a mail can say. */
export type MailKind = keyof typeof allWords;

type NamesIn<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;
type AllWords = typeof allWords;
type ParamOf<Kind extends MailKind> = NamesIn<Exclude<AllWords[Kind][keyof AllWords[Kind]], boolean>>;
/** What the words of a kind need; more may be given. */
export type ParamsOf<Kind extends MailKind> = Readonly<Record<ParamOf<Kind>, string>> &
  Readonly<Record<string, string>>;

export const mailKinds = Object.keys(allWords) as MailKind[];
export const wordsOf = (kind: MailKind): Words => allWords[kind];
export const kinds = Object.keys(notificationKinds) as NotificationKind[];
/**
 * True of a mail whose link lets its holder in, and proves that they have the address: nobody is shown it but its reader, and it
 * is forgotten once it is sent.
 */
export const isLetter = (kind: string): boolean => Object.hasOwn(letterKinds, kind);
/** True of a mail to a client, who has no preferences here. */
export const isToClient = (kind: string): boolean => Object.hasOwn(documentKinds, kind);
const isKind = (kind: string): kind is MailKind => Object.hasOwn(allWords, kind);

/** The words of a kind with their parameters filled in: plain text, escaped by nobody yet. */
export interface FilledWords {
  title: string;
  body: string;
  quote: string | null;
  list: string[];
  action: string | null;
}

/** A longer parameter is cut where it is stored. */
export const maxParamChars = 2_000;
const maxTitle = 200;
/** Lines of a list; what comes after them is not shown. */
export const maxListed = 100;

/** Never throws: a kind or parameter that an older version wrote, and this one does not know, shows as itself or a dash. */
export function fillWords(kind: string, params: Readonly<Record<string, unknown>>): FilledWords {
  const words: Words = isKind(kind) ? allWords[kind] : { label: kind, title: kind, body: '' };
  // One pass: braces within a parameter stay what they are.
  const fill = (text: string) =>
    text.replace(/\{(\w+)\}/g, (_, name: string) =>
      Object.hasOwn(params, name) ? String(params[name]) : '–',
    );
  const quote = words.quote === undefined ? '' : fill(words.quote).trim();
  return {
    title: oneLine(fill(words.title), maxTitle),
    body: fill(words.body),
    quote: quote === '' ? null : quote,
    list: words.list === undefined ? [] : fill(words.list).split('\n').filter(Boolean).slice(0, maxListed),
    action: words.action ?? null,
  };
}

/** Text as one line of at most so many characters: what may stand in a header. */
export function oneLine(text: string, maxChars: number): string {
  const flat = text.replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return flat.length <= maxChars ? flat : `${flat.slice(0, maxChars - 1).toWellFormed()}…`;
}

/** Subject type → where the console shows such a subject. */
const places: Readonly<Record<string, string>> = {
  ticket: '/tickets/',
  task_entry: '/task-entries/',
  contractor_invoice: '/contractor-invoices/',
  contractor_payment: '/contractor-payments/',
  payment: '/payments/',
  payee_account: '/payee-accounts/',
  opening_batch: '/opening-batches/',
  person_document: '/documents/',
  person: '/people/',
  client_invoice: '/invoices/',
  credit_note: '/credit-notes/',
  connection: '/connections/',
  billing_run: '/billing-runs/',
  operation: '/operations/',
  project: '/projects/',
  contract: '/contracts/',
  purchase_order: '/purchase-orders/',
  mail: '/mail-outbox/',
};
const listPlaces: Readonly<Record<string, string>> = {
  exception: '/exceptions',
  client_invoice: '/invoices',
  workspace: '/',
};

/** The path at which the console shows a subject; of a kind of subject that it does not show one by one, the list. */
export function placeOf(subjectType: string, subjectId: string | null): string {
  const place = places[subjectType];
  return place !== undefined && subjectId !== null
    ? `${place}${subjectId}`
    : (listPlaces[subjectType] ?? '/');
}
