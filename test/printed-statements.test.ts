/** Owns printed statements of account and late fees: their words and figures, read back from PDF and page. */
import { afterAll, describe, expect, test } from 'vitest';
import { fillWords } from '../domain/notification.ts';
import { toPrintedInvoice } from '../domain/printed-document.ts';
import {
  invoiceFactsOf,
  type LateFeeFacts,
  lateFeeBadge,
  toPrintedLateFee,
} from '../domain/printed-late-fee.ts';
import { onAccount, type PrintedStatement, statementFileName } from '../domain/printed-statement.ts';
import { statementMail } from '../domain/statement-mail.ts';
import { createPrinter } from '../printing/printer.ts';
import { bounded } from '../store/notifications.ts';
import { readPdf } from './support/pdf-text.ts';
import { documentOf, lineOf, snapshotOf } from './support/printed-documents.ts';

const printer = createPrinter();
afterAll(() => printer.stop());

const { seller, buyer } = documentOf();
const none = {
  notDue: '0.00',
  days1To30: '0.00',
  days31To60: '0.00',
  days61To90: '0.00',
  over90: '0.00',
  retained: '0.00',
};

/** 1,190 billed in February and 500 in March, 700 of it paid, 90 on account. */
const statement: PrintedStatement = {
  language: 'en',
  paper: 'A4',
  client: buyer,
  clientCode: 'NFE',
  startsOn: '2026-03-01',
  asOf: '2026-03-31',
  accounts: [
    {
      seller,
      currency: 'EUR',
      opening: '1190.00',
      rows: [
        {
          day: '2026-03-09',
          kind: 'invoice',
          number: 'NFE-0043',
          reference: null,
          dueDate: '2026-04-08',
          amount: '500.00',
          balance: '1690.00',
        },
        {
          day: '2026-03-12',
          kind: 'credit_note',
          number: 'CN-0003',
          reference: 'NFE-0042',
          dueDate: null,
          amount: '-100.00',
          balance: '1590.00',
        },
        {
          day: '2026-03-20',
          kind: 'payment',
          number: null,
          reference: 'WIRE 77',
          dueDate: null,
          amount: '-790.00',
          balance: '800.00',
        },
      ],
      closing: '800.00',
      ageing: { ...none, notDue: '450.00', days1To30: '390.00', retained: '50.00' },
      bankAccounts: [
        {
          id: 'b',
          label: 'Main',
          currency: 'EUR',
          holder: null,
          iban: 'DE89370400440532013000',
          accountNumber: null,
          bic: 'COBADEFFXXX',
          bank: null,
        },
      ],
    },
  ],
};
const pdfOf = async (one: PrintedStatement) => readPdf(await printer.print({ statement: one }));

