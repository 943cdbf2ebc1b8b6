/** Owns the bank accounts that people are paid to: versioned, sealed, shown masked; a change takes two people and some days. */
import { contractorSettings } from '../domain/contractor-settings.ts';
import type { Doer } from '../domain/duties.ts';
import { checkAccountNumber, maskAccountNumber, normalAccountNumber } from '../domain/payee-account.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import type { Instant } from '../domain/work-entry.ts';
import type { SealedSecret, SecretBox } from './connections.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { raiseFindings } from './exceptions.ts';
import { queueMail } from './mails.ts';
import { newId } from './new-id.ts';
import { notify } from './notifications.ts';
import { getWorkspace, workspaceNow } from './workspaces.ts';

export interface PayeeAccount {
  id: string;
  personId: string;
  personName: string;
  version: number;
  status: 'proposed' | 'confirmed' | 'refused' | 'superseded';
  holder: string;
  bank: string | null;
  country: string | null;
  /** e.g. `NO•••• 1234`; the whole number is only in what was sealed. */
  masked: string;
  proposedBy: string | null;
  confirmedBy: string | null;
  callBackAt: Instant | null;
  callBackTo: string | null;
  /** From when it may be paid to. */
  usableFrom: Instant | null;
  decidedAt: Instant | null;
  decisionReason: string | null;
  createdAt: Instant;
}
export interface NewPayeeAccount {
  personId: string;
  holder: string;
  /** As typed; spaces do not count. */
  accountNumber: string;
  /** Routing number, sort code or BIC. */
  routing: string | null;
  bank: string | null;
  country: string | null;
}
/** What is sealed. */
export interface AccountDetails {
  accountNumber: string;
  routing: string | null;
}

const columns = `a.id, a.person_id, p.name as person_name, a.version, a.status, a.holder, a.bank, a.country, a.masked,
  a.proposed_by_actor as proposed_by, a.confirmed_by_actor as confirmed_by, a.call_back_at, a.call_back_to, a.usable_from, a.decided_at,
  a.decision_reason, a.created_at`;
const tables = 'payee_accounts a join people p on p.workspace_id = a.workspace_id and p.id = a.person_id';

/** `ownPersonId`: only if it is that person's. */
export function readPayeeAccount(
  tx: WorkspaceTx,
  id: string,
  ownPersonId: string | null = null,
): Promise<PayeeAccount | null> {
  return tx.row<PayeeAccount>(
    `select ${columns} from ${tables} where a.workspace_id = $1 and a.id = $2 and ($3::uuid is null or a.person_id = $3)`,
    [tx.workspaceId, id, ownPersonId],
  );
}

/** Newest first, after `after` (an id). */
export function listPayeeAccounts(
  tx: WorkspaceTx,
  filter: { personId: string | null; status: string | null },
  page: { after: string | null; limit: number },
): Promise<PayeeAccount[]> {
  return tx.rows<PayeeAccount>(
    `select ${columns} from ${tables} where a.workspace_id = $1 and ($2::uuid is null or a.person_id = $2)
       and ($3::text is null or a.status = $3) and ($4::uuid is null or a.id < $4) order by a.id desc limit $5`,
    [tx.workspaceId, filter.personId, filter.status, page.after, page.limit],
  );
}

/** The account that a person is paid to now, whether its days of waiting are over or not; null: none was confirmed. */
export function confirmedAccount(tx: WorkspaceTx, personId: string): Promise<PayeeAccount | null> {
  return tx.row<PayeeAccount>(
    `select ${columns} from ${tables} where a.workspace_id = $1 and a.person_id = $2 and a.status = 'confirmed'`,
    [tx.workspaceId, personId],
  );
}

async function lockAccount(tx: WorkspaceTx, id: string): Promise<PayeeAccount> {
  // The person first: whoever proposes, confirms or refuses for the same one waits here.
  await tx.run(
    `select 1 from people where workspace_id = $1
       and id = (select person_id from payee_accounts where workspace_id = $1 and id = $2) for no key update`,
    [tx.workspaceId, id],
  );
  return found(await readPayeeAccount(tx, id), 'payee_account');
}

const place = (tx: WorkspaceTx, id: string) => ({
  workspaceId: tx.workspaceId,
  connectionId: id,
  name: 'payee_account',
});

/**
 * Writes the next version, which nobody is paid to before a second person has confirmed it. Refuses a number that cannot be
 * one, the number that is in use already, and a second proposal beside an undecided one. The same number at another person
 * raises an exception.
 */
