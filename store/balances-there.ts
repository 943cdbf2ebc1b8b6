/**
 * Owns comparing what is open of an invoice here with what its platform says is: money that comes as no payment (a credit, an
 * overpayment or a deposit that is applied there), and payments that went without a trace.
 */
import { Decimal } from '../domain/money.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { closeFixed, raiseFindings } from './exceptions.ts';

const rule = 'payment.balance_differs';

export interface BalanceThere {
  externalId: string;
  total: DecimalText;
  /** Open there. */
  balance: DecimalText;
}
interface BalanceHere {
  externalId: string;
  invoiceId: string;
  number: string;
  total: DecimalText;
  open: DecimalText;
  /** Applied to it by payments that were read from there. */
  fromThere: DecimalText;
}

/** One total on both sides: another is drift. Asked of a person where the platform has more settled, or less than came from it. */
export async function noteBalances(
  tx: WorkspaceTx,
  connectionId: string,
  seen: readonly BalanceThere[],
): Promise<void> {
  const byId = new Map(seen.map((one) => [one.externalId, one]));
  const here = await readBalances(tx, connectionId, [...byId.keys()]);
  const unequal = here.flatMap((ours) => {
    const { total, balance } = byId.get(ours.externalId)!;
    return new Decimal(ours.total).eq(total) && differs(ours, balance) ? [{ ...ours, balance }] : [];
  });
  await raiseFindings(
    tx,
    unequal.map(({ invoiceId, number, open, balance, fromThere }) => ({
      rule,
      severity: 'W',
      subjectKey: `client_invoice:${invoiceId}`,
      fingerprint: JSON.stringify([open, balance, fromThere]),
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      detail: { connectionId, number, openHere: open, openThere: balance, readFromThere: fromThere },
      entries: [],
    })),
  );
  await closeAgreeing(tx, connectionId);
}

/** What was read since may have brought the two together again. */
export async function closeAgreeing(tx: WorkspaceTx, connectionId: string): Promise<void> {
  const asked = await tx.rows<{ subjectKey: string; externalId: string; openThere: DecimalText }>(
    `select e.subject_key, s.external_id, e.detail ->> 'openThere' as open_there from exceptions e
     join sync_records s on s.workspace_id = $1 and s.connection_id = $2 and s.subject_type = 'client_invoice' and s.subject_id = e.subject_id
     where e.workspace_id = $1 and e.rule = $3 and e.status = 'open' and s.external_id is not null order by e.id limit $4`,
    [tx.workspaceId, connectionId, rule, mostAsked],
  );
  const here = new Map(
    (
      await readBalances(
        tx,
        connectionId,
        asked.map(({ externalId }) => externalId),
      )
    ).map((ours) => [ours.externalId, ours]),
  );
  const agreeing = asked.filter(({ externalId, openThere }) => {
    const ours = here.get(externalId);
    return !ours || !differs(ours, openThere);
  });
  await closeFixed(
    tx,
    rule,
    agreeing.map(({ subjectKey }) => subjectKey),
    'the balances agree',
  );
}
const mostAsked = 1_000;

function differs({ total, open, fromThere }: BalanceHere, openThere: DecimalText): boolean {
  return new Decimal(openThere).lt(open) || new Decimal(total).minus(openThere).lt(fromThere);
}

/** Of invoices that are issued and not ended by a document. */
function readBalances(
  tx: WorkspaceTx,
  connectionId: string,
  externalIds: readonly string[],
): Promise<BalanceHere[]> {
  return tx.rows<BalanceHere>(
    `select s.external_id, i.id as invoice_id, i.number, i.total, i.total - i.applied - i.credited - i.bad_debt as open,
       (select coalesce(sum(coalesce(a.document_amount, a.amount)), 0) from payment_applications a
        join payments p on p.workspace_id = $1 and p.id = a.payment_id and p.connection_id = $2
        where a.workspace_id = $1 and a.document_id = i.id and a.kind = 'invoice') as from_there
     from sync_records s join client_invoices i on i.workspace_id = $1 and i.id = s.subject_id
     where s.workspace_id = $1 and s.connection_id = $2 and s.subject_type = 'client_invoice' and s.status in ('synced', 'drifted')
       and s.external_id = any($3::text[]) and i.status not in ('void', 'credited')`,
    [tx.workspaceId, connectionId, textArray(externalIds)],
  );
}
