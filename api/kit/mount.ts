/** Owns running a route: who asks → may they → what exactly → the command, once → the answer. */
import { Readable } from 'node:stream';
import { type Request, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { Refusal } from '../../domain/refusal.ts';
import { releaseIdempotencyKey, type StoredAnswer, storeAnswer } from '../../store/idempotency.ts';
import { from, type Origin } from '../../store/origin.ts';
import type { ApiDeps } from '../deps.ts';
import { type Actor, type Authenticate, holdsPermission, requirePermission } from './auth.ts';
import { limitedBody, readJson, requireMediaType } from './body.ts';
import { toRefusal } from './errors.ts';
import { requireMatch } from './etag.ts';
import {
  claimLost,
  fingerprint,
  type HeldKey,
  isKept,
  openIdempotencyKey,
  readIdempotencyKey,
} from './idempotency.ts';
import { invalidRequest, problemType, toProblem } from './problem.ts';
import { type Answer, type HandlerInput, jsonSchemaOf, type Route, successStatus } from './route.ts';
import { sendJson, sendProblem, sendStream } from './send.ts';

/** Set by the app's first middleware. */
export interface RequestLocals {
  requestId: string;
  log: Logger;
  actor?: Actor;
  route?: string;
  /** Answers that went well are no news: what was taken in is a row of its own. */
  quiet?: boolean;
}
export const localsOf = (response: Response) => response.locals as RequestLocals;

const defaultStaleSeconds = 120;

/** A router with every route, 405 for a known path under another method, and OPTIONS. */
export function mountRoutes(routes: readonly Route[], deps: ApiDeps, authenticate: Authenticate): Router {
  const router = Router({ caseSensitive: true, strict: true });
  // A router of its own for each first word: one asks its routes in turn, and hundreds of them cost more than a webhook does.
  const routers = new Map<string, Router>();
  for (const [word, group] of Map.groupBy(routes, ({ path }) => firstWord(path)))
    routers.set(word, mountGroup(group, deps, authenticate));
  router.use((request, response, next) => {
    const found = routers.get(firstWord(request.path));
    if (found) found(request, response, next);
    else next();
  });
  return router;
}

const firstWord = (path: string) => path.split('/', 2)[1] ?? '';

function mountGroup(routes: readonly Route[], deps: ApiDeps, authenticate: Authenticate): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const methods = new Map<string, string[]>();
  for (const route of inMatchOrder(routes)) {
    router[route.method](route.path, (request, response) =>
      respond(route, deps, authenticate, request, response),
    );
    // Two paths that differ in parameter names only are one path.
    let count = 0;
    const shape = route.path.replace(/:[a-zA-Z0-9]+/g, () => `:p${++count}`);
    methods.set(shape, [...(methods.get(shape) ?? []), route.method.toUpperCase()]);
  }
  for (const [path, allowed] of methods) {
    const allow = [...new Set([...allowed, ...(allowed.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].join(
      ', ',
    );
    router.all(path, (request, response) => {
      response.set('Allow', allow);
      if (request.method === 'OPTIONS') {
        response.status(204).end();
        return;
      }
      throw new Refusal({
        code: 'request.method_not_allowed',
        status: 405,
        message: `${request.method} is not possible here.`,
        whatToDo: `Use ${allow}.`,
      });
    });
  }
  return router;
}

/** Fixed words before parameters, so that `/runs/preview` is not taken for a run's id, whatever the list's order. */
function inMatchOrder(routes: readonly Route[]): Route[] {
  const rank = (route: Route) => route.path.replace(/:[a-zA-Z0-9]+/g, '~');
  return routes.toSorted((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
}

async function respond(
  route: Route,
  deps: ApiDeps,
  authenticate: Authenticate,
  request: Request,
  response: Response,
): Promise<void> {
  const locals = localsOf(response);
  locals.route = route.name;
  locals.quiet = route.quiet ?? false;
  const actor = route.permission === null ? null : await authenticate(request);
  const { permission, own } = route;
  if (actor && permission) {
    locals.actor = actor;
    locals.log = locals.log.child({ workspaceId: actor.workspaceId, actor: actor.id });
    requirePermission(actor, permission, own);
  }
  const params = parsed(route.params.safeParse(request.params), 'path');
  const query = parsed(route.query.safeParse({ ...request.query }), 'query');
  const key = readIdempotencyKey(request, route.idempotency);
  if (route.upload) requireMediaType(request, route.upload.mediaTypes);
  const json = route.upload ? null : await readJson(request);
  const body = route.body && json ? parsed(route.body.safeParse(json.value), 'body') : undefined;

  const run = new Run(route, deps, request, response, actor);
  const input = {
    params,
    query,
    body,
    deps,
    requestId: locals.requestId,
    get log() {
      return locals.log;
    },
    request,
    // Made when it is asked for, as is the signal: most handlers want neither.
    get upload() {
      return route.upload ? limitedBody(request, route.upload.maxBytes) : Readable.from([]);
    },
    actor: actor as Actor,
    workspaceId: actor?.workspaceId ?? '',
    get signal() {
      return run.signal;
    },
    transact: run.transact,
    requireCurrent: run.requireCurrent,
    stillAllowed: async () => {
      try {
        return permission !== null && holdsPermission(await authenticate(request), permission, own);
      } catch (error) {
        if (error instanceof Refusal) return false;
        throw error;
      }
    },
  } satisfies HandlerInput<unknown, unknown, unknown>;

  // Every event of the request says where it came from, whichever transaction and however deep below.
  const handle = () => from(toOrigin(request, locals.requestId, actor), () => route.handler(input));
  if (key === null || !actor) return run.send(await handle());
  const state = await openIdempotencyKey(deps.database, actor.workspaceId, {
    key,
    ...fingerprint(request, actor, json ? json.bytes : null),
    staleAfterSeconds: deps.idempotencyStaleSeconds ?? defaultStaleSeconds,
  });
  if (state.outcome === 'replay') return run.replay(state.status, state.answer);
  if (state.outcome === 'held') run.held = state.held;
  return run.sendKept(handle);
}

const maxUserAgentChars = 300;

/** The address is the connection's own: what a header says of it is anybody's claim. */
function toOrigin(request: Request, requestId: string, actor: Actor | null): Origin {
  const origin: Origin = { via: 'api', requestId };
  if (!actor) return origin;
  const of = actor.personId === null ? actor.id : `person:${actor.personId}`;
  const userAgent = request.get('user-agent')?.slice(0, maxUserAgentChars) ?? null;
  return { ...origin, client: { of, ip: request.socket.remoteAddress ?? null, userAgent } };
}

function parsed<T>(
  result: { success: true; data: T } | { success: false; error: Parameters<typeof invalidRequest>[1] },
  where: 'body' | 'query' | 'path',
): T {
  if (result.success) return result.data;
  throw invalidRequest(where, result.error);
}

/** Aborts when the client goes away or the process shuts down. */
function signalOf(response: Response, shutdown: AbortSignal | undefined): AbortSignal {
  const gone = new AbortController();
  if (response.closed) gone.abort();
  else response.once('close', () => gone.abort());
  return shutdown ? AbortSignal.any([gone.signal, shutdown]) : gone.signal;
}

/** One request on its way through its handler: its transaction, its held Idempotency-Key, its answer. */
class Run {
  readonly #route: Route;
  readonly #deps: ApiDeps;
  readonly #request: Request;
  readonly #response: Response;
  readonly #actor: Actor | null;
  #signal: AbortSignal | null = null;
  readonly #shaped = new WeakSet<Answer>();
  #transacted = false;
  #kept = false;
  held: HeldKey | null = null;

  constructor(route: Route, deps: ApiDeps, request: Request, response: Response, actor: Actor | null) {
    this.#route = route;
    this.#deps = deps;
    this.#request = request;
    this.#response = response;
    this.#actor = actor;
  }

  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.#response, this.#deps.shutdown);
    return this.#signal;
  }

  transact: HandlerInput<unknown, unknown, unknown>['transact'] = async (work, plans) => {
    if (this.#transacted) throw new Error(`route ${this.#route.name}: transact was called twice`);
    if (!this.#actor)
      throw new Error(`route ${this.#route.name}: a public route has no workspace of its own`);
    this.#transacted = true;
    const answer = await this.#deps.database.inWorkspace(
      this.#actor.workspaceId,
      async (tx) => {
        // The shape is checked inside: an answer that does not fit rolls the command back, where that is an error.
        const shaped = this.#shape((await work(tx)) as Answer);
        if (this.held && !(await storeAnswer(tx, this.held, shaped.status, this.#toKeep(shaped))))
          throw claimLost();
        return shaped;
      },
      plans,
    );
    this.#kept = this.held !== null;
    return answer as never;
  };

  requireCurrent = (representation: unknown): void => {
    const shaped = this.#shape({ status: successStatus(this.#route), body: representation });
    requireMatch(this.#request.get('if-match'), JSON.stringify(shaped.body));
  };

  /** Runs the handler and keeps what it answers, or gives the key back when nothing was answered that may be kept. */
  async sendKept(handle: () => Promise<Answer>): Promise<void> {
    const { held } = this;
    const actor = this.#actor;
    if (!held || !actor) return this.send(await handle());
    try {
      const answer = this.#shape(await handle());
      if (!this.#kept) await this.#store(actor.workspaceId, held, answer.status, this.#toKeep(answer));
      return await this.send(answer);
    } catch (error) {
      // Once kept, the command is done: what fails now is only the sending.
      if (!this.#kept) await this.#keepRefusal(actor.workspaceId, held, error);
      throw error;
    }
  }

  async send(given: Answer): Promise<void> {
    const answer = this.#shape(given);
    const spec = this.#route.responses[answer.status];
    const headers = answer.headers ?? {};
    // HEAD of a stream: its headers, and no reader that waits for ever.
    if (answer.stream && this.#request.method === 'HEAD') {
      this.#response.status(answer.status).set(headers).end();
      return;
    }
    if (answer.stream && spec && 'kind' in spec && spec.kind === 'stream')
      return sendStream(this.#response, answer.status, headers, spec.mediaType, answer.stream, this.signal);
    if (answer.body === undefined) {
      this.#response.status(answer.status).set(headers).end();
      return;
    }
    sendJson(this.#response, answer.status, JSON.stringify(answer.body), headers, { etag: this.#hasEtag() });
  }

  replay(status: number, { headers, json }: StoredAnswer): void {
    this.#response.set('Idempotency-Replayed', 'true');
    if (json === null) this.#response.status(status).set(headers).end();
    else
      sendJson(this.#response, status, json, headers, {
        etag: status < 400 && this.#hasEtag(),
        ...(status < 400 ? {} : { mediaType: problemType }),
      });
  }

  /** Representations of one thing carry a tag that If-Match can name. */
  #hasEtag(): boolean {
    return this.#route.method !== 'delete';
  }

  #toKeep(answer: Answer): StoredAnswer {
    if (answer.stream) throw new Error(`route ${this.#route.name}: a stream cannot be kept for repeats`);
    if (answer.body === undefined) return { headers: { ...answer.headers }, json: null };
    const body = this.#route.keptBody ? this.#route.keptBody(answer.body) : answer.body;
    return { headers: { ...answer.headers }, json: JSON.stringify(body) };
  }

  async #store(workspaceId: string, held: HeldKey, status: number, answer: StoredAnswer): Promise<void> {
    const stored = await this.#deps.database.inWorkspace(workspaceId, (tx) =>
      storeAnswer(tx, held, status, answer),
    );
    if (!stored) throw claimLost();
    this.#kept = true;
  }

  async #keepRefusal(workspaceId: string, held: HeldKey, error: unknown): Promise<void> {
    const { requestId, log } = localsOf(this.#response);
    try {
      const refusal = await toRefusal(error, this.#deps.database);
      if (refusal && isKept(refusal.status, refusal.retryAfterSeconds))
        await this.#store(workspaceId, held, refusal.status, {
          headers: {},
          json: JSON.stringify(toProblem(refusal, requestId)),
        });
      else await this.#deps.database.inWorkspace(workspaceId, (tx) => releaseIdempotencyKey(tx, held));
    } catch (failure) {
      // The key stays claimed until it is stale; the caller still gets the first error.
      log.warn({ err: failure }, 'could not settle an idempotency key');
    }
  }

  /** The answer with exactly the fields of its schema: a column that nobody meant to show is not shown. */
  #shape(answer: Answer): Answer {
    if (this.#shaped.has(answer)) return answer;
    const shaped = this.#fitted(answer);
    this.#shaped.add(shaped);
    return shaped;
  }

  #fitted(answer: Answer): Answer {
    const schema = jsonSchemaOf(this.#route, answer.status);
    if (!schema) {
      if (this.#route.responses[answer.status]) return answer;
      throw new Error(`route ${this.#route.name} answered ${answer.status}, which it does not name`);
    }
    const result = schema.safeParse(answer.body);
    if (result.success) return { ...answer, body: result.data };
    const { log } = localsOf(this.#response);
    log.error(
      { route: this.#route.name, issues: result.error.issues.slice(0, 5) },
      'an answer does not fit its schema',
    );
    if (this.#deps.strictAnswers) throw new Error(`route ${this.#route.name}: ${result.error.message}`);
    return answer;
  }
}

/** The last resort of the app: every error becomes problem details; what is not the caller's to know is logged. */
export async function answerError(error: unknown, deps: ApiDeps, response: Response): Promise<void> {
  const { requestId, log } = localsOf(response);
  const refusal = await toRefusal(error, deps.database);
  if (!refusal) log.error({ err: error }, 'request failed');
  sendProblem(
    response,
    refusal ??
      new Refusal({
        code: 'internal',
        status: 500,
        message: 'Something went wrong on our side.',
        whatToDo: `Repeat it with the same Idempotency-Key; if it stays, report the request id ${requestId}.`,
      }),
    requestId,
  );
}
