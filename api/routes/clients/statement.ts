/** Owns how a client's statement of account is asked for and shown over the API. */
import { z } from 'zod';
import { printLanguages } from '../../../domain/print-format.ts';
import type { PrintedStatement } from '../../../domain/printed-statement.ts';
import { found } from '../../../domain/refusal.ts';
import type { Database, WorkspaceTx } from '../../../store/database.ts';
import { readPrintedStatement } from '../../../store/printed-statement.ts';
import { readStatement, type Statement } from '../../../store/reports/statement.ts';
import { type Actor, ownClient } from '../../kit/auth.ts';
import { day, id, storedDay, storedDecimal } from '../../kit/schemas.ts';
import { askedDays } from '../reports/finance-report.ts';

export const statementQuery = z.object({
  startsOn: day.optional().meta({ description: 'Without it, the first of the month.' }),
  asOf: day.optional().meta({ description: 'The last day; without it, today.' }),
});

export const statement = z
  .object({
    clientId: id,
    clientName: z.string(),
    startsOn: storedDay,
    asOf: storedDay,
    accounts: z.array(
      z.object({
        sellerId: id.nullable(),
        sellerName: z.string(),
        currency: z.string(),
        opening: storedDecimal,
        rows: z.array(
          z.object({
            day: storedDay,
            kind: z.enum(['invoice', 'void', 'credit_note', 'late_fee', 'payment', 'refund', 'write_off']),
            number: z.string().nullable(),
            reference: z.string().nullable(),
            dueDate: storedDay.nullable(),
            amount: storedDecimal.meta({ description: 'Signed: what the client owes more, or less.' }),
            balance: storedDecimal,
          }),
        ),
        closing: storedDecimal.meta({ description: 'Below zero: the client has credit.' }),
        overdue: storedDecimal,
        ageing: z
          .object({
            notDue: storedDecimal,
            days1To30: storedDecimal,
            days31To60: storedDecimal,
            days61To90: storedDecimal,
            over90: storedDecimal,
            retained: storedDecimal.meta({ description: 'Held back until the work is complete.' }),
          })
          .meta({
            description:
              'What is open of documents, by days since it was due. The rest of the closing balance is on account.',
          }),
      }),
    ),
  })
  .meta({ id: 'Statement' });

/** A client's member reads their own; others are as if they did not exist. */
export async function askedStatement(
  tx: WorkspaceTx,
  clientId: string,
  query: z.infer<typeof statementQuery>,
  actor: Actor,
): Promise<Statement> {
  const own = ownClient(actor, 'invoices.read');
  const { startsOn, asOf } = await askedDays(tx, query);
  const read =
    own === null || own === clientId ? await readStatement(tx, { clientId, startsOn, asOf }) : null;
  return found(read, 'client');
}

export const printedStatementQuery = statementQuery.extend({
  language: z.enum(printLanguages).optional().meta({ description: "Without it, the client's." }),
  paper: z
    .enum(['A4', 'LETTER'])
    .optional()
    .meta({ description: "Without it, that of the client's country." }),
});

/** As above, with the parties' addresses. */
export function printedStatement(
  database: Database,
  clientId: string,
  query: z.infer<typeof printedStatementQuery>,
  actor: Actor,
): Promise<PrintedStatement> {
  return database.inWorkspace(actor.workspaceId, async (tx) => {
    const own = ownClient(actor, 'invoices.read');
    const { startsOn, asOf } = await askedDays(tx, query);
    const { language = null, paper = null } = query;
    const asked = { clientId, startsOn, asOf, language, paper };
    return found(own === null || own === clientId ? await readPrintedStatement(tx, asked) : null, 'client');
  });
}