export async function proposePayeeAccount(
  tx: WorkspaceTx,
  box: SecretBox,
  wanted: NewPayeeAccount,
  doer: Doer,
): Promise<PayeeAccount> {
  const number = normalAccountNumber(wanted.accountNumber);
  const problem = checkAccountNumber(number);
  if (problem) throw invalidField('/accountNumber', 'payee_account.number_invalid', problem);
  const locked = await tx.run('select 1 from people where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    wanted.personId,
  ]);
  if (locked === 0)
    throw invalidField('/personId', 'reference.unknown', 'There is no such person in this workspace.');
  const fingerprints = box.fingerprints(tx.workspaceId, number);
  const others = await tx.rows<{ id: string; personId: string; status: PayeeAccount['status'] }>(
    `select id, person_id, status from payee_accounts where workspace_id = $1
       and (account_hash = any($2::bytea[]) and status in ('proposed', 'confirmed') or person_id = $3 and status = 'proposed')
     order by id limit 100`,
    [tx.workspaceId, fingerprints, wanted.personId],
  );
  const own = others.filter((other) => other.personId === wanted.personId);
  if (own.some((other) => other.status === 'proposed'))
    throw new Refusal({
      code: 'payee_account.already_proposed',
      message: 'Another account of this person waits for its confirmation.',
      whatToDo: 'Have it confirmed or refused first.',
    });
  if (own.length > 0)
    throw new Refusal({
      code: 'payee_account.unchanged',
      message: 'This person is paid to this account already.',
      whatToDo: 'Nothing: it stays.',
    });
  const id = newId();
  const details: AccountDetails = { accountNumber: number, routing: wanted.routing };
  const sealed = box.seal(place(tx, id), JSON.stringify(details));
  const masked = maskAccountNumber(number);
  await tx.run(
    `insert into payee_accounts (workspace_id, id, person_id, version, details_encrypted, key_version, account_hash, masked, holder, bank,
       country, proposed_by, proposed_by_actor)
     select $1, $2, $3, coalesce(max(version), 0) + 1, $4, $5, $6, $7, $8, $9, $10, $11, $12 from payee_accounts
     where workspace_id = $1 and person_id = $3`,
    [
      tx.workspaceId,
      id,
      wanted.personId,
      sealed.ciphertext,
      sealed.keyVersion,
      fingerprints[0],
      masked,
      wanted.holder,
      wanted.bank,
      wanted.country,
      doer.memberId,
      doer.id,
    ],
  );
  const account = found(await readPayeeAccount(tx, id), 'payee_account');
  await record(tx, account, 'proposed', doer);
  const shared = others.filter((other) => other.personId !== wanted.personId);
  if (shared.length > 0) await raiseShared(tx, account, shared);
  const notice = {
    kind: 'payee_account.change_proposed' as const,
    key: `payee_account.proposed:${id}`,
    subjectType: 'payee_account',
    subjectId: id,
    params: { proposer: doer.name, masked, person: account.personName },
    except: doer.memberId === null ? [] : [doer.memberId],
  };
  await notify(tx, [
    { ...notice, to: { permission: 'payee_accounts.confirm' } },
    { ...notice, to: { personId: wanted.personId } },
  ]);
  return account;
}

/** Two payees with one account may be a couple, or somebody who pays himself: a person looks. */
function raiseShared(
  tx: WorkspaceTx,
  account: PayeeAccount,
  others: readonly { id: string; personId: string }[],
): Promise<number> {
  return raiseFindings(tx, [
    {
      rule: 'payee_account.shared',
      severity: 'W',
      subjectKey: `payee_account:${account.id}`,
      fingerprint: others
        .map((other) => other.personId)
        .sort()
        .join(','),
      subjectType: 'payee_account',
      subjectId: account.id,
      detail: {
        masked: account.masked,
        personId: account.personId,
        otherPersonIds: [...new Set(others.map((other) => other.personId))],
      },
      entries: [],
    },
  ]);
}

const dayMs = 86_400_000;

/**
 * A second person takes it into use. Where it replaces another account, somebody was called back on a known number, the old
 * contact is told, and payouts wait for some days: three ways to notice a change that nobody wanted.
 */
