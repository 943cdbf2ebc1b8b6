/** Owns what of better-auth the hub serves under `/api/auth`: a fixed list, bodies within a limit, the caller's address. */
import { type Response as ExpressResponse, type RequestHandler, Router } from 'express';
import { Refusal } from '../../domain/refusal.ts';
import { readJson } from '../kit/body.ts';
import { authBase, clientAddressHeader, type SignIn, toHeaders } from './sign-in.ts';

const bodyLimitBytes = 16_384;

/** What is not here does not exist, whatever a later version of better-auth adds. */
const served: Readonly<Record<string, readonly string[]>> = {
  GET: ['/get-session', '/list-sessions', '/oauth2/callback/oidc', '/error'],
  POST: [
    '/sign-in/email',
    '/sign-in/oauth2',
    '/sign-out',
    '/revoke-session',
    '/revoke-sessions',
    '/revoke-other-sessions',
    '/change-password',
    '/request-password-reset',
    '/reset-password',
    '/two-factor/enable',
    '/two-factor/disable',
    '/two-factor/get-totp-uri',
    '/two-factor/verify-totp',
    '/two-factor/generate-backup-codes',
    '/two-factor/verify-backup-code',
  ],
};

export function mountSignIn(signIn: SignIn): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.use((async (request, response) => {
    if (served[request.method]?.includes(request.path) !== true)
      throw new Refusal({
        code: 'request.no_such_path',
        status: 404,
        message: `${request.method} ${request.path} is nothing of ${authBase}.`,
      });
    const body = request.method === 'GET' ? undefined : await readJson(request, bodyLimitBytes);
    const headers = toHeaders(request.headers);
    headers.delete('content-length');
    headers.set(clientAddressHeader, request.socket.remoteAddress ?? '');
    const answer = await signIn.answer(
      new Request(new URL(request.originalUrl, 'http://hub'), {
        method: request.method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body.value ?? {}) }),
      }),
    );
    await send(answer, response);
  }) satisfies RequestHandler);
  return router;
}

async function send(answer: Response, response: ExpressResponse): Promise<void> {
  response.status(answer.status);
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.set(name, value);
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.set('Set-Cookie', cookies);
  const retryAfter = answer.headers.get('x-retry-after');
  if (retryAfter !== null) response.set('Retry-After', retryAfter);
  // What names a session belongs into no cache.
  response.set('Cache-Control', 'no-store');
  response.end(Buffer.from(await answer.arrayBuffer()));
}
