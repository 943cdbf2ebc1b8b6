/** Owns that our secrets go to public addresses only, whatever a name resolves to, and to others only where the operator says so. */
import type { lookup } from 'node:dns';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type AddressRules,
  allowedAddress,
  guardedLookup,
  isAllowedHostEntry,
  isNamedHost,
} from '../../connectors/kit/address.ts';
import { createTransport } from '../../connectors/kit/transport.ts';
import { failureOf, json, serve } from './loopback.ts';

const vendor = { id: 'vendor', name: 'Vendor' };
const strict: AddressRules = { allowLoopback: false, allowedHosts: [] };
const refused = (url: string, rules = strict) => {
  try {
    allowedAddress(vendor, url, undefined, rules);
    return false;
  } catch (problem) {
    expect(problem).toMatchObject({ kind: 'InvalidRequest', vendorCode: 'address_refused' });
    return true;
  }
};

describe('as it is written', () => {
  test.each([
    'https://10.0.0.8',
    'https://172.16.0.1',
    'https://172.31.255.255',
    'https://192.168.1.1',
    'https://100.64.0.1',
    'https://169.254.169.254',
    'https://0.0.0.0',
    'https://127.0.0.1',
    'https://2130706433',
    'https://0x7f000001',
    'https://localhost',
    'https://hub.localhost.',
    'https://224.0.0.1',
    'https://255.255.255.255',
    'https://[::1]',
    'https://[::]',
    'https://[fd00::1]',
    'https://[fe80::1]',
    'https://[ff02::1]',
    'https://[::ffff:10.0.0.8]',
    'https://[::ffff:7f00:1]',
    'https://[64:ff9b::a00:8]',
    'https://[2002:a00:8::]',
    'http://api.vendor.example',
    'ftp://api.vendor.example',
    'https://user:password@api.vendor.example',
  ])('%s is refused', (url) => {
    expect(refused(url)).toBe(true);
  });

  test.each([
    'https://api.vendor.example',
    'https://172.32.0.1',
    'https://100.128.0.1',
    'https://[2606:4700::1]',
  ])('%s is fine', (url) => {
    expect(refused(url)).toBe(false);
  });

  test('what the operator allows is fine, and no more than that', () => {
    const rules = { allowLoopback: false, allowedHosts: ['10.1.0.0/16', 'fd12::/16', '192.168.7.7'] };
    expect(
      ['10.1.2.3', '[fd12::9]', '192.168.7.7', '10.2.0.1', '192.168.7.8', '169.254.169.254'].map((host) =>
        refused(`https://${host}`, rules),
      ),
    ).toEqual([false, false, false, true, true, true]);
    // Not even then without TLS: somebody else may listen on that network.
    expect(refused('http://10.1.2.3', rules)).toBe(true);
    // Nor does a list open where clouds keep machine credentials.
    expect(refused('https://169.254.169.254', { allowLoopback: true, allowedHosts: ['0.0.0.0/0'] })).toBe(
      true,
    );
  });

  test('a connection may name the hosts that the operator lists, and this machine in development only', () => {
    const rules = {
      allowLoopback: false,
      allowedHosts: ['kimai.example.internal', '10.1.0.0/16', 'proxy.example.com'],
    };
    const hosts = [
      'KIMAI.example.internal',
      '10.1.9.9',
      'proxy.example.com',
      'api.vendor.example',
      '10.2.0.1',
      '127.0.0.1',
    ];
    expect(hosts.map((host) => isNamedHost(host, rules))).toEqual([true, true, true, false, false, false]);
    expect(isNamedHost('127.0.0.1', { ...rules, allowLoopback: true })).toBe(true);
  });

  test('another origin keeps the path and what is asked', () => {
    const rules = { allowLoopback: true, allowedHosts: [] };
    const url = allowedAddress(
      vendor,
      'https://api.vendor.example/v3/x?a=1',
      'http://127.0.0.1:4010/',
      rules,
    );
    expect(url.href).toBe('http://127.0.0.1:4010/v3/x?a=1');
  });

  test.each([
    ['10.0.0.0/8', true],
    ['fd00::/8', true],
    ['kimai.example.internal', true],
    ['10.0.0.1', true],
    ['10.0.0.0/33', false],
    ['name/8', false],
    ['https://name', false],
    ['a b', false],
    ['', false],
  ])('"%s" may be allowed: %s', (entry, expected) => {
    expect(isAllowedHostEntry(entry)).toBe(expected);
  });
});