export async function confirmPayeeAccount(
  tx: WorkspaceTx,
  id: string,
  callBack: { to: string; at: Instant } | null,
  doer: Doer,
): Promise<PayeeAccount> {
  const account = await lockAccount(tx, id);
  requireProposed(account);
  if (account.proposedBy === doer.id || account.personId === doer.personId)
    throw new Refusal({
      code: 'payee_account.second_person',
      status: 403,
      message: 'An account is confirmed by somebody else than who entered it, and not by who is paid to it.',
      whatToDo: 'Have a second person confirm it.',
    });
  const before = await confirmedAccount(tx, account.personId);
  if (before && callBack === null)
    throw invalidField(
      '/callBack',
      'payee_account.call_back_required',
      'This replaces another account: call the person back on a number that you knew before.',
    );
  const now = await workspaceNow(tx);
  const { payoutBlockDays } = contractorSettings((await getWorkspace(tx)).settings);
  const usableFrom = before ? new Date(Date.parse(now) + payoutBlockDays * dayMs).toISOString() : now;
  await tx.run(
    `update payee_accounts set status = 'superseded' where workspace_id = $1 and person_id = $2 and status = 'confirmed'`,
    [tx.workspaceId, account.personId],
  );
  const email = before ? await emailOf(tx, account.personId) : null;
  await tx.run(
    `update payee_accounts set status = 'confirmed', confirmed_by = $3, confirmed_by_actor = $4, call_back_at = $5, call_back_to = $6,
       call_back_by = case when $5::timestamptz is null then null else $3::uuid end, usable_from = $7, decided_at = $8,
       notice_sent_to = $9, notice_sent_at = case when $9::text is null then null else $8::timestamptz end
     where workspace_id = $1 and id = $2`,
    [
      tx.workspaceId,
      id,
      doer.memberId,
      doer.id,
      callBack?.at ?? null,
      callBack?.to ?? null,
      usableFrom,
      now,
      email,
    ],
  );
  const after = found(await readPayeeAccount(tx, id), 'payee_account');
  await record(tx, after, 'confirmed', doer, { replaces: before?.id ?? null, usableFrom });
  const params = { person: after.personName, masked: after.masked, usableFrom: usableFrom.slice(0, 10) };
  const told = await notify(tx, [
    {
      kind: 'payee_account.changed',
      to: { personId: account.personId },
      key: `payee_account.confirmed:${id}`,
      subjectType: 'payee_account',
      subjectId: id,
      params,
    },
  ]);
  // The old contact hears of it where they always did, also without a sign-in of their own.
  if (email !== null && told === 0)
    await queueMail(tx, {
      to: email,
      template: 'payee_account.changed',
      params,
      key: `payee_account.confirmed:${id}`,
      link: null,
    });
  return after;
}

async function emailOf(tx: WorkspaceTx, personId: string): Promise<string | null> {
  const row = await tx.row<{ email: string | null }>(
    'select email from people where workspace_id = $1 and id = $2',
    [tx.workspaceId, personId],
  );
  return row?.email ?? null;
}

/** It is never used; who entered it may take it back this way too. */
export async function refusePayeeAccount(
  tx: WorkspaceTx,
  id: string,
  reason: string,
  doer: Doer,
): Promise<PayeeAccount> {
  requireProposed(await lockAccount(tx, id));
  await tx.run(
    `update payee_accounts set status = 'refused', decision_reason = $3, decided_at = $4 where workspace_id = $1 and id = $2`,
    [tx.workspaceId, id, reason, await workspaceNow(tx)],
  );
  const after = found(await readPayeeAccount(tx, id), 'payee_account');
  await record(tx, after, 'refused', doer, { reason });
  return after;
}

function requireProposed({ status, confirmedBy }: PayeeAccount): void {
  if (status === 'proposed') return;
  throw new Refusal({
    code: 'payee_account.already_decided',
    message: `This account is ${status}${confirmedBy === null ? '' : ` (confirmed by ${confirmedBy})`}.`,
    whatToDo: 'Enter another one.',
    details: { status, confirmedBy },
  });
}

/** The whole number, for one look; each look is an event. */
export async function revealPayeeAccount(
  tx: WorkspaceTx,
  box: SecretBox,
  id: string,
  reason: string,
  doer: Doer,
): Promise<AccountDetails> {
  const account = found(await readPayeeAccount(tx, id), 'payee_account');
  const sealed = await tx.row<SealedSecret>(
    'select details_encrypted as ciphertext, key_version from payee_accounts where workspace_id = $1 and id = $2',
    [tx.workspaceId, id],
  );
  await record(tx, account, 'revealed', doer, { reason });
  return JSON.parse(box.open(place(tx, id), sealed!)) as AccountDetails;
}

function record(
  tx: WorkspaceTx,
  account: PayeeAccount,
  participle: string,
  doer: Doer,
  facts: Record<string, unknown> = {},
): Promise<void> {
  return recordEvents(tx, [
    {
      type: `payee_account.${participle}`,
      subjectType: 'payee_account',
      subjectId: account.id,
      actor: doer.id,
      permission: 'payee_accounts.read',
      payload: { personId: account.personId, version: account.version, masked: account.masked, ...facts },
    },
  ]);
}
