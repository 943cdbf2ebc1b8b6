/** Owns how often a platform is asked for links: what it says is kept, and one that has none is spared the calls. */
import pino from 'pino';
import { expect, test } from 'vitest';
import { askAfterPush } from '../activities/payment-links.ts';
import { InvalidRequest, Throttled } from '../connectors/kit/errors.ts';
import { newId } from '../store/new-id.ts';

/** A connection whose platform says `answer` of each invoice; `kept`: what was written down, by invoice. */
function platform(answer: () => string | null) {
  const asked: string[] = [];
  const kept: [string, string | null][] = [];
  const tx = {
    workspaceId: newId(),
    run: async (_sql: string, [, , invoiceId, link]: [string, string, string, string | null]) =>
      kept.push([invoiceId, link]),
  };
  const deps = {
    database: { inWorkspace: (_id: string, work: (inside: typeof tx) => unknown) => work(tx) },
    logger: pino({ level: 'silent' }),
    vendor: { allowLoopback: false, timeoutMs: null },
  };
  const link = async (_http: unknown, externalId: string) => {
    asked.push(externalId);
    return answer();
  };
  const vendor = {
    connection: { id: newId(), ownership: {} },
    connector: { invoiceTarget: { paymentLinks: { domains: ['xero.com'], link } } },
    direct: {},
    timeoutMs: 1_000,
  };
  type Given = Parameters<typeof askAfterPush>;
  const push = async (
    name: string,
    ownership: Record<string, unknown> = {},
    email: string | null = 'books@client.example',
  ) => {
    const of = { ...vendor, connection: { ...vendor.connection, ownership } };
    await askAfterPush(deps as never as Given[0], tx.workspaceId, of as never as Given[2], {
      invoiceId: name,
      externalId: name,
      email,
    });
  };
  return { asked, kept, push };
}
const six = ['1', '2', '3', '4', '5', '6'];

test('a platform that has said five times that there is no page is not asked after the sixth push', async () => {
  const { asked, kept, push } = platform(() => null);
  for (const name of six) await push(name);
  expect(asked).toEqual(['1', '2', '3', '4', '5']);
  // Taken for none, and asked with the documents, as the others are.
  expect(kept).toEqual(six.map((name) => [name, null]));
});

test('one page between them, and it is asked on', async () => {
  let links = 0;
  const { asked, kept, push } = platform(() => {
    links += 1;
    return links === 5 ? 'https://in.xero.com/one' : null;
  });
  for (const name of six) await push(name);
  expect(asked).toEqual(six);
  expect(kept[4]).toEqual(['5', 'https://in.xero.com/one']);
});

test('what is no answer is neither kept nor counted, and what is refused is no page', async () => {
  const throttled = platform(() => {
    throw new Throttled('Slow down.', 60_000);
  });
  for (const name of six) await throttled.push(name);
  expect(throttled.asked).toEqual(six);
  expect(throttled.kept).toEqual([]);
  const refused = platform(() => {
    throw new InvalidRequest('A draft is not shared.');
  });
  await refused.push('1');
  expect(refused.kept).toEqual([['1', null]]);
});

test('switched off, it is not asked at all', async () => {
  const { asked, kept, push } = platform(() => 'https://in.xero.com/one');
  await push('1', { paymentLinks: false });
  expect([asked, kept]).toEqual([[], []]);
});

test('clients without an e-mail, who have no page at some platforms, cost the others nothing', async () => {
  const { asked, push } = platform(() => null);
  for (const name of six) await push(name, {}, null);
  await push('7');
  expect(asked).toEqual([...six, '7']);
});
