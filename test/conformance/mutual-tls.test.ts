/** Owns that a connection shows its certificate to a vendor that asks for one, and trusts only whom it may. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createTransport, type TlsFacts } from '../../connectors/kit/transport.ts';
import { failureOf } from './loopback.ts';

let folder: string;
const pem = (name: string) => readFileSync(join(folder, name), 'utf8');
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });

/** One authority that signs the vendor's certificate and ours; a stranger's is signed by nobody. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-tls-'));
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const self = (name: string, subject: string) =>
    openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-days',
      '2',
      '-subj',
      subject,
    );
  self('ca', '/CN=Test authority');
  self('stranger', '/CN=A stranger');
  for (const [name, subject] of [
    ['server', '/CN=127.0.0.1'],
    ['client', '/CN=Slipway'],
  ] as const) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    const names = ['-extfile', 'names.txt'];
    execFileSync('sh', ['-c', 'printf "subjectAltName=IP:127.0.0.1" > names.txt'], { cwd: folder });
    openssl('x509', '-req', '-in', `${name}.csr`, ...signed, ...names, '-out', `${name}.pem`);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function startVendor(): Promise<URL> {
  const server = createServer(
    {
      cert: pem('server.pem'),
      key: pem('server.key'),
      ca: pem('ca.pem'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) =>
      response.end(JSON.stringify({ caller: (request.socket as TLSSocket).getPeerCertificate().subject.CN })),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}
const ask = (url: URL, tls: TlsFacts) =>
  createTransport(
    { id: 'vendor', name: 'Vendor' },
    { allowLoopback: true, allowedHosts: [] },
    tls,
  )({
    method: 'GET',
    url,
    headers: {},
    timeoutMs: 5_000,
  });
const ours = () => ({ clientCertificate: pem('client.pem'), clientKey: pem('client.key') });

test('the vendor sees our certificate, and nobody gets in without', async () => {
  const url = await startVendor();
  const answer = await ask(url, { ...ours(), trustedCertificate: pem('ca.pem') });
  expect(JSON.parse(answer.text)).toEqual({ caller: 'Slipway' });
  expect(await failureOf(ask(url, { trustedCertificate: pem('ca.pem') }))).toHaveProperty('kind');
  const stranger = { clientCertificate: pem('stranger.pem'), clientKey: pem('stranger.key') };
  expect(await failureOf(ask(url, { ...stranger, trustedCertificate: pem('ca.pem') }))).toHaveProperty(
    'kind',
  );
});

test('a vendor whose certificate nobody vouches for is refused', async () => {
  const url = await startVendor();
  expect(await failureOf(ask(url, ours()))).toMatchObject({
    kind: 'InvalidRequest',
    vendorCode: 'certificate_refused',
  });
});
