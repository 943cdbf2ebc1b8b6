/** Owns sending queued mails: claims them, has each posted, and tries again ever later what could not be sent. */
import type { Logger } from 'pino';
import { isLetter } from '../domain/notification.ts';
import type { PayButton } from '../domain/payment-link.ts';
import type { Database, WorkspaceTx } from '../store/database.ts';
import { isOfWaivedFee, noteDelivered, noteRejected } from '../store/deliveries.ts';
import { type ClaimedMail, claimMails, giveUpMail, markFailed, markSent } from '../store/mails.ts';
import { notify } from '../store/notifications.ts';
import { readPayButtons } from '../store/payment-links.ts';
import { isOutdated } from '../store/reminder-letters.ts';
import { type Loop, type Next, startLoop } from './loop.ts';

/** How a mail left; what may work later rejects instead. */
export type Delivery = { outcome: 'sent' | 'filed' } | { outcome: 'refused'; reason: string };

export interface MailerOptions {
  database: Database;
  logger: Logger;
  deliver: (mail: ClaimedMail & { pay: PayButton[] }) => Promise<Delivery>;
  /** The wait after the first failure; it doubles up to `maxWaitMs`. */
  firstWaitMs?: number;
  maxWaitMs?: number;
}

const atOnce = 4;
/** Longer than a delivery may take, with the print of a statement before it: a claim that has ended belongs to a process that died. */
const claimMs = 180_000;

/**
 * Starts the mailer. Any number of processes may run one: a mail is claimed by one of them. One that dies between the
 * server's "accepted" and our note of it sends the mail again, with the same Message-ID.
 */
export function startMailer(options: MailerOptions): Pick<Loop, 'wake' | 'stop'> {
  const { database, logger, deliver } = options;
  const { firstWaitMs = 10_000, maxWaitMs = 900_000 } = options;
  const outage = watchFailures(logger);

  type Settled = Delivery | { outcome: 'failed'; reason: string } | { outcome: 'outdated'; reason: string };
  const settle = (mail: ClaimedMail, delivery: Settled) =>
    database.inWorkspace(mail.workspaceId, (tx) => {
      switch (delivery.outcome) {
        case 'filed':
          return filed(tx, mail);
        case 'sent':
          return sent(tx, mail);
        case 'refused':
          return giveUp(tx, mail, delivery.reason);
        case 'outdated':
          return dropMail(tx, mail, delivery.reason);
        case 'failed': {
          const tooOld = Date.parse(mail.giveUpAt) <= Date.now();
          const waitMs = Math.min(maxWaitMs, firstWaitMs * 2 ** Math.min(mail.attempts - 1, 20));
          return tooOld
            ? giveUp(tx, mail, delivery.reason)
            : markFailed(tx, mail.id, { reason: delivery.reason, waitMs });
        }
      }
    });

  /** True when it left or never will; false when the way out did not work. What cannot be noted is left to the next claim. */
  const post = async (mail: ClaimedMail): Promise<boolean> => {
    const reason = await whyOutdated(database, mail);
    if (reason !== null) {
      await settle(mail, { outcome: 'outdated', reason });
      return true;
    }
    const delivery = await withPayButtons(database, mail)
      .then(deliver)
      .catch((error: unknown) => {
        outage.noticed(error);
        return { outcome: 'failed', reason: error instanceof Error ? error.message : String(error) } as const;
      });
    if (delivery.outcome !== 'failed') outage.over();
    await settle(mail, delivery);
    return delivery.outcome !== 'failed';
  };

  const step = async (): Promise<Next> => {
    const mails = await database.inSystem((tx) => claimMails(tx, { limit: atOnce, claimMs }));
    const posted = await Promise.all(mails.map(post));
    // Where none got through, the others wait too: a dead server is not asked for each of a thousand mails.
    if (posted.length > 0 && !posted.includes(true)) return { afterMs: Math.min(firstWaitMs, maxWaitMs) };
    return mails.length === atOnce ? 'again' : 'idle';
  };
  return startLoop({ name: 'mailer', step, logger });
}

const actor = 'system:mailer';
const noServer = 'no mail server is set: the mail lies in the outbox folder';

async function sent(tx: WorkspaceTx, mail: ClaimedMail): Promise<void> {
  // The link is in somebody's mailbox now: what it opens is not kept here too.
  await markSent(tx, mail.id, { forgetLink: isLetter(mail.kind) });
  await noteDelivered(tx, mail.key, actor);
}

/** Nobody got it, as its delivery then says; but in a sandbox that is how mail leaves. */
async function filed(tx: WorkspaceTx, mail: ClaimedMail): Promise<void> {
  await markSent(tx, mail.id, { forgetLink: false });
  if (mail.workspaceKind === 'sandbox') await noteDelivered(tx, mail.key, actor);
  else await noteRejected(tx, mail.key, noServer);
}

/** What asks for money may come too late, where it waited for a mail server. Null: it does not. */
async function whyOutdated(
  database: Database,
  { kind, key, workspaceId }: ClaimedMail,
): Promise<string | null> {
  const check = outdatedBy[kind];
  if (check === undefined) return null;
  return (await database.inWorkspace(workspaceId, (tx) => check.isOutdated(tx, key))) ? check.reason : null;
}
/** Kind of mail → what makes it outdated. */
const outdatedBy: Readonly<
  Record<string, { isOutdated: (tx: WorkspaceTx, mailKey: string) => Promise<boolean>; reason: string }>
> = {
  'reminder.sent': { isOutdated, reason: 'what it asks for is paid, credited or disputed meanwhile' },
  'document.sent': { isOutdated: isOfWaivedFee, reason: 'its late fee is waived meanwhile' },
};
/** As they are now: what was paid while the mail waited has none any more. */
const withPayButtons = async (database: Database, mail: ClaimedMail) => ({
  ...mail,
  pay: await database.inWorkspace(mail.workspaceId, (tx) => readPayButtons(tx, mail)),
});

async function dropMail(tx: WorkspaceTx, mail: ClaimedMail, reason: string): Promise<void> {
  if (await giveUpMail(tx, mail.id, reason)) await noteRejected(tx, mail.key, reason);
}

/** Tells the admins, once a day and in the app only: a mail about mail that fails would fail. */
async function giveUp(tx: WorkspaceTx, mail: ClaimedMail, reason: string): Promise<void> {
  if (!(await giveUpMail(tx, mail.id, reason))) return;
  await noteRejected(tx, mail.key, reason);
  const today = new Date().toISOString().slice(0, 10);
  await notify(tx, [
    {
      kind: 'mail.failing',
      to: { role: 'admin' },
      key: `mail.failing:${today}`,
      subjectType: 'mail',
      subjectId: mail.id,
      params: { address: mail.address, attempts: String(mail.attempts), reason },
    },
  ]);
}

/** Says once that mail cannot be sent, and once that it can again. */
function watchFailures(logger: Logger) {
  let failures = 0;
  return {
    noticed: (error: unknown) => {
      failures += 1;
      if (failures === 1) logger.warn({ err: error }, 'a mail could not be sent, and will be tried again');
    },
    over: () => {
      if (failures > 0) logger.info({ failures }, 'mails are sent again');
      failures = 0;
    },
  };
}
