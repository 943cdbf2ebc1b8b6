/**
 * Owns the way of a payment link: told by the platform once the invoice is there, shown to the client wherever they see the
 * invoice, paid at, and gone. It never holds up or fails the push.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connectors } from '../../connectors/kit/registry.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { makeMember } from '../support/make-member.ts';
import { openPair, type Pair } from '../support/pair.ts';
import { readPdfLinks } from '../support/pdf-links.ts';
import type { ShownInvoice } from '../support/spine.ts';
import type { TestWorkspace } from '../support/workspace.ts';

const targets = [...connectors.values()]
  .filter(({ invoiceTarget }) => invoiceTarget?.paymentLinks)
  .map(({ id }) => id);

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ vendorTimeoutMs: 10_000 });
});
afterAll(() => hub.stop());

type Linked = ShownInvoice & { paymentLink: string | null };
interface Scene {
  at: TestWorkspace;
  pair: Pair;
  /** Of the only invoice: 350.00 dollars. */
  issued: () => Promise<Linked>;
  now: () => Promise<Linked>;
  /** With its link, a moment after the push was acknowledged. */
  linked: () => Promise<Linked>;
  mails: (kind: string) => Promise<{ html: string; text: string }[]>;
  page: () => Promise<string>;
  /** Where the links of the kept PDF lead. */
  pdfLinks: () => Promise<string[]>;
}

async function openScene(to: string, ownership: Record<string, unknown> = {}): Promise<Scene> {
  const at = await hub.newWorkspace();
  const pair = await openPair(at, 'clockify', to);
  onTestFinished(() => pair.close());
  const card = await at.get<{ ownership: Record<string, unknown> }>(`/connections/${pair.targetId}`);
  await at.patch(`/connections/${pair.targetId}`, { ownership: { ...card.ownership, ...ownership } });
  const now = async () => (await at.get<{ items: Linked[] }>('/invoices')).items[0]!;
  return {
    at,
    pair,
    now,
    async linked() {
      await until('the link is there', async () => (await now()).paymentLink !== null, 20_000);
      await at.idle();
      return now();
    },
    async issued() {
      pair.source.time!.add({ day: pair.day(5), seconds: 12_600, notes: 'Frames 12 to 18' });
      pair.source.later(60);
      await pair.sync(pair.sourceId);
      await pair.entriesBecome(1);
      expect(await pair.bill()).toMatchObject({ status: 'done' });
      await pair.invoicesBecome('synced', ([only]) =>
        ['synced', 'failed'].includes(only?.sync?.status ?? ''),
      );
      await at.idle();
      return now();
    },
    async mails(kind) {
      const { items } = await at.get<{ items: { id: string; kind: string }[] }>('/mail-outbox?limit=50');
      const ids = items.filter((mail) => mail.kind === kind).map(({ id }) => id);
      return Promise.all(ids.map((id) => at.get<{ html: string; text: string }>(`/mail-outbox/${id}`)));
    },
    async page() {
      const { status, text } = await at.call('GET', `/invoices/${(await now()).id}/html`);
      expect(status).toBe(200);
      return text;
    },
    async pdfLinks() {
      const { id } = await now();
      const answer = await fetch(`${hub.hub.url}/api/v1/invoices/${id}/pdf`, {
        headers: { authorization: `Bearer ${at.key}` },
      });
      return readPdfLinks(new Uint8Array(await answer.arrayBuffer()));
    },
  };
}

