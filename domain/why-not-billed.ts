/** Owns the answer to "why is this not billed?": from an entry's facts to reasons that a person can act on. */
import { type ApprovalPolicy, billableApprovals } from './approval.ts';
import type { InvoiceStatus } from './invoice.ts';
import { Decimal, type Rounding } from './money.ts';
import { displayedQuantity } from './pricing/quantities.ts';
import { retainerUsedUp } from './retainer.ts';
import { allRules } from './validation/entry-rules.ts';
import type { ApprovalState, Day, EntryKind } from './work-entry.ts';

export interface OpenException {
  id: string;
  rule: string;
  severity: 'E' | 'W';
}
/** What decides whether the current version of an entry can be claimed by a run. */
export interface ClaimFacts {
  kind: EntryKind;
  workDate: Day;
  deleted: boolean;
  /** Of one that is gone: moved to where its connection's scope does not reach. */
  outOfScope?: boolean;
  billable: boolean;
  settledElsewhere: boolean;
  running: boolean;
  approval: ApprovalState;
  /** Raw units that a run could still claim, signed. */
  open: number;
  /** Raw units claimed over all versions, signed. */
  claimed: number;
  /** Null where the entry has no project. */
  projectBillable: boolean | null;
  taskBillable: boolean | null;
  /** Null where the project has no contract. */
  contractStatus: string | null;
  approvalPolicy: ApprovalPolicy | null;
  rounding: Rounding | null;
  openExceptions: OpenException[];
}
/** A priced part of the entry, and the documents that hold quantity of it. */
export interface ItemFacts {
  heldReason: string | null;
  included: boolean;
  /** True while quantity of it is on no document. */
  unallocated: boolean;
  invoices: { id: string; number: string | null; status: InvoiceStatus; holdReason: string | null }[];
}
export interface Reason {
  /** Stable; of an open exception: its rule. */
  code: string;
  message: string;
  whatToDo: string;
  exceptionId?: string;
  invoiceId?: string;
}

/** Every reason why a run would leave the entry; `entry.waits_for_run` alone means that the next run takes it. */
export function whyNotClaimed(facts: ClaimFacts): Reason[] {
  const never = whyNeverClaimable(facts);
  if (never) return [never];
  if (facts.open === 0) return [];
  const reasons = [...contractReasons(facts), ...facts.openExceptions.map(exceptionReason)];
  if (facts.running)
    reasons.push({
      code: 'entry.running',
      message: 'Its timer is still running.',
      whatToDo: 'Stop the timer at the source.',
    });
  if (facts.approvalPolicy && !billableApprovals[facts.approvalPolicy].includes(facts.approval))
    reasons.push({
      code: 'entry.not_approved',
      message: `It is ${facts.approval}, and the contract bills work that is ${billableApprovals[facts.approvalPolicy].join(' or ')}.`,
      whatToDo: 'Have it approved at its source.',
    });
  if (facts.taskBillable === false)
    reasons.push({
      code: 'task.not_billable',
      message: 'Its task is not billable.',
      whatToDo: 'Mark the task billable, or move the entry to another task.',
    });
  if (reasons.length > 0) return reasons;
  const tooSmall = whyTooSmall(facts);
  if (tooSmall) return [tooSmall];
  return [
    {
      code: 'entry.waits_for_run',
      message: 'No billing run has taken it yet.',
      whatToDo: `Start a run whose cutoff is after ${facts.workDate}.`,
    },
  ];
}

/** What keeps the claimed part of an entry off an issued invoice. */
export function whyNotInvoiced(items: readonly ItemFacts[]): Reason[] {
  return items.flatMap((item) => {
    const reasons: Reason[] = item.invoices.flatMap((invoice) => invoiceReason(invoice) ?? []);
    if (!item.unallocated) return reasons;
    if (item.included)
      reasons.push({
        code: 'item.included',
        message: 'It is included in a fixed price or a retainer.',
        whatToDo: 'Nothing: its cost is kept, it earns no line of its own.',
      });
    else if (item.heldReason !== null)
      reasons.push({
        code: 'item.held',
        message: `It is held back: ${item.heldReason}`,
        whatToDo: 'Release the item when it may be billed.',
      });
    else
      reasons.push({
        code: 'item.not_drafted',
        message: 'It is priced, but on no draft.',
        whatToDo: 'Start a billing run for its contract.',
      });
    return reasons;
  });
}

