/**
 * Owns the one suite that every connector of the registry passes: what finance relies on, whatever the platform.
 *
 * The vendor is the stand in the connector's folder (its sandbox under a test hand, over real HTTP). A case that the
 * connector's declared capabilities exclude is skipped with "not applicable" in its name, never counted as passed.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Connector, EntryPage, TargetInvoice, TimeSource } from '../../connectors/kit/define.ts';
import {
  AuthorizationLost,
  InvalidRequest,
  Throttled,
  Unavailable,
  type VendorError,
} from '../../connectors/kit/errors.ts';
import { createVendorHttp, type VendorCredentials, type VendorHttp } from '../../connectors/kit/http.ts';
import { unlimited } from '../../connectors/kit/limit.ts';
import { openOAuth, randomText } from '../../connectors/kit/oauth.ts';
import { readPaymentLink } from '../../connectors/kit/payment-link.ts';
import { connectors } from '../../connectors/kit/registry.ts';
import type { Fault, RecordedRequest } from '../../connectors/kit/sandbox.ts';
import type { Stand, StandOptions, StartStand } from '../../connectors/kit/stand.ts';
import { addDays } from '../../domain/day.ts';
import type { Day, SourceEntry } from '../../domain/work-entry.ts';
import { readVendorSchemas } from '../support/vendor-schemas.ts';
import { failureOf } from './loopback.ts';

const called = [...connectors.values()].filter((connector) => !connector.entryReader);

/** What went over the wire in the cases so far, to be compared with the vendor's own schema. */
const exchanged = new Map<string, RecordedRequest[]>();
const mostExchanges = 3_000;

const startOf = async (connector: Connector, options?: StandOptions): Promise<Stand> => {
  const { startStand } = (await import(`../../connectors/${connector.id}/stand.ts`)) as {
    startStand: StartStand;
  };
  const stand = await startStand(options);
  onTestFinished(async () => {
    const kept = exchanged.get(connector.id) ?? [];
    const calls = stand.sandbox.requests.filter(({ fault }) => fault === null);
    exchanged.set(connector.id, [...kept, ...calls].slice(-mostExchanges));
    await stand.sandbox.close();
  });
  return stand;
};

interface Using {
  timeoutMs?: number;
  credentials?: VendorCredentials;
}
function httpOf(connector: Connector, stand: Stand, using: Using = {}): VendorHttp {
  const { tokenOf = (secrets) => secrets.accessToken ?? '' } = connector.auth;
  return createVendorHttp({
    connector: using.timeoutMs === undefined ? connector : { ...connector, timeoutMs: using.timeoutMs },
    settings: stand.settings,
    credentials: using.credentials ?? { accessToken: async () => tokenOf(stand.secrets) },
    baseUrlOverride: stand.sandbox.url,
    limiter: unlimited,
    allowLoopback: true,
  });
}

interface Reading {
  entries: SourceEntry[];
  unreadable: { position: string; raw: string; reason: string }[];
  deleted: string[];
  checkpoint: string | null;
}
async function gather(pages: AsyncIterable<EntryPage>): Promise<Reading> {
  const reading: Reading = { entries: [], unreadable: [], deleted: [], checkpoint: null };
  for await (const page of pages) {
    reading.entries.push(...page.entries);
    reading.unreadable.push(...page.unreadable);
    reading.deleted.push(...(page.deleted ?? []));
    reading.checkpoint = page.checkpoint ?? reading.checkpoint;
  }
  return reading;
}

const today = (stand: Stand): Day => stand.now().slice(0, 10);
/** Fortnight to today: within every platform's limits of one query. */
const windowOf = (stand: Stand) => [addDays(today(stand), -14), addDays(today(stand), 1)] as const;
/** What a poll reads: the feed of changes, or the window where there is none. */
function poll({ timeSource }: Connector, stand: Stand, http: VendorHttp, checkpoint: string | null = null) {
  return gather(timeSource!.changedSince?.(http, checkpoint) ?? timeSource!.window(http, ...windowOf(stand)));
}
const reread = ({ timeSource }: Connector, stand: Stand, http: VendorHttp) =>
  gather(timeSource!.window(http, ...windowOf(stand)));
const idsOf = ({ entries }: Reading) => [...new Set(entries.map((entry) => entry.externalId))].sort();

/** Runs the case, or says in its name that it is not applicable. */
function testWhere(applies: boolean, name: string, work: () => Promise<void>): void {
  if (applies) test(name, work);
  else test.skip(`not applicable: ${name}`, work);
}

function describeWhere(applies: boolean, name: string, cases: () => void): void {
  if (applies) describe(name, cases);
  else test.skip(`not applicable: ${name}`, () => {});
}

/** What the stand offers is only known when it runs; a connector's own data decides before that. */
const standsOf = new Map(
  await Promise.all(
    called.map(async (connector) => {
      const { startStand } = (await import(`../../connectors/${connector.id}/stand.ts`)) as {
        startStand: StartStand;
      };
      const stand = await startStand();
      await stand.sandbox.close();
      return [connector.id, stand] as const;
    }),
  ),
);

