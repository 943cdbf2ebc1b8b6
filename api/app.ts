/** Owns the HTTP application: logging, headers, health, the documents, and every route under `/api/v1`. */
import type { RequestListener } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { Refusal } from '../domain/refusal.ts';
import { mountSignIn } from './auth/mount-sign-in.ts';
import { authBase, createSignIn } from './auth/sign-in.ts';
import type { ApiDeps, AppDeps, Readiness } from './deps.ts';
import { createAuthenticator } from './kit/auth.ts';
import { begin } from './kit/begin.ts';
import { docsHeaders, renderDocs } from './kit/docs-page.ts';
import { createEventTail } from './kit/events.ts';
import { answerError, mountRoutes } from './kit/mount.ts';
import { buildApiDocument } from './kit/openapi.ts';
import type { Route } from './kit/route.ts';
import { routes as allRoutes } from './routes/index.ts';
import { createDeliveryDesk } from './routes/webhooks/delivery-desk.ts';
import { receiveWebhook } from './routes/webhooks/receive-webhook.ts';
import { shortWay } from './routes/webhooks/short-way.ts';

export const apiBase = '/api/v1';
const readinessTimeoutMs = 5_000;
const keyCacheMs = 2_000;

/** `routes` is there for tests of the kit; the hub serves them all. */
export function createApp(appDeps: AppDeps, routes: readonly Route[] = allRoutes): RequestListener {
  const signIn = createSignIn(appDeps.database, appDeps.signIn, appDeps.logger);
  const { publicUrl } = appDeps.signIn;
  const deps: ApiDeps = {
    ...appDeps,
    signIn,
    publicUrl,
    eventTail: createEventTail(appDeps),
    deliveryDesk: createDeliveryDesk(appDeps),
  };
  const authenticate = createAuthenticator(deps.database, signIn, deps.keyCacheMs ?? keyCacheMs, (error) =>
    deps.logger.warn({ err: error }, 'could not note the use of an API key'),
  );
  const document = buildApiDocument(routes, deps.version);
  const documentText = JSON.stringify(document);
  const docs = renderDocs(document);

  const app = express();
  app.disable('x-powered-by');
  // Tags are made by the kit, from what was meant to be shown.
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.use(begin(deps));
  app.get('/healthz', (_request, response) => {
    response.json({ ok: true });
  });
  app.get('/readyz', async (_request, response) => {
    const parts = await readiness(deps);
    const ok = Object.values(parts).every((part) => part.ok);
    response.status(ok ? 200 : 503).json({ ok, parts });
  });
  app.get(`${apiBase}/openapi.json`, (_request, response) => {
    response.type('application/json').send(documentText);
  });
  app.get(`${apiBase}/docs`, (_request, response) => {
    response.set(docsHeaders).type('text/html').send(docs);
  });
  app.use(authBase, mountSignIn(signIn));
  app.use(apiBase, mountRoutes(routes, deps, authenticate));
  app.use((request) => {
    throw new Refusal({
      code: 'request.no_such_path',
      status: 404,
      message: `There is nothing at ${request.path}.`,
      whatToDo: `${apiBase}/docs lists what there is.`,
    });
  });
  // Express tells an error handler by its four parameters.
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) =>
    answerError(error, deps, response),
  );
  return routes.includes(receiveWebhook) ? shortWay(app, deps, `${apiBase}/webhooks/`) : app;
}

/** Says what is missing, also when asking for it fails or takes too long. */
async function readiness(deps: ApiDeps): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Readiness>((resolve) => {
    timer = setTimeout(
      () => resolve({ readiness: { ok: false, missing: `no answer within ${readinessTimeoutMs} ms` } }),
      readinessTimeoutMs,
    );
  });
  try {
    return await Promise.race([deps.readiness(), tooLate]);
  } catch (error) {
    deps.logger.warn({ err: error }, 'readiness could not be asked');
    return { readiness: { ok: false, missing: 'the check itself failed, see the log' } };
  } finally {
    clearTimeout(timer);
  }
}