describe('a statement of account', () => {
  test('says between whom, every movement with the balance after it, and what is open by its age', async () => {
    const { pages, title, width, height } = await pdfOf(statement);
    expect(pages).toHaveLength(1);
    const [text = ''] = pages;
    for (const words of [
      'Statement of account',
      'Harbour Works GmbH & Co. KG',
      '28195 Bremen',
      'Northern Ferries AS',
      '5003 Bergen',
      '1 Mar 2026 – 31 Mar 2026',
      'Balance on 31 Mar 2026 EUR 800.00',
      'of it overdue EUR 390.00',
      '1 Mar 2026 Opening balance 1,190.00',
      '9 Mar 2026 Invoice NFE-0043 8 Apr 2026 500.00 1,690.00',
      '12 Mar 2026 Credit note CN-0003 (NFE-0042) -100.00 1,590.00',
      '20 Mar 2026 Payment WIRE 77 -790.00 800.00',
      '31 Mar 2026 Closing balance 800.00',
      'Not due 1–30 days 31–60 days 61–90 days Over 90 days Held back On account Balance EUR',
      '450.00 390.00 0.00 0.00 0.00 50.00 -90.00 800.00',
      'DE89 3704 0044 0532 0130 00',
      'Page 1 of 1',
    ])
      expect(text.replace(/\s+/g, ' ')).toContain(words);
    expect(title).toBe('Statement of account NFE 2026-03-31');
    expect([Math.round(width), Math.round(height)]).toEqual([595, 842]);
    expect(statementFileName(statement)).toBe('NFE-2026-03-31-statement.pdf');
  });

  test('is in German and on Letter where that is asked for', async () => {
    const { pages, width, height } = await pdfOf({ ...statement, language: 'de', paper: 'LETTER' });
    for (const words of [
      'Kontoauszug',
      'Anfangssaldo',
      '1.190,00',
      'Rechnungskorrektur CN-0003 (NFE-0042)',
      'Über 90 Tage',
      'Guthaben',
      'Seite 1 von 1',
    ])
      expect(pages[0]).toContain(words);
    expect([Math.round(width), Math.round(height)]).toEqual([612, 792]);
  });

  test('has a sheet for each seller and currency, and numbers all pages', async () => {
    const [account] = statement.accounts;
    const rows = Array.from({ length: 90 }, (_, index) => ({
      ...account!.rows[0]!,
      number: `NFE-${1000 + index}`,
    }));
    const krone = {
      ...account!,
      currency: 'NOK',
      rows,
      seller: { ...seller, name: 'Harbour Works Bergen AS' },
    };
    const { pages } = await pdfOf({ ...statement, accounts: [account!, krone] });
    expect(pages.length).toBeGreaterThan(3);
    expect(pages[0]).not.toContain('NOK');
    expect(pages[1]).toContain('Harbour Works Bergen AS');
    expect(pages[1]).toContain(`Page 2 of ${pages.length}`);
    expect(pages[2]).toContain('Balance NOK');
    expect(pages.join(' ').match(/NFE-1\d\d\d/g)).toHaveLength(90);
  });

  test('says so where nothing moved', async () => {
    const { pages } = await pdfOf({ ...statement, accounts: [] });
    expect(pages[0]).toContain(
      'Nothing has moved on the account from 1 Mar 2026 to 31 Mar 2026, and nothing is open.',
    );
    expect(pages[0]).toContain('Northern Ferries AS');
  });

  test('is the same bytes each time', async () => {
    const [one, other] = [await printer.print({ statement }), await printer.print({ statement })];
    expect(Buffer.from(one).equals(Buffer.from(other))).toBe(true);
  });

  test('is a page for the browser’s printer too, which takes nobody’s words for markup', () => {
    const html = printer.statementPage({
      ...statement,
      client: { ...buyer, name: '<script>alert(1)</script>' },
    });
    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toContain('<script');
    expect(html).not.toMatch(/https?:/);
    expect(html).toMatch(
      /size:A4[\s\S]*counter\(pages\)[\s\S]*Opening balance[\s\S]*1,590\.00[\s\S]*On account/,
    );
  });

  test('has on account what makes the ages the balance', () => {
    const of = (closing: string, more: object) =>
      onAccount({ closing, currency: 'EUR', ageing: { ...none, ...more } });
    expect(of('800.00', { notDue: '450.00', days1To30: '390.00', retained: '50.00' })).toBe('-90.00');
    expect(of('-20.00', {})).toBe('-20.00');
    expect(of('10.00', { over90: '10.00' })).toBe('0.00');
  });
});

const fee: LateFeeFacts = {
  number: 'LF-0001',
  currency: 'GBP',
  amount: '40.00',
  issueDate: '2026-11-05',
  dueDate: '2026-12-05',
  issuedAt: '2026-11-05T12:00:00.000Z',
  base: null,
  percentage: null,
  startsOn: null,
  endsBefore: null,
  invoiceNumber: 'NFE-0042',
  invoiceIssueDate: '2026-09-15',
  invoiceDueDate: '2026-10-15',
};
const printed = (facts: LateFeeFacts, policy: string | null) =>
  toPrintedLateFee(
    toPrintedInvoice(
      invoiceFactsOf(facts),
      snapshotOf({ taxSubtotals: [], terms: null }),
      [lineOf({ amount: facts.amount })],
      [],
    ),
    facts,
    policy,
  );
const feePdf = async (facts: LateFeeFacts, policy: string | null, language: 'en' | 'de' = 'en') =>
  readPdf(
    await printer.print({
      document: { ...printed(facts, policy), language },
      format: 'pdf',
      badge: null,
      logo: null,
    }),
  );