/** Null while the entry offers, offered or may offer something to bill. */
function whyNeverClaimable(facts: ClaimFacts): Reason | null {
  if (facts.deleted && facts.outOfScope)
    return {
      code: 'entry.out_of_scope',
      message: "It was moved to where its connection's scope does not reach.",
      whatToDo: 'Widen the scope of the connection, or move it back at its source, if it should be billed.',
    };
  if (facts.deleted)
    return {
      code: 'entry.deleted',
      message: 'It was deleted at its source.',
      whatToDo: 'Restore it at its source if it should be billed.',
    };
  if (facts.open !== 0 || facts.claimed !== 0) return null;
  if (facts.settledElsewhere)
    return {
      code: 'entry.settled_elsewhere',
      message: 'It was settled elsewhere: invoiced at its source, or older than the go-live date.',
      whatToDo: 'Correct the mark at the source, or the go-live date of the connection.',
    };
  if (!facts.billable)
    return {
      code: 'entry.not_billable',
      message: 'Its source marks it as not billable.',
      whatToDo: 'Mark it billable at its source.',
    };
  return {
    code: 'entry.no_quantity',
    message: 'It has no quantity.',
    whatToDo: 'Enter its hours at its source.',
  };
}

/** Claimed, it would be lost: a run leaves what shows nothing on a line, unless its share of a day shows (round-days.ts). */
function whyTooSmall({ kind, open, rounding }: ClaimFacts): Reason | null {
  if (rounding === null) return null;
  const shown = displayedQuantity(kind, open, rounding);
  if (!new Decimal(shown).isZero()) return null;
  return {
    code: 'entry.too_small',
    message: `It is too small to show on an invoice line: by itself it rounds to ${shown}.`,
    whatToDo: 'Correct it at its source, or leave it: it is billed once it has grown.',
  };
}

function contractReasons(facts: ClaimFacts): Reason[] {
  // Without a project there is an open match exception, which says more.
  if (facts.projectBillable === null)
    return facts.openExceptions.length > 0
      ? []
      : [
          {
            code: 'entry.no_project',
            message: 'It belongs to no project.',
            whatToDo: 'Name its project at the source.',
          },
        ];
  const reasons: Reason[] = [];
  if (facts.contractStatus === null)
    reasons.push({
      code: 'project.no_contract',
      message: 'Its project is under no contract.',
      whatToDo: 'Set contractId with PATCH /projects/:projectId.',
    });
  else if (facts.contractStatus !== 'active')
    reasons.push({
      code: 'contract.not_active',
      message: `Its contract is ${facts.contractStatus}.`,
      whatToDo: 'Make the contract active, or move the project to another one.',
    });
  const told = facts.openExceptions.some((exception) => exception.rule === 'project.not_billable');
  if (!facts.projectBillable && !told)
    reasons.push({
      code: 'project.not_billable',
      message: 'Its project is not billable.',
      whatToDo: 'Mark the project billable.',
    });
  return reasons;
}

const advice = new Map([...allRules, retainerUsedUp].map((rule) => [rule.code, rule.whatToDo]));

function exceptionReason({ id, rule, severity }: OpenException): Reason {
  const general =
    severity === 'W'
      ? 'Correct it at the source, or release it with a reason.'
      : rule.startsWith('match.')
        ? 'Map the name to one of ours.'
        : 'Correct its cause.';
  const command = severity === 'W' ? 'POST /exceptions/release' : 'POST /exceptions/:exceptionId/resolve';
  return {
    code: rule,
    message: `The exception ${rule} is open.`,
    whatToDo: `${advice.get(rule) ?? general} (${command})`,
    exceptionId: id,
  };
}

function invoiceReason({ id, number, status, holdReason }: ItemFacts['invoices'][number]): Reason | null {
  if (number !== null) return null;
  if (status === 'held')
    return {
      code: 'invoice.held',
      message: `Its draft invoice is held: ${holdReason ?? 'no reason is kept'}.`,
      whatToDo: 'Mend the cause, or issue it with a releaseReason: POST /invoices/:invoiceId/issue.',
      invoiceId: id,
    };
  return {
    code: 'invoice.not_issued',
    message: `It is on an invoice that is ${status.replaceAll('_', ' ')}, not issued.`,
    whatToDo: 'Issue the draft: POST /invoices/:invoiceId/issue.',
    invoiceId: id,
  };
}
