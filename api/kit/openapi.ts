/** Owns the OpenAPI 3.1 document: made from the routes, so that it cannot say anything else than they do. */
import type { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { problemSchema, problemType } from './problem.ts';
import type { ResponseSpec, Route } from './route.ts';

export type ApiDocument = ReturnType<typeof createDocument>;

export function buildApiDocument(routes: readonly Route[], version: string): ApiDocument {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const path = toOpenApiPath(route.path);
    if (paths[path]?.[route.method]) throw new Error(`two routes answer ${route.method} ${path}`);
    paths[path] = { ...paths[path], [route.method]: toOperation(route) };
  }
  const names = routes.map((route) => route.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw new Error(`two routes are called ${twice}`);
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Slipway',
      version,
      description: 'Approved work becomes numbered, synced, paid invoices.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ apiKey: [] }, { session: [] }],
    tags: [...new Set(routes.map(resourceOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, `slk_…`.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'slipway.session_token',
          description:
            'A member who signed in under `/api/auth` (over https the name begins with `__Secure-`). Members of several workspaces name one in the header `X-Slipway-Workspace`.',
        },
      },
      schemas: { Problem: problemSchema },
    },
  });
}

/** `/clients/:clientId` → `/clients/{clientId}` */
export function toOpenApiPath(path: string): string {
  return path.replace(/:([a-zA-Z0-9]+)/g, '{$1}');
}

/** First word of the path: what the docs group by. */
export function resourceOf(route: Pick<Route, 'path'>): string {
  return route.path.split('/')[1] ?? '';
}

/** `create-client` → `createClient` */
export function operationId(route: Pick<Route, 'name'>): string {
  return route.name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** What a route may refuse with, besides its own. */
export function errorStatuses(route: Route): number[] {
  return [
    ...(route.permission === null ? [] : [401, 403]),
    ...(route.path.includes(':') ? [404] : []),
    ...(route.method === 'get' ? [] : [400, 409]),
    ...(route.method === 'patch' ? [412] : []),
    ...(route.body || route.upload ? [413, 415] : []),
    422,
    500,
    503,
  ];
}

function toOperation(route: Route): ZodOpenApiOperationObject {
  const headers = headerParameters(route);
  return {
    operationId: operationId(route),
    tags: [resourceOf(route)],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.permission === null ? { security: [] } : {}),
    requestParams: {
      ...(Object.keys(route.params.shape).length === 0 ? {} : { path: route.params }),
      ...(Object.keys(route.query.shape).length === 0 ? {} : { query: route.query }),
    },
    ...(headers.length === 0 ? {} : { parameters: headers }),
    ...requestBody(route),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.responses).map(([status, spec]) => [status, toResponse(spec)]),
      ),
      ...Object.fromEntries(
        errorStatuses(route)
          .filter((status) => !route.responses[status])
          .map((status) => [String(status), problemResponse]),
      ),
    },
    'x-permission': route.permission,
    'x-own-rows': route.own,
    'x-idempotency': route.idempotency,
    'x-errors': route.errors,
  } as ZodOpenApiOperationObject;
}

const problemResponse = {
  description: 'Problem details (RFC 9457).',
  content: { [problemType]: { schema: problemSchema } },
} as const;

function toResponse(spec: ResponseSpec) {
  if (!('kind' in spec))
    return { description: 'Done.', content: { 'application/json': { schema: spec as z.ZodType } } };
  if (spec.kind === 'empty') return { description: spec.description };
  return {
    description: spec.description,
    content: { [spec.mediaType]: { schema: { type: 'string' as const } } },
  };
}

function requestBody(route: Route): Pick<ZodOpenApiOperationObject, 'requestBody'> {
  if (route.body)
    return {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: route.body, example: route.example } },
      },
    };
  if (!route.upload) return {};
  const schema = { type: 'string' as const, format: 'binary' };
  return {
    requestBody: {
      required: true,
      description: `At most ${route.upload.maxBytes} bytes.`,
      content: Object.fromEntries(route.upload.mediaTypes.map((mediaType) => [mediaType, { schema }])),
    },
  };
}

function headerParameters(route: Route) {
  const text = (name: string, description: string, required: boolean) => ({
    in: 'header' as const,
    name,
    description,
    required,
    schema: { type: 'string' as const },
  });
  return [
    ...(route.idempotency === 'none'
      ? []
      : [
          text(
            'Idempotency-Key',
            'The same key with the same request gives the first answer again.',
            route.idempotency === 'required',
          ),
        ]),
    ...(route.method === 'patch' ? [text('If-Match', 'ETag of the state that you edit.', false)] : []),
  ];
}
