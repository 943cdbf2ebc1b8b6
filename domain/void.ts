/** Owns when an invoice may be voided: only while nobody outside has it (BILLING §3). */
import { canMove, type InvoiceStatus } from './invoice.ts';
import { Decimal } from './money.ts';
import type { DecimalText } from './work-entry.ts';

export interface VoidFacts {
  status: InvoiceStatus;
  numberGivenBy: 'series' | 'platform' | 'opening';
  applied: DecimalText;
  credited: DecimalText;
  badDebt: DecimalText;
  /** The seller's rules allow it. */
  allowed: boolean;
  /** Its posting date lies in books that take no more. */
  periodShut: string | null;
  delivered: boolean;
  /** At the platform, or on its way there. */
  synced: boolean;
  /** The client disputed it, or said that they paid. */
  answered: boolean;
  /** A letter or a late fee names it. */
  reminded: boolean;
}

/** Why it may not; empty: it may. */
export function whyNotVoid(facts: VoidFacts): string[] {
  const why: [boolean, string][] = [
    [!facts.allowed, 'the seller keeps every document that it has numbered'],
    [facts.numberGivenBy !== 'series', 'its number is not of a series of ours'],
    [facts.periodShut !== null, facts.periodShut ?? ''],
    [facts.delivered || facts.status === 'sent', 'it was sent'],
    [facts.synced, 'the accounting platform has it'],
    [new Decimal(facts.applied).gt(0), 'money is applied to it'],
    [new Decimal(facts.credited).gt(0), 'some of it is credited'],
    [new Decimal(facts.badDebt).gt(0), 'some of it was written off as bad debt'],
    [facts.answered, 'the client has answered it'],
    [facts.reminded, 'a letter or a late fee names it'],
  ];
  const found = why.filter(([holds]) => holds).map(([, reason]) => reason);
  if (found.length > 0 || canMove(facts.status, 'void')) return found;
  return [`it is ${facts.status.replaceAll('_', ' ')}`];
}
