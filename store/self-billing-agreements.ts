/** Owns agreements by which a seller writes a contractor's invoices for them: with dates, and the words that the law wants. */
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { newId } from './new-id.ts';

export interface SelfBillingAgreement {
  id: string;
  sellerId: string;
  personId: string;
  startsOn: Day;
  /** Half-open, as every end of ours. */
  endsBefore: Day | null;
  legalText: string;
  status: 'proposed' | 'accepted' | 'refused' | 'ended';
  acceptedAt: Instant | null;
  createdAt: Instant;
}
const columns =
  'id, seller_id, person_id, starts_on, ends_before, legal_text, status, accepted_at, created_at';

export function readAgreement(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null = null,
): Promise<SelfBillingAgreement | null> {
  return tx.row<SelfBillingAgreement>(
    `select ${columns} from self_billing_agreements where workspace_id = $1 and id = $2 and ($3::uuid is null or person_id = $3)`,
    [tx.workspaceId, id, ownPersonId],
  );
}

export function listAgreements(
  tx: WorkspaceTx,
  personId: string | null,
  page: { after: string | null; limit: number },
): Promise<SelfBillingAgreement[]> {
  return tx.rows<SelfBillingAgreement>(
    `select ${columns} from self_billing_agreements where workspace_id = $1 and ($2::uuid is null or person_id = $2)
       and ($3::uuid is null or id < $3) order by id desc limit $4`,
    [tx.workspaceId, personId, page.after, page.limit],
  );
}

/** The accepted one that covers a day; null: nobody may write this contractor's invoices then. */
export function agreementInForce(
  tx: WorkspaceTx,
  sellerId: string,
  personId: string,
  day: Day,
): Promise<SelfBillingAgreement | null> {
  return tx.row<SelfBillingAgreement>(
    `select ${columns} from self_billing_agreements where workspace_id = $1 and seller_id = $2 and person_id = $3 and status = 'accepted'
       and starts_on <= $4 and (ends_before is null or $4 < ends_before) order by starts_on desc limit 1`,
    [tx.workspaceId, sellerId, personId, day],
  );
}

/** It is in force once the contractor has accepted it. */
export async function proposeAgreement(
  tx: WorkspaceTx,
  wanted: Pick<SelfBillingAgreement, 'sellerId' | 'personId' | 'startsOn' | 'endsBefore' | 'legalText'>,
  actor: string,
): Promise<SelfBillingAgreement> {
  if (wanted.endsBefore !== null && wanted.endsBefore <= wanted.startsOn)
    throw invalidField(
      '/endsBefore',
      'self_billing_agreement.empty',
      'An agreement ends after it has begun.',
    );
  const id = newId();
  await tx.run(
    `insert into self_billing_agreements (workspace_id, id, seller_id, person_id, starts_on, ends_before, legal_text)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      tx.workspaceId,
      id,
      wanted.sellerId,
      wanted.personId,
      wanted.startsOn,
      wanted.endsBefore,
      wanted.legalText,
    ],
  );
  const made = found(await readAgreement(tx, id), 'self_billing_agreement');
  await record(tx, made, 'proposed', actor);
  return made;
}

const transitions: Record<SelfBillingAgreement['status'], readonly SelfBillingAgreement['status'][]> = {
  proposed: ['accepted', 'refused', 'ended'],
  accepted: ['ended'],
  refused: [],
  ended: [],
};

/** Accepted or refused by the contractor, ended by either. */
export async function moveAgreement(
  tx: WorkspaceTx,
  id: string,
  to: 'accepted' | 'refused' | 'ended',
  ownPersonId: string | null,
  actor: string,
): Promise<SelfBillingAgreement> {
  await tx.run(
    'select 1 from self_billing_agreements where workspace_id = $1 and id = $2 for no key update',
    [tx.workspaceId, id],
  );
  const before = found(await readAgreement(tx, id, ownPersonId), 'self_billing_agreement');
  if (!transitions[before.status].includes(to))
    throw new Refusal({
      code: 'self_billing_agreement.already_decided',
      message: `This agreement is ${before.status}.`,
      whatToDo: 'Propose another one.',
      details: { status: before.status },
    });
  await tx.run(
    `update self_billing_agreements set status = $3, accepted_at = case when $3 = 'accepted' then now() else accepted_at end
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, id, to],
  );
  const after = found(await readAgreement(tx, id), 'self_billing_agreement');
  await record(tx, after, to, actor);
  return after;
}

function record(
  tx: WorkspaceTx,
  agreement: SelfBillingAgreement,
  participle: string,
  actor: string,
): Promise<void> {
  const { id, sellerId, personId, startsOn, endsBefore, status } = agreement;
  return recordEvents(tx, [
    {
      type: `self_billing_agreement.${participle}`,
      subjectType: 'self_billing_agreement',
      subjectId: id,
      actor,
      permission: 'contractor_invoices.read',
      payload: { sellerId, personId, startsOn, endsBefore, status },
    },
  ]);
}
