/** Owns the statements of account that clients get on the first of a month, once each, of the month before. */
import { addDays } from '../domain/day.ts';
import { printLanguageOf } from '../domain/print-format.ts';
import { statementMail } from '../domain/statement-mail.ts';
import type { Day } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { queueMail } from './mails.ts';
import { readStatement } from './reports/statement.ts';

const maxClients = 10_000;

const firstOfMonth = (day: Day): Day => `${day.slice(0, 8)}01`;
const keyOf = (clientId: string, asOf: Day): string => `statement:${clientId}:${asOf}`;
/** Of whom, and of which month, the mail with the key is. */
export function statementOfMail(key: string): { clientId: string; startsOn: Day; asOf: Day } {
  const [, clientId = '', asOf = ''] = key.split(':');
  return { clientId, startsOn: firstOfMonth(asOf), asOf };
}

/** `day` is the first of a month. Clients without mail, without an address, or with an account of nothing get none. */
export async function sendStatements(tx: WorkspaceTx, day: Day): Promise<number> {
  const asOf = addDays(day, -1);
  const startsOn = firstOfMonth(asOf);
  const clients = await tx.rows<{ id: string; name: string; language: string; address: string }>(
    `select c.id, c.name, c.language, coalesce(c.accounts_payable_email, c.email) as address from clients c
     where c.workspace_id = $1 and not c.internal and c.mail_notifications and c.status <> 'archived'
       and coalesce(c.accounts_payable_email, c.email) is not null
       and exists (select from client_invoices i where i.workspace_id = $1 and i.client_id = c.id and i.number is not null)
     order by c.id limit $2`,
    [tx.workspaceId, maxClients],
  );
  let sent = 0;
  for (const client of clients) {
    const statement = await readStatement(tx, { clientId: client.id, startsOn, asOf });
    const accounts = (statement?.accounts ?? []).filter(
      ({ rows, closing }) => rows.length > 0 || Number(closing) !== 0,
    );
    if (accounts.length === 0) continue;
    const queued = await queueMail(tx, {
      to: client.address,
      template: 'statement.sent',
      params: statementMail(printLanguageOf(client.language), {
        client: client.name,
        startsOn,
        asOf,
        accounts,
      }),
      // runtime/statement-keeper.ts puts the printed one into it before it leaves.
      key: keyOf(client.id, asOf),
      link: null,
    });
    if (!queued) continue;
    sent += 1;
    await recordEvents(tx, [
      {
        type: 'statement.sent',
        subjectType: 'client',
        subjectId: client.id,
        actor: 'system:reminders',
        permission: 'invoices.read',
        payload: { asOf, address: client.address },
      },
    ]);
  }
  return sent;
}