describe.each(called.map((connector) => [connector.id, connector] as const))('%s', (id, connector) => {
  const shown = standsOf.get(id)!;
  const isSource = connector.timeSource !== undefined;
  const isTarget = connector.invoiceTarget !== undefined;
  const start = (options?: StandOptions) => startOf(connector, options);
  /** The cheapest reading of what the connector is for. */
  const read = async (stand: Stand, using?: Using): Promise<unknown> => {
    const http = httpOf(connector, stand, using);
    if (isSource) return poll(connector, stand, http);
    for await (const page of connector.invoiceTarget!.paymentsSince(http, null)) void page;
    return null;
  };
  /** Something to read, so that an idle poll's short cut is not what is tested. */
  const seed = (stand: Stand) => void stand.time?.add({ day: addDays(today(stand), -2), seconds: 3_600 });

  test('its stand has a hand for what the connector can', () => {
    expect(isSource).toBe(shown.time !== undefined);
    expect(isTarget).toBe(shown.books !== undefined);
    if (connector.auth.oauth?.grants.includes('authorization_code')) expect(shown.oauth).toBeDefined();
    if (connector.webhooks) expect(shown.webhooks).toBeDefined();
    if (connector.billedMarks) expect(shown.time && 'billed' in shown.time).toBe(true);
  });

  test('proves its sign-in and names the account', async () => {
    const stand = await start();
    const { account } = await connector.test(httpOf(connector, stand));
    expect(account.trim()).not.toBe('');
  });

  describe('failures', () => {
    test.each([
      ['403', { kind: 'status', status: 403 }, AuthorizationLost],
      ['404', { kind: 'status', status: 404 }, InvalidRequest],
      ['500', { kind: 'status', status: 500 }, Unavailable],
      ['502 with a web page', { kind: 'status', status: 502, body: '<html>Bad gateway</html>' }, Unavailable],
      ['an answer that is cut off', { kind: 'broken_json' }, Unavailable],
      ['a line that is cut', { kind: 'drop' }, Unavailable],
      ['an empty object', { kind: 'status', status: 200, body: {} }, Unavailable],
      ['a message under 200', { kind: 'status', status: 200, body: { message: 'sorry' } }, Unavailable],
    ] as const)('%s is told apart from "nothing there"', async (_, fault, kind) => {
      const stand = await start();
      seed(stand);
      stand.sandbox.fault({ ...fault, times: 1 } as Fault);
      const error = await failureOf(read(stand));
      expect(error).toBeInstanceOf(kind);
      expect((error as VendorError).connector).toBe(id);
      expect((error as Error).message).toContain(connector.name);
      for (const secret of Object.values(stand.secrets))
        expect((error as Error).message).not.toContain(secret);
      await read(stand);
    });

    test('401 once: a new token, and on it goes', async () => {
      const stand = await start();
      seed(stand);
      stand.sandbox.fault({ kind: 'status', status: 401, times: 1 });
      const { tokenOf = (secrets) => secrets.accessToken ?? '' } = connector.auth;
      let refreshes = 0;
      const accessToken = async () => tokenOf(stand.secrets);
      const refresh = async () => {
        refreshes += 1;
        return tokenOf(stand.secrets);
      };
      await read(stand, { credentials: { accessToken, refresh } });
      expect(refreshes).toBe(1);
    });

    test('401 for good: the sign-in is lost', async () => {
      const stand = await start();
      stand.revoke();
      expect(await failureOf(read(stand))).toBeInstanceOf(AuthorizationLost);
    });

    test('each kind of "slow down" names its wait, and nothing is lost', async () => {
      expect(shown.throttles.length).toBeGreaterThan(0);
      for (const index of shown.throttles.keys()) {
        const stand = await start();
        seed(stand);
        const { name, fault, waitMs } = stand.throttles[index]!;
        stand.sandbox.fault({ ...fault, times: 1 });
        const error = await failureOf(read(stand));
        expect(error, name).toBeInstanceOf(Throttled);
        const { retryAfterMs } = error as Throttled;
        const least = waitMs ?? connector.throttleMs;
        expect(retryAfterMs, name).toBeGreaterThanOrEqual(Math.min(least, 900_000));
        expect(retryAfterMs, name).toBeLessThan(least * 1.3 + 6_000);
        await read(stand);
      }
    });

    test('no answer in time is given up', async () => {
      const stand = await start();
      stand.sandbox.fault({ kind: 'hang', times: 1 });
      expect(await failureOf(read(stand, { timeoutMs: 200 }))).toBeInstanceOf(Unavailable);
    });

    testWhere(shown.endless !== undefined, 'a list without end is stopped', async () => {
      const stand = await start();
      for (let n = 0; n < 3 && stand.time; n += 1) seed(stand);
      stand.endless!();
      expect(await failureOf(read(stand))).toBeInstanceOf(InvalidRequest);
    });
  });

  describeWhere(isSource, 'as a source of time', () => {
    const source: TimeSource = connector.timeSource!;
    const yesterday = (stand: Stand) => addDays(today(stand), -1);

    test('nothing there is a success', async () => {
      const stand = await start();
      expect(await poll(connector, stand, httpOf(connector, stand))).toMatchObject({
        entries: [],
        unreadable: [],
      });
    });

    test('all pages are read, each entry once', async () => {
      const stand = await start();
      const ids = stand.time!.addMany(stand.pageSize * 2 + 1, addDays(today(stand), -13));
      stand.later(60);
      const reading = await poll(connector, stand, httpOf(connector, stand));
      expect(idsOf(reading)).toEqual([...new Set(ids)].sort());
      expect(reading.entries).toHaveLength(new Set(ids).size);
      expect(reading.unreadable).toEqual([]);
      if (source.changedSince) expect(reading.checkpoint).not.toBeNull();
    });

    test('rows that shift over a page boundary are none the less all there', async () => {
      const stand = await start();
      const ids = stand.time!.addMany(stand.pageSize * 2 + 1, addDays(today(stand), -13));
      stand.later(60);
      const http = httpOf(connector, stand);
      const seen = new Set<string>();
      let pages = 0;
      const listed = source.changedSince?.(http, null) ?? source.window(http, ...windowOf(stand));
      for await (const page of listed) {
        for (const { externalId } of page.entries) seen.add(externalId);
        pages += 1;
        // Somebody writes an entry down while we read.
        if (pages === 1) stand.time!.add({ day: addDays(today(stand), -14), seconds: 3_600 });
      }
      for (const externalId of ids) expect(seen).toContain(externalId);
    });

    test('says of an entry what was written down', async () => {
      const stand = await start();
      const seconds = stand.time!.step === 1 ? 5_431 : stand.time!.step * 150;
      const wanted = {
        day: yesterday(stand),
        seconds,
        person: { name: 'Ines Roth', email: 'ines@nordwerft.example' },
        client: 'Nordlicht GmbH',
        project: { name: 'Hull refit' },
        notes: 'Rework of import job',
      };
      const entryId = stand.time!.add(wanted);
      stand.later(60);
      const { entries } = await poll(connector, stand, httpOf(connector, stand));
      expect(entries).toHaveLength(1);
      const [entry] = entries;
      // Exact units: a duration is neither minutes taken for seconds nor hours with a lost hundredth.
      expect(entry).toMatchObject({
        externalId: entryId,
        kind: 'labor',
        workDate: wanted.day,
        quantity: seconds,
        billable: true,
        running: false,
      });
      expect(entry!.person).toMatchObject({ name: 'Ines Roth' });
      expect(entry!.project).toMatchObject({ name: 'Hull refit' });
      if (source.tellsApproval) expect(entry!.approval).toBe('approved');
    });

    test('an entry of 23:30 local stays on its day', async () => {
      for (const zone of ['America/Los_Angeles', 'Asia/Tokyo']) {
        const stand = await start();
        const day = addDays(today(stand), -3);
        const entryId = stand.time!.add({ day, seconds: 1_800, startsAt: '23:30', zone });
        stand.later(60);
        const { entries } = await reread(connector, stand, httpOf(connector, stand));
        expect(entries.find((entry) => entry.externalId === entryId)?.workDate, zone).toBe(day);
      }
    });

    test('one malformed row among good ones is quarantined', async () => {
      const stand = await start();
      const good = [1, 2].map(() => stand.time!.add({ day: yesterday(stand), seconds: 3_600 }));
      const position = stand.time!.addMalformed(yesterday(stand));
      stand.later(60);
      const reading = await reread(connector, stand, httpOf(connector, stand));
      expect(idsOf(reading)).toEqual([...new Set(good)].sort());
      expect(reading.unreadable).toHaveLength(1);
      expect(reading.unreadable[0]).toMatchObject({ position });
      expect(reading.unreadable[0]!.raw).not.toBe('');
      expect(reading.unreadable[0]!.reason).toMatch(/^[a-z0-9_]+\.[a-z0-9_]+$/);
    });

    testWhere(
      shown.time?.addUnknownWord !== undefined,
      'a word nobody has documented loses nothing',
      async () => {
        const stand = await start();
        const entryId = stand.time!.addUnknownWord!(yesterday(stand));
        stand.later(60);
        const reading = await reread(connector, stand, httpOf(connector, stand));
        expect([...idsOf(reading), ...reading.unreadable.map(({ position }) => position)]).toEqual([entryId]);
      },
    );

    testWhere(source.changedSince !== undefined, 'then only what changed is read', async () => {
      const stand = await start();
      const days = [-4, -3, -2].map((back) => addDays(today(stand), back));
      const [first, second] = days.map((day) => {
        const entryId = stand.time!.add({ day, seconds: 3_600 });
        stand.later(6 * 60);
        return entryId;
      });
      stand.later(24 * 60);
      const http = httpOf(connector, stand);
      const { checkpoint } = await poll(connector, stand, http);
      expect(checkpoint).not.toBeNull();
      stand.later(24 * 60);
      stand.time!.change(second!, { seconds: 7_200, notes: 'changed' });
      stand.later(60);
      const later = await poll(connector, stand, http, checkpoint);
      expect(later.entries.find((entry) => entry.externalId === second)).toMatchObject({ quantity: 7_200 });
      expect(idsOf(later)).not.toContain(first);
    });

    test('a changed entry, and one that moved to another day, are found', async () => {
      const stand = await start();
      const entryId = stand.time!.add({ day: addDays(today(stand), -5), seconds: 3_600 });
      stand.time!.change(entryId, { seconds: 7_200, day: addDays(today(stand), -4) });
      stand.later(60);
      const { entries } = await reread(connector, stand, httpOf(connector, stand));
      expect(entries.reduce((sum, entry) => sum + entry.quantity, 0)).toBe(7_200);
      expect(entries.map((entry) => entry.workDate)).toEqual([addDays(today(stand), -4)]);
    });

    test('a deleted entry is gone from the window, and asked for it the vendor says so', async () => {
      const stand = await start();
      const kept = stand.time!.add({ day: addDays(today(stand), -2), seconds: 3_600 });
      const gone = stand.time!.add({ day: addDays(today(stand), -3), seconds: 3_600, task: 'Paint' });
      stand.later(60);
      const http = httpOf(connector, stand);
      const { checkpoint } = await poll(connector, stand, http);
      stand.later(60);
      stand.time!.remove(gone);
      stand.later(60);
      expect(idsOf(await reread(connector, stand, http))).toEqual([kept]);
      expect(await source.readEntry(http, gone)).toBeNull();
      expect((await source.readEntry(http, kept))?.externalId).toBe(kept);
      if (source.tellsDeletions)
        expect((await poll(connector, stand, http, checkpoint)).deleted).toContain(gone);
    });

    test('a back-dated entry of before the window is found by the re-scan of its days', async () => {
      const stand = await start();
      const day = addDays(today(stand), -60);
      const entryId = stand.time!.add({ day, seconds: 3_600 });
      stand.later(60);
      const http = httpOf(connector, stand);
      const found = await gather(source.window(http, addDays(day, -3), addDays(day, 3)));
      expect(idsOf(found)).toEqual([entryId]);
    });

    testWhere(shown.time?.startTimer !== undefined, 'a running timer is never finished work', async () => {
      const stand = await start();
      const entryId = stand.time!.startTimer!({ day: today(stand) });
      const { entries, unreadable } = await reread(connector, stand, httpOf(connector, stand));
      expect(unreadable).toEqual([]);
      const running = entries.filter((entry) => entry.externalId === entryId);
      expect(running.every((entry) => entry.running)).toBe(true);
    });

    testWhere(shown.time?.withdraw !== undefined, 'an approval that is taken back shows', async () => {
      const stand = await start();
      const entryId = stand.time!.add({ day: addDays(today(stand), -2), seconds: 3_600 });
      stand.later(60);
      const http = httpOf(connector, stand);
      await poll(connector, stand, http);
      stand.later(60);
      stand.time!.withdraw!(entryId);
      stand.later(60);
      const { entries } = await reread(connector, stand, http);
      const found = entries.find((entry) => entry.externalId === entryId);
      expect(found?.approval ?? 'absent').not.toBe('approved');
    });

    test('a failure in the middle of the pages moves no checkpoint past what was read', async () => {
      const stand = await start();
      const ids = stand.time!.addMany(stand.pageSize * 2 + 1, addDays(today(stand), -13));
      stand.later(60);
      const http = httpOf(connector, stand);
      const listed = source.changedSince?.(http, null) ?? source.window(http, ...windowOf(stand));
      let checkpoint: string | null = null;
      const error = await failureOf(
        (async () => {
          for await (const page of listed) {
            checkpoint = page.checkpoint ?? checkpoint;
            stand.sandbox.fault({ kind: 'status', status: 500, times: 1 });
          }
        })(),
      ).catch(() => null);
      stand.sandbox.clearFaults();
      // A connector that reads all in one page has nothing to be interrupted in.
      if (error !== null) expect(error).toBeInstanceOf(Unavailable);
      const again = await poll(connector, stand, http, checkpoint);
      if (checkpoint === null) expect(idsOf(again)).toEqual([...new Set(ids)].sort());
    });

    testWhere(
      connector.billedMarks !== undefined,
      'marks entries as billed, twice without harm, and takes it back',
      async () => {
        const stand = await start();
        const ids = [2, 3].map((back) =>
          stand.time!.add({ day: addDays(today(stand), -back), seconds: 3_600 }),
        );
        const http = httpOf(connector, stand);
        for (let n = 0; n < 2; n += 1)
          expect(await connector.billedMarks!.mark(http, ids, true)).toEqual({ done: ids, refused: [] });
        expect([...stand.time!.billed!()].sort()).toEqual([...ids].sort());
        await connector.billedMarks!.mark(http, ids.slice(0, 1), false);
        expect(stand.time!.billed!()).toEqual(ids.slice(1));
      },
    );

    testWhere(connector.lookUps !== undefined, 'lists what can be mapped', async () => {
      const stand = await start();
      stand.time!.add({
        day: yesterday(stand),
        seconds: 3_600,
        person: { name: 'Ines Roth', email: 'ines@nordwerft.example' },
        project: { name: 'Hull refit' },
      });
      const http = httpOf(connector, stand);
      for (const [kind, list] of Object.entries(connector.lookUps!)) {
        const names: string[] = [];
        for await (const records of list(http)) names.push(...records.map(({ name }) => name));
        if (kind === 'person') expect(names).toContain('Ines Roth');
        if (kind === 'project') expect(names).toContain('Hull refit');
      }
    });
  });

  describeWhere(isTarget, 'as a target of invoices', () => {
    const target = connector.invoiceTarget!;
    const open = async () => {
      const stand = await start();
      const http = httpOf(connector, stand);
      const party = { name: "O'Brien: Yachts Ltd", email: 'ap@obrien.example', currency: 'USD' };
      const customer = await target.customers.create(http, party, crypto.randomUUID());
      expect(await target.customers.find(http, party)).toBe(customer);
      const item = await target.items.create(http, { name: 'Hull work' }, crypto.randomUUID());
      expect(await target.items.find(http, { name: 'Hull work' })).toBe(item);
      return { stand, http, invoice: anInvoice(customer, item, today(stand)) };
    };

    test('an unknown customer, item and invoice are not there', async () => {
      const { http, invoice } = await open();
      expect(await target.customers.find(http, { name: 'Nobody', email: null, currency: 'USD' })).toBeNull();
      expect(await target.items.find(http, { name: 'Nothing' })).toBeNull();
      expect(await target.invoices.find(http, invoice)).toBeNull();
      expect(await target.readInvoice(http, '99999999')).toBeNull();
    });

    test('an invoice is booked to the cent and found again by our key', async () => {
      const { stand, http, invoice } = await open();
      const booked = await target.invoices.create(http, invoice, invoice.key);
      expect(booked).toMatchObject({ number: invoice.number, net: '2850.10', tax: '0.00', total: '2850.10' });
      expect(await target.invoices.find(http, invoice)).toEqual(booked);
      expect(await target.readInvoice(http, booked.externalId)).toMatchObject({ total: '2850.10' });
      expect(stand.books!.invoices()).toMatchObject([{ number: invoice.number, total: '2850.10' }]);
    });

    test('an answer that is lost after the booking: looked for, found, never booked twice', async () => {
      const { stand, http, invoice } = await open();
      stand.sandbox.fault({
        kind: 'commit_then_drop',
        times: 1,
        match: (method) => method === 'POST' || method === 'PUT',
      });
      expect(await failureOf(target.invoices.create(http, invoice, invoice.key))).toBeInstanceOf(Unavailable);
      const found = await target.invoices.find(http, invoice);
      expect(found).toMatchObject({ number: invoice.number, total: '2850.10' });
      expect(stand.books!.invoices()).toHaveLength(1);
    });

    test('another document under our number is told apart', async () => {
      const { stand, http, invoice } = await open();
      await stand.books!.takeNumber(invoice.number);
      const outcome = await target.invoices.find(http, invoice).then(
        (found) => found,
        (problem: unknown) => problem,
      );
      if (outcome !== null) expect(outcome).toBeInstanceOf(InvalidRequest);
      else
        expect(await failureOf(target.invoices.create(http, invoice, invoice.key))).toBeInstanceOf(
          InvalidRequest,
        );
      expect(stand.books!.invoices().filter(({ total }) => total === '2850.10')).toEqual([]);
    });

    test('a number that is too long is known before it is sent', () => {
      expect(target.numberMaxLength).toBeGreaterThan(5);
    });

    test('payments are read back once, and their removal too', async () => {
      const { stand, http, invoice } = await open();
      const { externalId } = await target.invoices.create(http, invoice, invoice.key);
      stand.later(60);
      const paymentId = stand.books!.pay(externalId, '1000.10', today(stand));
      stand.later(60);
      const gatherPayments = async (checkpoint: string | null) => {
        const payments = [];
        let reached = checkpoint;
        for await (const page of target.paymentsSince(http, checkpoint)) {
          payments.push(...page.payments);
          reached = page.checkpoint ?? reached;
        }
        return { payments, reached };
      };
      const first = await gatherPayments(null);
      expect(first.payments).toMatchObject([
        {
          externalId: paymentId,
          amount: '1000.10',
          valueDate: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
          applications: [{ invoiceExternalId: externalId, amount: '1000.10' }],
          deleted: false,
        },
      ]);
      expect(await target.readInvoice(http, externalId)).toMatchObject({
        status: 'partially_paid',
        balance: '1850.00',
      });
      stand.later(60);
      stand.books!.removePayment(paymentId);
      stand.later(60);
      const second = await gatherPayments(first.reached);
      expect(second.payments.filter((payment) => payment.externalId === paymentId)).toMatchObject([
        { deleted: true, amount: '0.00', applications: [] },
      ]);
    });

    describeWhere(target.paymentLinks !== undefined, 'the page at which its client pays', () => {
      const links = target.paymentLinks!;
      const booked = async () => {
        const { stand, http, invoice } = await open();
        const { externalId } = await target.invoices.create(http, invoice, invoice.key);
        const read = (allowLoopback = false) => readPaymentLink(links, http, externalId, { allowLoopback });
        return { stand, http, invoice, externalId, read };
      };

      test('leads to the vendor, and a payment made there is read back', async () => {
        const { stand, http, externalId, read } = await booked();
        const link = await read(true);
        expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
        // Loopback, and without TLS, is for stand-ins only.
        expect(await read()).toBeNull();
        stand.later(60);
        expect((await fetch(link!, { method: 'POST' })).status).toBe(200);
        // A page for people: no schema describes it.
        stand.sandbox.requests.pop();
        expect(await target.readInvoice(http, externalId)).toMatchObject({ status: 'paid', balance: '0.00' });
        const paid = [];
        for await (const page of target.paymentsSince(http, null)) paid.push(...page.payments);
        expect(paid).toMatchObject([
          { amount: '2850.10', applications: [{ invoiceExternalId: externalId, amount: '2850.10' }] },
        ]);
      });

      test('is an https address of the vendor’s own, and nothing else is one', async () => {
        const { stand, externalId, read } = await booked();
        const { payPages } = stand.books!;
        for (const domain of links.domains) {
          payPages!.says(externalId, `https://pay.${domain}/i/7Hq2?to=1`);
          expect(await read()).toMatch(new RegExp(`^https://pay\\.${domain.replaceAll('.', '\\.')}/`));
        }
        const [domain] = links.domains;
        for (const said of [
          `http://pay.${domain}/i/7Hq2`,
          `javascript://pay.${domain}/%0aalert(1)`,
          'data:text/html,<script>alert(1)</script>',
          `https://${domain}.attacker.example/i/7Hq2`,
          `https://not${domain}/i/7Hq2`,
          `https://${domain}@attacker.example/i/7Hq2`,
          `https://user:word@pay.${domain}/i/7Hq2`,
          'https://169.254.169.254/latest',
          'pay here',
          '',
          42,
          { url: `https://pay.${domain}/i/7Hq2` },
          null,
          undefined,
        ]) {
          payPages!.says(externalId, said);
          expect.soft(await read(true), JSON.stringify(said)).toBeNull();
        }
        // Said against the vendor's own schema.
        stand.sandbox.requests.length = 0;
      });

      testWhere(
        shown.books?.payPages?.takesPayments !== undefined,
        'is not told where the firm takes no payments online there',
        async () => {
          const { stand, read } = await booked();
          stand.books!.payPages!.takesPayments!(false);
          expect(await read(true)).toBeNull();
        },
      );

      test('of an invoice that is not there: none', async () => {
        const { http } = await open();
        expect(await readPaymentLink(links, http, '99999999', { allowLoopback: true })).toBeNull();
      });

      test('a sign-in that ended and a vendor that throttles are said, as of any read', async () => {
        const { stand, read } = await booked();
        for (const { fault, waitMs } of stand.throttles) {
          stand.sandbox.fault({ ...fault, times: 1 });
          const failure = await failureOf(read(true));
          expect(failure).toBeInstanceOf(Throttled);
          const least = Math.min(waitMs ?? connector.throttleMs, 900_000);
          expect((failure as Throttled).retryAfterMs).toBeGreaterThanOrEqual(least);
        }
        stand.revoke();
        expect(await failureOf(read(true))).toBeInstanceOf(AuthorizationLost);
      });
    });

    testWhere(target.voidInvoice !== undefined, 'a void is carried over, and twice is once', async () => {
      const { stand, http, invoice } = await open();
      const booked = await target.invoices.create(http, invoice, invoice.key);
      await target.voidInvoice!(http, booked, crypto.randomUUID());
      const after = await target.readInvoice(http, booked.externalId);
      expect(after === null || after.status === 'void').toBe(true);
      await target.voidInvoice!(http, after ?? booked, crypto.randomUUID());
      expect(stand.books!.invoices().filter(({ status }) => status !== 'void')).toEqual([]);
    });

    test('a void that somebody made there shows', async () => {
      const { stand, http, invoice } = await open();
      const booked = await target.invoices.create(http, invoice, invoice.key);
      stand.books!.void(booked.externalId);
      const after = await target.readInvoice(http, booked.externalId);
      expect(after === null || after.status === 'void').toBe(true);
    });

    test('declines name their reason', () => {
      for (const reason of Object.values(target.declines)) expect(reason.length).toBeGreaterThan(10);
    });

    testWhere(target.creditNotes !== undefined, 'a credit note is booked once', async () => {
      const { stand, http, invoice } = await open();
      const booked = await target.invoices.create(http, invoice, invoice.key);
      const note = { ...invoice, key: crypto.randomUUID(), number: 'NW-C-0001', invoice: booked };
      const created = await target.creditNotes!.create(http, note, note.key);
      expect(created.total).toBe('2850.10');
      expect(await target.creditNotes!.find(http, note)).toMatchObject({ externalId: created.externalId });
      expect(stand.books!.creditNotes()).toMatchObject([{ total: '2850.10' }]);
    });

    testWhere(target.bills !== undefined, 'a bill of a contractor is booked once', async () => {
      const { stand, http, invoice } = await open();
      const vendor = await target.vendors!.create(
        http,
        { name: 'Cora Contractor', email: null, currency: 'USD' },
        crypto.randomUUID(),
      );
      const bill = {
        ...invoice,
        key: crypto.randomUUID(),
        number: 'CI-0001',
        vendor: { externalId: vendor },
      };
      const created = await target.bills!.create(http, bill, bill.key);
      expect(created.total).toBe('2850.10');
      expect(await target.bills!.find(http, bill)).toMatchObject({ externalId: created.externalId });
      expect(stand.books!.bills()).toMatchObject([{ total: '2850.10' }]);
    });
  });

  describeWhere(connector.webhooks !== undefined, 'its webhooks', () => {
    const webhooks = connector.webhooks!;
    const secret = 'whsec-4b1e9c0d7a';
    const subject = { externalId: '4711', change: 'updated' } as const;
    const deliver = (stand: Stand, secretOf = secret) => {
      const delivery = stand.webhooks!.delivery(subject, secretOf, stand.now());
      return { ...delivery, rawBody: new Uint8Array(delivery.rawBody) };
    };

    test('a good one is taken and says what it is about', async () => {
      const stand = await start();
      const delivery = deliver(stand);
      expect(webhooks.verify(delivery, secret)).toBe(true);
      expect(webhooks.events(delivery).length).toBeGreaterThan(0);
    });

    test('a forged one is refused: another secret, none, or another body', async () => {
      const stand = await start();
      const delivery = deliver(stand);
      expect(webhooks.verify(deliver(stand, 'another secret 123'), secret)).toBe(false);
      expect(webhooks.verify(delivery, '')).toBe(false);
      expect(webhooks.verify({ ...delivery, headers: {}, query: {} }, secret)).toBe(false);
      if (!stand.webhooks!.bodyUnsigned) {
        const rawBody = Uint8Array.from(delivery.rawBody);
        rawBody[rawBody.length - 2] = (rawBody.at(-2)! ^ 1) & 0x7f;
        expect(webhooks.verify({ ...delivery, rawBody }, secret)).toBe(false);
      }
    });

    test('a replayed one is known by its id, its body, or its age', async () => {
      const stand = await start();
      const delivery = deliver(stand);
      expect(webhooks.deliveryId(delivery)).toBe(webhooks.deliveryId(delivery));
      if (webhooks.replayWindow)
        expect(webhooks.replayWindow.signedAt(delivery)).toMatch(/^\d{4}-\d{2}-\d{2}T/);
    });

    test('one of an unknown kind does not pass in silence', async () => {
      const stand = await start();
      const unknown = stand.webhooks!.unknown(secret);
      expect(webhooks.verify(unknown, secret)).toBe(true);
      expect(() => webhooks.events(unknown)).toThrow(InvalidRequest);
      expect(() => webhooks.events({ ...unknown, rawBody: Buffer.from('{"half":') })).toThrow(InvalidRequest);
    });

    testWhere(
      webhooks?.subscribe !== undefined,
      'are subscribed and unsubscribed, twice without harm',
      async () => {
        const stand = await start();
        const http = httpOf(connector, stand);
        const url = 'https://hub.example/api/v1/webhooks/0199';
        const subscriptions = await webhooks.subscribe!(http, { url, secret });
        expect(stand.webhooks!.subscriptions().map((subscription) => subscription.url)).toContain(url);
        for (let n = 0; n < 2; n += 1)
          for (const { externalId } of subscriptions) await webhooks.unsubscribe!(http, externalId);
        expect(stand.webhooks!.subscriptions()).toEqual([]);
      },
    );

    test('can be set up: by us, or by a person who is told how', () => {
      expect(webhooks.subscribe !== undefined || (webhooks.setUp ?? '').length > 20).toBe(true);
    });
  });

  describeWhere(
    connector.auth.oauth !== undefined && shown.oauth !== undefined,
    'its sign-in by OAuth 2',
    () => {
      const oauth = connector.auth.oauth!;
      const callsOf = (stand: Stand) =>
        openOAuth({
          connector,
          settings: stand.settings,
          clientId: stand.secrets.clientId,
          clientSecret: stand.secrets.clientSecret,
          baseUrlOverride: stand.sandbox.url,
          rules: { allowLoopback: true, allowedHosts: [] },
        });
      const readWith = (stand: Stand, accessToken: string) =>
        read(stand, { credentials: { accessToken: async () => accessToken } });

      testWhere(
        oauth.grants.includes('authorization_code'),
        'consent, code, tokens, and reading with them',
        async () => {
          const stand = await start();
          const calls = callsOf(stand);
          const consent = {
            redirectUrl: 'https://hub.example/api/v1/oauth/callback',
            state: randomText(),
            verifier: randomText(),
            nonce: randomText(),
          };
          const given = stand.oauth!.consent(calls.authorizeUrl(consent));
          expect(given.state).toBe(consent.state);
          // A code that somebody else took is worth nothing without our verifier.
          const stolen = stand.oauth!.consent(calls.authorizeUrl(consent));
          const withoutVerifier = calls.exchangeCode(stolen.code, { ...consent, verifier: randomText() });
          expect(await failureOf(withoutVerifier)).toBeInstanceOf(AuthorizationLost);
          const tokens = await calls.exchangeCode(given.code, consent);
          expect(tokens.refreshToken).not.toBeNull();
          expect(tokens.lifeMs).toBeGreaterThan(0);
          stand.oauth!.expire();
          const fresh = await calls.refresh(tokens.refreshToken!, consent.redirectUrl);
          await readWith(stand, fresh.accessToken);
          expect(await failureOf(calls.exchangeCode(given.code, consent))).toBeInstanceOf(AuthorizationLost);
        },
      );

      test('an access token that ended is exchanged for another', async () => {
        const stand = await start();
        seed(stand);
        const calls = callsOf(stand);
        stand.oauth!.expire();
        expect(await failureOf(read(stand))).toBeInstanceOf(AuthorizationLost);
        let token = 'ended';
        const refresh = async () => {
          token = (await calls.refresh(stand.oauth!.currentRefreshToken(), null)).accessToken;
          return token;
        };
        await read(stand, { credentials: { accessToken: async () => token, refresh } });
        expect(stand.oauth!.refreshes()).toBe(1);
      });

      testWhere(
        oauth.rotates,
        'a used refresh token is followed by another, and dies where the vendor says so',
        async () => {
          const stand = await start();
          const calls = callsOf(stand);
          const used = stand.oauth!.currentRefreshToken();
          const next = await calls.refresh(used, null);
          expect(next.refreshToken).toBe(stand.oauth!.currentRefreshToken());
          expect(next.refreshToken).not.toBe(used);
          const again = calls.refresh(used, null);
          if (oauth.graceMs) await again;
          else expect(await failureOf(again)).toBeInstanceOf(AuthorizationLost);
          await calls.refresh(stand.oauth!.currentRefreshToken(), null);
        },
      );

      testWhere(
        oauth.revokeUrl !== undefined,
        'is ended there when we disconnect, twice without harm',
        async () => {
          const stand = await start();
          const calls = callsOf(stand);
          const { accessToken, refreshToken } = await calls.refresh(stand.oauth!.currentRefreshToken(), null);
          const token = refreshToken ?? stand.oauth!.currentRefreshToken();
          expect(await calls.revoke(token)).toBe(true);
          expect(stand.oauth!.revoked()).toBe(true);
          expect(await failureOf(readWith(stand, accessToken))).toBeInstanceOf(AuthorizationLost);
          expect(await calls.revoke(token)).toBe(true);
        },
      );

      test('a wrong client secret is said, and not shown', async () => {
        const stand = await start();
        const calls = openOAuth({
          connector,
          settings: stand.settings,
          clientId: stand.secrets.clientId ?? 'slipway-app',
          clientSecret: 'not-the-secret',
          baseUrlOverride: stand.sandbox.url,
          rules: { allowLoopback: true, allowedHosts: [] },
        });
        const error = await failureOf(calls.refresh(stand.oauth!.currentRefreshToken(), null));
        expect(error).toBeInstanceOf(AuthorizationLost);
        expect((error as Error).message).not.toContain('not-the-secret');
      });

      testWhere(connector.accounts !== undefined, 'names the accounts that it reaches', async () => {
        const stand = await start();
        const accounts = await connector.accounts!(httpOf(connector, stand));
        expect(accounts.length).toBeGreaterThan(0);
        for (const { externalId, name, settings } of accounts) {
          expect(externalId).not.toBe('');
          expect(name).not.toBe('');
          expect(Object.keys(settings).length).toBeGreaterThan(0);
        }
      });
    },
  );

  const schemas = readVendorSchemas(id);
  // Standards describe these, not the vendor's schema.
  const signInPaths = new Set(
    [connector.auth.oauth?.tokenUrl, connector.auth.oauth?.revokeUrl].flatMap((urlOf) =>
      urlOf ? [new URL(urlOf(shown.settings)).pathname] : [],
    ),
  );
  testWhere(
    schemas !== null,
    schemas === null
      ? 'what is sent and read agrees with the vendor’s schema (which does not lie beside the checkout, or there is none)'
      : 'what is sent and read agrees with the vendor’s schema',
    async () => {
      if (!exchanged.has(id)) await read(await start());
      const problems = new Set(
        (exchanged.get(id) ?? [])
          .filter(({ path }) => !signInPaths.has(path))
          .flatMap((exchange) => schemas!.problemsOf(exchange)),
      );
      const known = shown.schemaDiffers ?? [];
      const others = [...problems].filter((problem) => !known.some(({ about }) => about.test(problem)));
      expect(others).toEqual([]);
    },
  );
});

function anInvoice(customer: string, item: string, on: Day): TargetInvoice {
  return {
    key: crypto.randomUUID(),
    number: 'NW-26-0042',
    customer: { externalId: customer },
    currency: 'USD',
    issueDate: on,
    dueDate: addDays(on, 30),
    email: 'ap@obrien.example',
    lines: [
      {
        description: 'Hull refit',
        itemExternalId: item,
        quantity: '35.50',
        unitPrice: '80.00',
        amount: '2840.00',
        serviceDate: on,
        taxCode: null,
      },
      {
        description: 'A tenth of an hour of paint',
        itemExternalId: item,
        quantity: '0.10',
        unitPrice: '101.00',
        amount: '10.10',
        serviceDate: on,
        taxCode: null,
      },
    ],
    net: '2850.10',
    tax: '0.00',
    total: '2850.10',
  };
}
