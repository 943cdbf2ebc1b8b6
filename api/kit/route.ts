/**
 * Owns what a route is: one value that validation, types, the API document and the security tests are all made from.
 *
 * One file a route, listed in `api/routes/index.ts`. A command, whole:
 *
 *     export const pauseProject = defineRoute({
 *       name: 'pause-project',                    // = file name; the operation id is pauseProject
 *       method: 'post',
 *       path: '/projects/:projectId/pause',       // path parameters are ids (UUIDs) and typed from here
 *       summary: 'Pause a project',
 *       permission: 'projects.update',
 *       body: z.object({ reason: note }),         // unknown fields are refused
 *       example: { reason: 'Waiting for the dock' },  // shown in the docs, used by the security tests; '{clientId}' = a real id
 *       responses: { 200: projectSchema },
 *       errors: ['project.completed'],            // refusals of its own: throw new Refusal({ code: 'project.completed', … })
 *       handler: ({ params, body, actor, transact }) =>
 *         transact(async (tx) => {                // one transaction: state, event, outbox and the idempotent answer
 *           const project = found(await pauseProject(tx, params.projectId, body.reason), 'project');
 *           await recordEvents(tx, [{ type: 'project.paused', subjectType: 'project', subjectId: project.id, actor: actor.id, permission: 'projects.read' }]);
 *           return { status: 200, body: project };
 *         }),
 *     });
 *
 * Money moves say `idempotency: 'required'`. Lists spread `pageQuery` and answer `pageOf(…)`. Edits pass the present
 * representation to `requireCurrent(…)` for If-Match. Who holds the permission for own rows only (`tickets.read:own`) is
 * refused, unless the route says `own: true`; then the handler asks `ownOnly(actor, 'tickets.read')` (auth.ts) whose rows. Uploads say `upload: { maxBytes, mediaTypes }` and read `upload`;
 * downloads and event streams answer `{ status, stream }` for a response made by `streamOf(…)`.
 */
import type { Readable } from 'node:stream';
import type { Request } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Permission } from '../../domain/permissions.ts';
import type { Plans, WorkspaceTx } from '../../store/database.ts';
import type { ApiDeps } from '../deps.ts';
import type { Actor } from './auth.ts';
import type { IdempotencyMode } from './idempotency.ts';

export type Method = 'get' | 'post' | 'patch' | 'put' | 'delete';

/** An answer without a body. */
export interface EmptyResponse {
  kind: 'empty';
  description: string;
}
export const empty: EmptyResponse = { kind: 'empty', description: 'Done; no body.' };

/** An answer that is sent piece by piece. */
export interface StreamResponse {
  kind: 'stream';
  mediaType: string;
  description: string;
}
export const streamOf = (mediaType: string, description: string): StreamResponse => ({
  kind: 'stream',
  mediaType,
  description,
});
export type ResponseSpec = z.ZodType | EmptyResponse | StreamResponse;
export type Responses = Readonly<Record<number, ResponseSpec>>;

type Headers = Readonly<Record<string, string>>;
/** What a handler may answer with, by the route's responses. */
export type AnswerTo<R extends Responses> = {
  [S in keyof R & number]: { status: S; headers?: Headers } & (R[S] extends EmptyResponse
    ? unknown
    : R[S] extends StreamResponse
      ? { stream: AsyncIterable<string | Uint8Array> }
      : R[S] extends z.ZodType
        ? { body: z.input<R[S]> }
        : never);
}[keyof R & number];
/** Any answer, as the kit handles it. */
export interface Answer {
  status: number;
  headers?: Headers;
  body?: unknown;
  stream?: AsyncIterable<string | Uint8Array>;
}

type ParamNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;
export type ParamsOf<Path extends string> = { [Name in ParamNames<Path>]: string };

/** What every handler gets, public or not. */
export interface RequestInput<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  deps: ApiDeps;
  requestId: string;
  log: Logger;
  /** Aborts when the client goes away or the process shuts down. */
  signal: AbortSignal;
  request: Request;
  /** The body of a route with `upload`, bounded; fails with 413 beyond. Elsewhere an empty stream. */
  upload: Readable;
}
export interface HandlerInput<Params, Query, Body, R extends Responses = Responses>
  extends RequestInput<Params, Query, Body> {
  actor: Actor;
  workspaceId: string;
  /**
   * Runs `work` in one transaction of the actor's workspace. The answer to a command with an Idempotency-Key is kept in
   * the same transaction: a crash leaves both or neither. At most once a request; what needs more than one transaction
   * uses `deps.database.inWorkspace` for the others.
   */
  transact: (work: (tx: WorkspaceTx) => Promise<AnswerTo<R>>, plans?: Plans) => Promise<AnswerTo<R>>;
  /** Refuses with 412 when If-Match names another representation than this one (shaped by the route's first 2xx schema). */
  requireCurrent: (representation: unknown) => void;
  /** Asks again whether the key is valid and still has the permission: for answers that stay open. */
  stillAllowed: () => Promise<boolean>;
}

