/** Owns keeping duties apart (BILLING §8): who may not decide on what they had a hand in, and up to which amount one may. */
import { Decimal } from './money.ts';
import type { Role } from './permissions.ts';
import { Refusal } from './refusal.ts';
import type { DecimalText } from './work-entry.ts';

/** Who does it, as far as duties ask. */
export interface Doer {
  /** As events name it: `member:<id>` or `key:<id>`. */
  id: string;
  name: string;
  memberId: string | null;
  personId: string | null;
  /** Null: a key of no member. */
  role: Role | null;
}

/** A hand that the doer had in what they decide on now. */
export interface Conflict {
  /** e.g. `approved_all_tickets`; the refusal's code is `duty.<code>`. */
  code: string;
  /** One sentence, e.g. "You approved all of its tickets." */
  message: string;
  /** Holds without four eyes too: nobody decides on their own money. */
  always: boolean;
}

export interface DutyRule {
  /** Whether the workspace asks for four eyes. */
  fourEyes: boolean;
  /** Nobody else could decide. */
  alone: boolean;
}

/** From this many members who could decide, four eyes are on unless the settings say otherwise. */
export const fourEyesFrom = 3;

/**
 * The conflicts that an admin on their own takes on with a reason, to be listed in the duties report; none when nothing stands
 * in the way. Refuses with 403 otherwise.
 */
export function keepApart(
  conflicts: readonly Conflict[],
  { fourEyes, alone }: DutyRule,
  reason: string | null,
): readonly Conflict[] {
  const standing = conflicts.filter((conflict) => conflict.always || fourEyes);
  const first = standing[0];
  if (!first) return [];
  if (alone && reason !== null) return standing;
  throw new Refusal({
    code: alone ? 'duty.reason_required' : `duty.${first.code}`,
    status: alone ? 409 : 403,
    message: first.message,
    whatToDo: alone
      ? 'Nobody else could decide: say why (ownReason); it is listed in the duties report.'
      : 'Somebody else with this permission has to decide.',
    details: { conflicts: standing.map((conflict) => conflict.code) },
  });
}

/**
 * Whoever is no admin decides up to the workspace's limit per currency, whatever their role is called; a currency without
 * one has none, nor has a key of no member, which an admin made. Refuses with 403.
 */
export function requireWithinLimit(
  doer: Doer,
  limits: Readonly<Record<string, DecimalText>>,
  amount: DecimalText,
  currency: string,
): void {
  const limit = limits[currency];
  if (isUnlimited(doer) || limit === undefined || new Decimal(amount).abs().lte(limit)) return;
  throw new Refusal({
    code: 'duty.beyond_limit',
    status: 403,
    message: `${amount} ${currency} is more than the ${limit} ${currency} that managers decide on.`,
    whatToDo: 'Have an admin decide.',
    details: { limit, amount, currency },
  });
}

/** Keeps to no limit of amounts. */
export const isUnlimited = ({ role }: Pick<Doer, 'role'>) => role === null || role === 'admin';
