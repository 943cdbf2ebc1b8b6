/** Owns problem details (RFC 9457): the one shape of every error answer, and turning any thrown value into it. */
import { z } from 'zod';
import { Refusal } from '../../domain/refusal.ts';

export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'Where the code is explained.' }),
    title: z.string(),
    status: z.number().int(),
    code: z.string().meta({ description: 'Stable; programs decide by it.' }),
    detail: z.string().meta({ description: 'What is wrong, for a person.' }),
    whatToDo: z.string().optional(),
    requestId: z.string().meta({ description: 'Name it when you ask for help.' }),
    errors: z
      .array(
        z.object({
          pointer: z.string().optional().meta({ description: 'JSON pointer into the body.' }),
          parameter: z.string().optional().meta({ description: 'Query or path parameter.' }),
          detail: z.string(),
        }),
      )
      .optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;
export const problemType = 'application/problem+json';

const titles: Record<number, string> = {
  400: 'Bad request',
  401: 'No valid key',
  403: 'Not permitted',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Too slow',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Unprocessable',
  428: 'Precondition required',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Unavailable',
};

export function toProblem(refusal: Refusal, requestId: string): Problem {
  return {
    type: `/api/v1/docs#problem-${refusal.code}`,
    title: titles[refusal.status] ?? 'Refused',
    status: refusal.status,
    code: refusal.code,
    detail: refusal.message,
    ...(refusal.whatToDo === null ? {} : { whatToDo: refusal.whatToDo }),
    requestId,
    ...(refusal.errors.length === 0 ? {} : { errors: [...refusal.errors] }),
    ...(Object.keys(refusal.details).length === 0 ? {} : { details: { ...refusal.details } }),
  };
}

/** A field of the request that does not fit: in the body by pointer, elsewhere by parameter. */
interface InvalidPart {
  pointer?: string;
  parameter?: string;
  detail: string;
}
const maxParts = 50;

/** JSON pointer (RFC 6901) of a zod path. */
export function toPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** What zod found wrong with the body, the query or the path. A path that cannot be an id is a 404 like any other. */
export function invalidRequest(where: 'body' | 'query' | 'path', error: z.ZodError): Refusal {
  const parts = error.issues.slice(0, maxParts).flatMap((issue): InvalidPart[] => {
    const paths =
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    const detail = issue.code === 'unrecognized_keys' ? 'There is no such field.' : issue.message;
    return paths.map((path) =>
      where === 'body' ? { pointer: toPointer(path), detail } : { parameter: path.join('.'), detail },
    );
  });
  if (where === 'path')
    return new Refusal({
      code: 'request.no_such_path',
      status: 404,
      message: `There is nothing here: ${parts.map((part) => `${part.parameter} — ${part.detail}`).join('; ')}`,
    });
  return new Refusal({
    code: where === 'body' ? 'request.invalid_body' : 'request.invalid_query',
    status: 422,
    message: `The ${where} of the request is not valid: ${parts
      .slice(0, 3)
      .map((part) => `${part.pointer ?? part.parameter} ${part.detail}`.trim())
      .join('; ')}`,
    whatToDo: 'Correct the named parts; /api/v1/docs shows the expected shape.',
    errors: parts as { pointer: string; detail: string }[],
  });
}