interface RouteFacts {
  /** Kebab-case, the file's name. */
  name: string;
  method: Method;
  path: string;
  summary: string;
  description?: string;
  responses: Responses;
  /** Codes of the refusals that belong to this route; those every route may answer with need no mention. */
  errors: readonly string[];
  /** Read instead of JSON: raw bytes, at most this many, of these media types. */
  upload?: { maxBytes: number; mediaTypes: readonly string[] };
  /** A body that works, for the docs and the tests; `'{clientId}'` stands for an id. */
  example?: unknown;
  /** Whoever sends people here adds query parameters of their own: unknown ones are let in instead of refused. */
  foreignQuery?: true;
  /** Query parameters that work, likewise. */
  exampleQuery?: Readonly<Record<string, string>>;
  idempotency: IdempotencyMode;
  /** Requests that went well are logged at debug: there are many, and each leaves a row. */
  quiet?: boolean;
  /** What is kept of an answer for repeats, where it holds something that may be shown once only. */
  keptBody?: (body: unknown) => unknown;
}
/** A route as the kit runs it: types erased, everything else as defined. */
export interface Route extends RouteFacts {
  /** Null: public, see `publicBecause`. */
  permission: Permission | null;
  /** Serves those too who hold the permission for own rows only. */
  own: boolean;
  publicBecause: string | null;
  params: z.ZodObject;
  query: z.ZodObject;
  body: z.ZodType | null;
  handler(input: HandlerInput<unknown, unknown, unknown>): Promise<Answer>;
}

interface Definition<Path extends string, Q extends z.ZodObject, B extends z.ZodType, R extends Responses>
  extends Omit<RouteFacts, 'path' | 'responses' | 'errors' | 'idempotency' | 'keptBody'> {
  path: Path;
  /** Where a path parameter is no UUID. */
  params?: z.ZodObject;
  query?: Q;
  body?: B;
  responses: R;
  errors?: readonly string[];
  /** Default: honoured on every command, none on GET. */
  idempotency?: IdempotencyMode;
  keptBody?: (body: unknown) => unknown;
}

/** Throws a plain Error at start when the definition contradicts itself. */
export function defineRoute<
  const Path extends string,
  R extends Responses,
  Q extends z.ZodObject = z.ZodObject<Record<never, never>>,
  B extends z.ZodType = z.ZodUndefined,
>(
  definition: Definition<Path, Q, B, R> & {
    permission: Permission;
    /** The handler restricts itself to what `ownOnly` answers. Default: refused to whom the permission is given for own rows. */
    own?: boolean;
    handler: (
      input: HandlerInput<ParamsOf<Path>, z.output<Q>, z.output<B>, R>,
    ) => Promise<AnswerTo<NoInfer<R>>>;
  },
): Route {
  return toRoute({ ...definition, publicBecause: null });
}

/** A route without a key, e.g. a vendor's webhook whose body is signed; `publicBecause` says why that is safe. */
export function definePublicRoute<
  const Path extends string,
  R extends Responses,
  Q extends z.ZodObject = z.ZodObject<Record<never, never>>,
  B extends z.ZodType = z.ZodUndefined,
>(
  definition: Definition<Path, Q, B, R> & {
    publicBecause: string;
    handler: (input: RequestInput<ParamsOf<Path>, z.output<Q>, z.output<B>>) => Promise<AnswerTo<NoInfer<R>>>;
  },
): Route {
  return toRoute({ ...definition, permission: null, idempotency: 'none' });
}

function toRoute(
  definition: Definition<string, z.ZodObject, z.ZodType, Responses> & {
    permission: Permission | null;
    own?: boolean;
    publicBecause: string | null;
    // A method, because its input is narrower than what the kit passes by types only.
    handler(input: never): Promise<Answer>;
  },
): Route {
  const { name, method, path, body, upload } = definition;
  const wrong = (problem: string) => new Error(`route ${name}: ${problem}`);
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw wrong('a name is kebab-case');
  if (!/^(\/(:?[a-zA-Z][a-zA-Z0-9-]*|[a-z0-9.-]+))+$/.test(path))
    throw wrong(`the path ${path} is malformed`);
  if (method === 'get' && (body || upload)) throw wrong('a GET has no body');
  if (body && upload) throw wrong('either a JSON body or an upload');
  if (body && definition.example === undefined) throw wrong('a body needs an example');
  const names = [...path.matchAll(/:([a-zA-Z0-9]+)/g)].map((match) => match[1]!);
  const query = definition.query ?? z.object({});
  return {
    ...definition,
    own: definition.own ?? false,
    errors: definition.errors ?? [],
    idempotency: definition.idempotency ?? (method === 'get' ? 'none' : 'honoured'),
    params: definition.params ?? z.object(Object.fromEntries(names.map((param) => [param, z.uuid()]))),
    query: definition.foreignQuery ? query.loose() : query.strict(),
    body: body instanceof z.ZodObject ? body.strict() : (body ?? null),
    handler: (input) => definition.handler(input as never),
  };
}

/** The schema of a status, where the answer is JSON. */
export function jsonSchemaOf(route: Route, status: number): z.ZodType | null {
  const spec = route.responses[status];
  return spec instanceof z.ZodType ? spec : null;
}
/** The status of the answer when all went well: the lowest that the route names. */
export function successStatus(route: Route): number {
  return Math.min(...Object.keys(route.responses).map(Number));
}
