/** Owns what leads a client to the page to pay at: the button in a mail and the line on a document, in its language. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { payButton } from '../domain/payment-link.ts';
import { type MailTemplates, renderMail } from '../mail/render-mail.ts';
import { loadTemplates } from '../mail/templates.ts';
import { createPrinter } from '../printing/printer.ts';
import { readPdfLinks } from './support/pdf-links.ts';
import { readPdf } from './support/pdf-text.ts';
import { documentOf } from './support/printed-documents.ts';

let folder: string;
let templates: MailTemplates;
const printer = createPrinter();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-test-payment-link-'));
  templates = await loadTemplates(join(folder, 'cache'));
}, 60_000);
afterAll(async () => {
  await printer.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a button names its invoice, in the language of the client', () => {
  const url = 'https://in.xero.com/one';
  expect(payButton({ number: 'NW-0001', language: 'en', url })).toEqual({
    label: 'Pay NW-0001 online',
    url,
  });
  expect(payButton({ number: '$&-{number}', language: 'de', url }).label).toBe('$&-{number} online bezahlen');
});

test.each(['document.sent', 'reminder.sent'])(
  'a mail of %s has a button for each page, and nobody’s address becomes markup',
  (kind) => {
    const params = { title: 'Invoice NW-0001', body: 'Please find it attached.', invoices: 'NW-0001: 1.00' };
    const content = { kind, params, workspaceName: 'Harbour Works', link: null };
    const pay = [
      { label: 'Pay NW-0001 online', url: 'https://in.xero.com/one' },
      { label: 'Pay <NW-0002> online', url: 'https://in.xero.com/two?a=1&b="><script>alert(1)</script>' },
    ];
    const { html, text } = renderMail(templates, { ...content, pay }, 'https://hub.example.com');
    expect(html).toContain('href="https://in.xero.com/one"');
    expect(html).toContain('href="https://in.xero.com/two?a=1&amp;b=&quot;&gt;&lt;script&gt;');
    expect(html).toContain('Pay &lt;NW-0002&gt; online');
    expect(html).not.toContain('<script>');
    expect(text).toContain('\n\nPay NW-0001 online:\nhttps://in.xero.com/one\n\nPay <NW-0002> online:\n');
    expect(renderMail(templates, content, 'https://hub.example.com').html).not.toContain('online');
  },
);

test('a printed invoice leads there, on the screen and in the PDF; no e-invoice names it', async () => {
  const link = 'https://in.xero.com/bCWCCfytGdTXoJam?a=1&b=2';
  const document = documentOf({ facts: { paymentLink: link } });
  const pdf = await printer.print({ document, format: 'pdf', badge: null, logo: null });
  expect(await readPdfLinks(pdf)).toEqual([link]);
  const { pages, files } = await readPdf(pdf);
  expect(pages[0]).toContain('Pay online: https://in.xero.com/');
  expect(files['factur-x.xml']).toContain('<ram:ID>NFE-0042</ram:ID>');
  expect(files['factur-x.xml']).not.toContain('in.xero.com');
  for (const format of ['xml', 'cii'] as const) {
    const xml = await printer.print({ document, format, badge: null, logo: null });
    expect(new TextDecoder().decode(xml)).not.toContain('in.xero.com');
  }
  expect(printer.page(document, null, null)).toContain(
    '<a href="https://in.xero.com/bCWCCfytGdTXoJam?a=1&amp;b=2"',
  );
  expect(printer.page(documentOf({}), null, null)).not.toContain('class="pay"');
});

test('an address that is too long to be typed from paper says whom it leads to', async () => {
  const link = `https://my.freshbooks.com/#/link/${'x'.repeat(1_900)}`;
  const document = documentOf({ facts: { paymentLink: link } });
  const pdf = await printer.print({ document, format: 'pdf', badge: null, logo: null });
  expect(await readPdfLinks(pdf)).toEqual([link]);
  expect((await readPdf(pdf)).pages[0]).toContain('Pay online: my.freshbooks.com');
});