describe('the page at which a client pays', () => {
  test.each(targets)(
    'of %s is shown wherever the client sees the invoice, and what is paid there ends as paid here',
    async (to) => {
      const { at, pair, issued, now, linked, mails, page, pdfLinks } = await openScene(to);
      expect(await issued()).toMatchObject({ sync: { status: 'synced' } });
      const { id, clientId, paymentLink } = await linked();
      expect(paymentLink).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
      const link = paymentLink!;

      // The client's own view, where they would say that they paid.
      const { key } = await at.in((tx) => makeMember(tx, 'client', { clientId }));
      const seen = await at.call('GET', `/invoices/${id}`, { key });
      expect(seen.json).toMatchObject({ paymentLink: link, sync: null });
      expect(await page()).toContain(`<a href="${link}"`);
      // Printed once, after the platform had told it, and so in the mail.
      expect(await pdfLinks()).toEqual([link]);
      const [mail, ...others] = await mails('document.sent');
      expect(others).toEqual([]);
      expect(mail!.html).toContain(`href="${link}"`);
      expect(mail!.text).toContain(`Pay NW-0001 online:\n${link}`);

      // Nobody is reminded before payments were read back.
      await pair.sync(pair.targetId);
      await at.idle();
      const steps = [{ days: -60 }];
      await at.post('/reminder-policies', { name: 'Early', isDefault: true, steps });
      await at.idle();
      await until('payments were read back, and so a letter is written', async () => {
        await at.post('/reminders/send', {});
        return (await mails('reminder.sent')).length > 0;
      });
      expect((await mails('reminder.sent')).map(({ text }) => text.includes(`online:\n${link}`))).toEqual([
        true,
      ]);

      // Their card, at the platform's page.
      pair.target.later(60);
      expect((await fetch(link, { method: 'POST' })).status).toBe(200);
      pair.target.later(60);
      await pair.sync(pair.targetId);
      await pair.invoicesBecome('settled', ([only]) => only?.status === 'settled');
      expect(await now()).toMatchObject({ paymentLink: null, applied: '350.00', paidBy: 'money' });
      expect(await page()).not.toContain(link);
      for (const kind of ['document.sent', 'reminder.sent'])
        for (const { html, text } of await mails(kind)) expect(html + text).not.toContain(link);
      await at.idle();
      await at.verify();
    },
  );

  test('a platform that does not answer holds up neither push nor papers, and is asked again', async () => {
    const { pair, issued, linked, mails, pdfLinks } = await openScene('xero');
    pair.target.sandbox.fault({
      kind: 'status',
      status: 503,
      times: Number.POSITIVE_INFINITY,
      match: (_method, path) => path.endsWith('/OnlineInvoice'),
    });
    expect(await issued()).toMatchObject({ paymentLink: null, sync: { status: 'synced', failedStep: null } });
    expect(await pdfLinks()).toEqual([]);
    expect(await mails('document.sent')).toHaveLength(1);
    pair.target.sandbox.clearFaults();
    await pair.sync(pair.targetId);
    await linked();
  });

  test('an address that is none of the vendor’s is not shown, and is no failure', async () => {
    const { pair, issued, now } = await openScene('xero');
    pair.target.sandbox.fault({
      kind: 'status',
      status: 200,
      body: { OnlineInvoices: [{ OnlineInvoiceUrl: 'https://xero.com.attacker.example/pay' }] },
      times: Number.POSITIVE_INFINITY,
      match: (_method, path) => path.endsWith('/OnlineInvoice'),
    });
    await issued();
    const isAsked = () => pair.target.sandbox.requests.some(({ path }) => path.endsWith('/OnlineInvoice'));
    await until('it was asked for', isAsked);
    await pair.sync(pair.targetId);
    expect(await now()).toMatchObject({ paymentLink: null, sync: { status: 'synced' } });
  });

  test('switched off on the ownership card, it is neither asked for nor shown', async () => {
    const { pair, issued, page } = await openScene('quickbooks', { paymentLinks: false });
    expect(await issued()).toMatchObject({ paymentLink: null, sync: { status: 'synced' } });
    expect(pair.target.sandbox.requests.filter(({ query }) => query.include !== undefined)).toEqual([]);
    expect(await page()).not.toContain('Pay online');
  });

  test('it is hidden at once when it is switched off, or the invoice is void', async () => {
    const { at, pair, issued, now, linked } = await openScene('quickbooks', { voids: 'there' });
    await issued();
    const { id, paymentLink } = await linked();
    const { ownership } = await at.get<{ ownership: Record<string, unknown> }>(
      `/connections/${pair.targetId}`,
    );
    const path = `/connections/${pair.targetId}`;
    await at.patch(path, { ownership: { ...ownership, paymentLinks: false } });
    expect(await now()).toMatchObject({ paymentLink: null });
    await at.patch(path, { ownership: { ...ownership, paymentLinks: true } });
    expect(await now()).toMatchObject({ paymentLink });
    await at.post(`/invoices/${id}/void`, { reason: 'A wrong rate' });
    expect(await now()).toMatchObject({ paymentLink: null });
    await at.idle();
  });
});
