/** Owns watching corrections that carry forward: what a client is owed, and no later work takes off, is told after a month. */
import { addDays } from '../domain/day.ts';
import { Decimal, minorPlaces } from '../domain/money.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { closeFixed, raiseFindings } from './exceptions.ts';

export const correctionsWaitRule = 'contract.corrections_wait';
/** By then a contract that is billed by the month was billed again. */
const waitDays = 31;

interface Waiting {
  contractId: string;
  currency: string;
  items: number;
  amount: DecimalText;
  since: Day;
}

/** Raises an exception a contract, and closes those whose corrections went out. What a person holds is theirs to remember. */
export async function watchCorrections(tx: WorkspaceTx, today: Day): Promise<void> {
  const waiting = await readWaiting(tx, addDays(today, -waitDays));
  const open = await tx.rows<{ subjectKey: string }>(
    `select subject_key from exceptions where workspace_id = $1 and rule = $2 and status = 'open'`,
    [tx.workspaceId, correctionsWaitRule],
  );
  const still = new Set(waiting.map(keyOf));
  await closeFixed(
    tx,
    correctionsWaitRule,
    open.map(({ subjectKey }) => subjectKey).filter((key) => !still.has(key)),
    'its corrections went out',
  );
  await raiseFindings(
    tx,
    waiting.map((row) => ({
      rule: correctionsWaitRule,
      severity: 'W',
      subjectKey: keyOf(row),
      fingerprint: new Decimal(row.amount).toFixed(),
      subjectType: 'contract',
      subjectId: row.contractId,
      contractId: row.contractId,
      detail: { figure: says(row), items: row.items, amount: row.amount, since: row.since },
      entries: [],
    })),
  );
}

const keyOf = ({ contractId }: Waiting) => `contract:${contractId}`;
const says = ({ items, amount, currency, since }: Waiting) =>
  `${items} ${items === 1 ? 'correction' : 'corrections'} of ${new Decimal(amount).toFixed(minorPlaces(currency))} ${currency}, since ${since}: credit them (POST /billable-items/credit), or bill them with more`;

/** By contract, corrections that were priced before the day and are on no document. */
function readWaiting(tx: WorkspaceTx, before: Day): Promise<Waiting[]> {
  return tx.rows<Waiting>(
    `select b.contract_id, i.currency, count(*)::int as items, sum((b.quantity - b.allocated) * i.unit_price) as amount, min(i.created_at)::date as since
     from item_balance b
     cross join lateral (
       select x.currency, x.unit_price, x.created_at from billable_items x
       where x.workspace_id = $1 and x.id = b.item_id and x.created_at < $2::date and x.held_reason is null and not x.included offset 0) i
     where b.workspace_id = $1 and b.allocated <> b.quantity and b.quantity < 0 group by 1, 2 order by 1`,
    [tx.workspaceId, before],
  );
}
