/** Owns the test hand at QuickBooks' side, for the conformance suite. */
import { createHmac } from 'node:crypto';
import { Decimal } from '../../domain/money.ts';
import { oauthStand } from '../kit/sandbox-oauth.ts';
import { type Stand, type StandDelivery, type StandOptions, standClock } from '../kit/stand.ts';
import { startQuickbooksSandbox } from './sandbox.ts';

const realmId = '4620816365';

export async function startStand(options: StandOptions = {}): Promise<Stand> {
  const clock = standClock(options);
  const sandbox = await startQuickbooksSandbox({
    ...(options.port === undefined ? {} : { port: options.port }),
    realmId,
    accessToken: 'token-one',
    rateLimit: 'off',
    now: clock.date,
    oauth: { clientId: 'slipway-app', clientSecret: 'app-secret-1', refreshToken: 'refresh-one' },
  });
  return {
    sandbox,
    settings: { realmId, incomeAccountId: '79', expenseAccountId: '80' },
    secrets: {
      accessToken: 'token-one',
      refreshToken: 'refresh-one',
      clientId: 'slipway-app',
      clientSecret: 'app-secret-1',
    },
    pageSize: 1_000,
    now: clock.now,
    later: clock.later,
    revoke: () => {
      sandbox.setAccessToken('nobody has this one');
      sandbox.oauth!.end();
    },
    replaceToken: (token) => sandbox.setAccessToken(token),
    endless() {
      const Payment = Array.from({ length: 1_000 }, (_, n) => ({
        Id: String(n),
        SyncToken: '0',
        TxnDate: '2026-03-12',
        TotalAmt: 1,
        MetaData: { LastUpdatedTime: '2026-03-12T09:01:44-07:00' },
      }));
      const body = {
        QueryResponse: { Payment, startPosition: 1, maxResults: 1_000 },
        time: '2026-03-20T12:00:00Z',
      };
      sandbox.fault({ kind: 'status', status: 200, body, times: Number.POSITIVE_INFINITY });
    },
    oauth: oauthStand(sandbox.oauth!, () => sandbox.setAccessToken('nobody has this one')),
    throttles: [
      { name: 'with a wait', fault: { kind: 'status', status: 429, retryAfterSeconds: 7 }, waitMs: 7_000 },
      { name: 'without one', fault: { kind: 'status', status: 429 }, waitMs: null },
    ],
    webhooks: {
      // Intuit's endpoint belongs to the app: a person enters it in the developer portal.
      subscriptions: () => [],
      delivery: ({ externalId, change }, secret, at = clock.now()) =>
        signed([cloudEvent(`qbo.invoice.${change}.v1`, externalId, at)], secret),
      unknown: (secret) => signed({ announcements: [] }, secret),
    },
    books: {
      payPages: sandbox.payPages,
      invoices: () =>
        sandbox.invoices.map((invoice) => ({
          externalId: invoice.Id,
          number: invoice.DocNumber ?? '',
          total: money(invoice.TotalAmt),
          status: (invoice.PrivateNote ?? '').startsWith('Voided')
            ? 'void'
            : invoice.Balance === 0
              ? 'paid'
              : 'open',
          timeIds: invoice.LinkedTxn.filter(({ TxnType }) => TxnType === 'TimeActivity').map(
            ({ TxnId }) => TxnId,
          ),
        })),
      bills: () =>
        sandbox.bills.map((bill) => ({
          externalId: bill.Id,
          number: bill.DocNumber ?? '',
          total: money(bill.TotalAmt),
        })),
      creditNotes: () =>
        sandbox.creditMemos.map((memo) => ({
          externalId: memo.Id,
          number: memo.DocNumber ?? '',
          total: money(memo.TotalAmt),
        })),
      pay: (invoiceId, amount, date) => sandbox.bookPayment({ invoiceId, amount, date }).Id,
      removePayment: (id) => sandbox.deletePayment(id),
      edit: (id) => void sandbox.voidInvoice(id),
      void: (id) => void sandbox.voidInvoice(id),
      remove: (id) => sandbox.deleteInvoice(id),
      async takeNumber(number) {
        const customer = sandbox.addCustomer({ DisplayName: 'Somebody else' }).Id;
        const item = sandbox.addItem({ Name: 'Something else' }).Id;
        const line = {
          DetailType: 'SalesItemLineDetail',
          Amount: 1,
          SalesItemLineDetail: { ItemRef: { value: item } },
        };
        const answer = await fetch(`${sandbox.url}/v3/company/${realmId}/invoice?minorversion=75`, {
          method: 'POST',
          headers: {
            accept: 'application/json',
            authorization: 'Bearer token-one',
            'content-type': 'application/json',
          },
          body: JSON.stringify({ DocNumber: number, CustomerRef: { value: customer }, Line: [line] }),
        });
        if (!answer.ok) throw new Error(`the sandbox refused the other document: ${await answer.text()}`);
      },
    },
  };
}

const money = (amount: number) => new Decimal(amount).toFixed(2);

function cloudEvent(type: string, id: string, time: string) {
  return {
    specversion: '1.0',
    id: crypto.randomUUID(),
    source: 'intuit.fBwMXs9BmlQtKSRBJ1qLkOnnNXXbCE7dkEPuGNzSvYw=',
    type,
    time,
    intuitentityid: id,
    intuitaccountid: realmId,
    data: {},
  };
}

function signed(body: unknown, secret: string): StandDelivery {
  const rawBody = Buffer.from(JSON.stringify(body));
  const signature = createHmac('sha256', secret).update(rawBody).digest('base64');
  return { rawBody, headers: { 'intuit-signature': signature }, query: {} };
}