/** A resolver that gives one answer after the other, as an attacker's would. */
function resolver(...answers: string[][]): typeof lookup {
  const fake = (_: string, __: object, callback: (error: null, found: object[]) => void) =>
    callback(
      null,
      (answers.length > 1 ? answers.shift()! : answers[0]!).map((address) => ({
        address,
        family: address.includes(':') ? 6 : 4,
      })),
    );
  return fake as unknown as typeof lookup;
}
const ask = (
  rules: Parameters<typeof guardedLookup>[0],
  resolve: typeof lookup,
  name = 'api.vendor.example',
) =>
  new Promise<{ code: string | undefined; address: unknown }>((done) =>
    guardedLookup(rules, resolve)(name, { all: false }, (error, address) =>
      done({ code: error?.code, address: error ? null : address }),
    ),
  );

describe('as it resolves', () => {
  test.each(['10.0.0.8', '127.0.0.1', '169.254.169.254', '100.64.1.1', 'fd00::1', '::ffff:192.168.0.1'])(
    'a public name that leads to %s is refused when it is connected to',
    async (address) => {
      expect(await ask(strict, resolver([address]))).toEqual({ code: 'ERR_ADDRESS_REFUSED', address: null });
    },
  );

  test('one bad address among good ones is enough, and the checked address is the one connected to', async () => {
    expect(await ask(strict, resolver(['203.0.114.1', '10.0.0.8']))).toMatchObject({
      code: 'ERR_ADDRESS_REFUSED',
    });
    expect(await ask(strict, resolver(['203.0.114.1']))).toEqual({ code: undefined, address: '203.0.114.1' });
  });

  test('a name that changes its answer after the check gains nothing', async () => {
    const rebinding = resolver(['203.0.114.1'], ['10.0.0.8']);
    expect((await ask(strict, rebinding)).address).toBe('203.0.114.1');
    expect((await ask(strict, rebinding)).code).toBe('ERR_ADDRESS_REFUSED');
  });

  test('a name that the operator allows may be private, but never link-local', async () => {
    const rules = { allowLoopback: false, allowedHosts: ['Kimai.example.internal'] };
    const name = 'kimai.example.internal';
    expect((await ask(rules, resolver(['10.0.0.8']), name)).address).toBe('10.0.0.8');
    expect((await ask(rules, resolver(['10.0.0.8']), 'other.example')).code).toBe('ERR_ADDRESS_REFUSED');
    expect((await ask(rules, resolver(['169.254.169.254']), name)).code).toBe('ERR_ADDRESS_REFUSED');
  });

  test('a call to a name that leads to this machine sends nothing', async () => {
    const { origin, seen } = await serve((_, response) => json(response, 200, {}));
    const url = new URL(origin.replace('127.0.0.1', 'localhost'));
    const send = (allowLoopback: boolean) =>
      createTransport(vendor, { allowLoopback, allowedHosts: [] })({
        method: 'GET',
        url,
        headers: { Authorization: 'Bearer secret' },
        timeoutMs: 2_000,
      });
    expect(await failureOf(send(false))).toMatchObject({
      kind: 'InvalidRequest',
      vendorCode: 'address_refused',
    });
    expect(seen).toHaveLength(0);
    expect(await send(true)).toMatchObject({ status: 200 });
    expect(seen).toHaveLength(1);
  });

  test('a redirect is an answer, not a way', async () => {
    const other = createServer((_, response) => response.end('{}'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    let reached = 0;
    other.on('request', () => (reached += 1));
    const { origin } = await serve((_, response) =>
      json(response, 307, {}, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/` }),
    );
    const transport = createTransport(vendor, { allowLoopback: true, allowedHosts: [] });
    const answer = await transport({
      method: 'POST',
      url: new URL(origin),
      headers: {},
      text: '{}',
      timeoutMs: 2_000,
    });
    expect([answer.status, reached]).toEqual([307, 0]);
  });
});