describe('the mail with a statement', () => {
  type Account = Parameters<typeof statementMail>[1]['accounts'][number];
  const account: Account = {
    sellerName: 'S',
    currency: 'EUR',
    opening: '1.00',
    rows: [],
    closing: '1.00',
    overdue: '0.00',
  };
  const paymentOf = (reference: string): Account['rows'][number] => ({
    day: '2026-03-09',
    kind: 'payment',
    number: null,
    reference,
    amount: '-1.00',
  });
  const paid = (count: number) => Array.from({ length: count }, (_, place) => paymentOf(`W${place}`));
  /** What is left of it once it was queued and shown. */
  const listOf = (accounts: readonly Account[], language: 'en' | 'de' = 'en') => {
    const facts = { client: 'Northern Ferries', startsOn: '2026-03-01', asOf: '2026-03-31', accounts };
    const mail = statementMail(language, facts);
    return fillWords('statement.sent', JSON.parse(JSON.stringify(mail, bounded))).list;
  };
  const opening = 'S: EUR 1.00 on 1 Mar 2026';
  const closing = 'S: EUR 1.00 on 31 Mar 2026, of it overdue EUR 0.00';

  test('lists every movement between the balances', () => {
    expect(listOf([{ ...account, rows: paid(2) }, account])).toEqual([
      opening,
      '9 Mar 2026 Payment W0 EUR -1.00',
      '9 Mar 2026 Payment W1 EUR -1.00',
      closing,
      opening,
      closing,
    ]);
  });

  test('lists the balances alone where one letter or one line more would be cut off', () => {
    // The balances and their line ends are 25 + 1 + 1 + 50 of 2,000 letters, each but the last movement 32 with its line end.
    const rows = paid(10).flatMap((row) => [row, row, row, row, row]);
    const lastOf = (letters: number) =>
      paymentOf('x'.repeat(letters - '9 Mar 2026 Payment  EUR -1.00'.length));
    const whole = listOf([{ ...account, rows: [...rows, lastOf(2_000 - 77 - 50 * 32)] }]);
    expect(whole).toHaveLength(53);
    expect(whole.join('\n')).toHaveLength(2_000);
    expect(whole.at(-1)).toBe(closing);
    expect(listOf([{ ...account, rows: [...rows, lastOf(2_000 - 77 - 50 * 32 + 1)] }])).toEqual([
      opening,
      closing,
      'Movements not listed here: 51',
    ]);
    // A reference of 98 lines makes 100 of it, one of 99 is too much.
    const ofLines = (count: number) =>
      listOf([{ ...account, rows: [paymentOf(Array(count).fill('x').join('\n'))] }]);
    expect(ofLines(98)).toHaveLength(100);
    expect(ofLines(99)).toEqual([opening, closing, 'Movements not listed here: 1']);
  });

  test('names whole accounts only, and says how many it leaves out', () => {
    // 77 letters an account with its line ends, 28 the last line: 25 × 77 + 28 = 1,953, and 26 would be 2,030.
    const list = listOf(Array(60).fill(account));
    expect(list).toEqual([...Array(25).fill([opening, closing]).flat(), 'Accounts not listed here: 35']);
    expect(listOf(Array(60).fill({ ...account, rows: paid(3) }), 'de').slice(-3)).toEqual([
      'S: 1,00 EUR am 31.03.2026, davon überfällig 0,00 EUR',
      'Hier nicht aufgeführte Bewegungen: 180',
      expect.stringMatching(/^Hier nicht aufgeführte Konten: \d\d$/),
    ]);
  });
});

describe('a late fee', () => {
  test('has its own title, the invoice that it is about, how late that is, and what was agreed', async () => {
    const { pages, title, files } = await feePdf(fee, 'After 14 days we ask for 40 pounds.');
    expect(title).toBe('Late fee LF-0001');
    for (const words of [
      'Late fee LF-0001',
      'For invoice NFE-0042, 15 Sep 2026',
      'Invoice due 15 Oct 2026',
      'Days late 21',
      'Late fee for invoice NFE-0042, due on 15 Oct 2026: 21 days late 40.00',
      'Total GBP 40.00',
      'After 14 days we ask for 40 pounds.',
      'there is no tax on it',
      'Due 5 Dec 2026',
    ])
      expect(pages[0]).toContain(words);
    expect(pages[0]).not.toContain('Tax summary');
    expect(pages[0]).not.toContain('Net');
    expect(files).toEqual({});
  });

  test('of interest says its base, rate and days, so that anybody can reckon it', async () => {
    const interest = {
      ...fee,
      amount: '0.44',
      base: '100',
      percentage: '8',
      startsOn: '2026-10-16',
      endsBefore: '2026-11-05',
    };
    const { pages, title } = await feePdf(interest, null);
    expect(title).toBe('Interest on late payment LF-0001');
    // 16 October to 4 November, both counted, are 20 days.
    expect(pages[0]!.replace(/\s+/g, ' ')).toContain(
      'Interest on GBP 100.00 of invoice NFE-0042, open since it was due on 15 Oct 2026: 8 % a year for 20 of 365 days, 16 Oct 2026 – 4 Nov 2026',
    );
    for (const words of [
      'Rate a year 8 %',
      'Days late 20',
      'GBP 0.44',
      'Charged by the agreed payment terms',
    ])
      expect(pages[0]).toContain(words);
    const german = (await feePdf(interest, null, 'de')).pages[0]!;
    for (const words of ['Verzugszinsen', 'Zur Rechnung', 'Jahreszins 8 %', '0,44 GBP', 'keine Steuer'])
      expect(german).toContain(words);
  });

  test.each([
    [{ status: 'issued', applied: '0' }, 'issued'],
    [{ status: 'issued', applied: '1' }, 'partly_paid'],
    [{ status: 'issued', applied: '1', dueDate: '2026-11-01' }, 'overdue'],
    [{ status: 'settled', applied: '40' }, 'paid'],
    [{ status: 'waived', applied: '0' }, 'waived'],
  ])('%j is shown as %s', (row, badge) => {
    expect(lateFeeBadge({ dueDate: '2026-12-05', ...row }, '2026-11-10')).toBe(badge);
  });
});
