/** Owns a stand-in of a firm's OIDC directory on a loopback port, written from OpenID Connect Core and RFC 7636. */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Profile {
  sub: string;
  email: string;
  name: string;
  email_verified?: boolean;
}
export interface OidcDirectory {
  issuer: string;
  /** What the browser does with the address that it is sent to: the person agrees, and comes back with a code. */
  agree(authorizationUrl: string, profile: Profile): string;
  stop(): Promise<void>;
}

export const directoryClient = { clientId: 'slipway', clientSecret: 'directory secret' };

export async function startOidcDirectory(): Promise<OidcDirectory> {
  const codes = new Map<string, { profile: Profile; challenge: string; redirectUri: string }>();
  const server = createServer((request, response) => {
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    if (request.url === '/.well-known/openid-configuration') {
      const at = (path: string) => `${issuer}${path}`;
      send(200, { issuer, authorization_endpoint: at('/authorize'), token_endpoint: at('/token') });
      return;
    }
    void bodyOf(request).then((form) => {
      const known = codes.get(form.get('code') ?? '');
      codes.delete(form.get('code') ?? '');
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      if (
        !known ||
        known.challenge !== challenge ||
        known.redirectUri !== form.get('redirect_uri') ||
        !isOurs(request, form)
      ) {
        send(400, { error: 'invalid_grant' });
        return;
      }
      const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const claims = { ...known.profile, iss: issuer, aud: directoryClient.clientId };
      const idToken = `${part({ alg: 'none' })}.${part(claims)}.`;
      send(200, { access_token: 'directory access token', token_type: 'Bearer', id_token: idToken });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    agree: (authorizationUrl, profile) => {
      const url = new URL(authorizationUrl);
      const ask = (name: string) => url.searchParams.get(name) ?? '';
      if (
        url.origin !== issuer ||
        ask('client_id') !== directoryClient.clientId ||
        ask('code_challenge_method') !== 'S256'
      )
        throw new Error(`no authorization request: ${authorizationUrl}`);
      const code = randomUUID();
      codes.set(code, { profile, challenge: ask('code_challenge'), redirectUri: ask('redirect_uri') });
      const back = new URL(ask('redirect_uri'));
      back.searchParams.set('code', code);
      back.searchParams.set('state', ask('state'));
      return back.pathname + back.search;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** The client's secret, in the header or in the form. */
function isOurs(request: IncomingMessage, form: URLSearchParams): boolean {
  const { clientId, clientSecret } = directoryClient;
  const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  return request.headers.authorization === basic || form.get('client_secret') === clientSecret;
}
