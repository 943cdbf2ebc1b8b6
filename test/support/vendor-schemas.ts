/**
 * Owns comparing what goes over the wire with the vendors' own schemas, which lie beside the checkout and are no part of it.
 *
 * OpenAPI 2 and 3 (requests: address, names of query parameters, body; answers: types of what is there) and Intuit's XSD
 * (names of fields). Vendors' schemas say little of null, so a null counts as absent.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { load } from 'js-yaml';
import type { RecordedRequest } from '../../connectors/kit/sandbox.ts';

const root = join(import.meta.dirname, '../../../shared/specs');

type Json = Record<string, unknown>;
interface Operation {
  template: string;
  pattern: RegExp;
  method: string;
  queryNames: Set<string>;
  /** Made when it is asked for: a large vendor's hundreds of operations take minutes. */
  request: () => ValidateFunction | null;
  answer: (status: string) => ValidateFunction | null;
}

export interface VendorSchemas {
  /** What is wrong with one exchange, in words; empty when nothing is. */
  problemsOf(exchange: RecordedRequest): string[];
}

/** Null when the schemas of this vendor do not lie beside the checkout. */
export function readVendorSchemas(id: string): VendorSchemas | null {
  const folder = join(root, id);
  if (!existsSync(folder)) return null;
  const files = readdirSync(folder);
  const xsd = files.filter((file) => file.endsWith('.xsd'));
  if (xsd.length > 0) return namesOnly(xsd.map((file) => readFileSync(join(folder, file), 'utf8')));
  const documents = files
    .filter((file) => /openapi.*\.(json|ya?ml)$/.test(file))
    .map((file) => load(readFileSync(join(folder, file), 'utf8')) as Json);
  if (documents.length === 0) return null;
  const operations = documents.flatMap(operationsOf);
  return { problemsOf: (exchange) => problemsOf(operations, exchange) };
}

function problemsOf(operations: readonly Operation[], exchange: RecordedRequest): string[] {
  const { method, path, query, body, status, answer } = exchange;
  const matching = operations
    .filter((operation) => operation.method === method && operation.pattern.test(path))
    .sort((one, other) => literal(other.template) - literal(one.template));
  const [operation] = matching;
  const where = `${method} ${path}`;
  if (!operation) return [`${where}: the schema knows no such address`];
  const problems = Object.keys(query)
    .filter((name) => !operation.queryNames.has(name) && !operation.queryNames.has(name.replace(/\[\]$/, '')))
    .map((name) => `${where}: no query parameter "${name}"`);
  const request = body !== null && typeof body === 'object' ? operation.request() : null;
  if (request && !request(withoutNulls(body))) problems.push(...wordsOf(where, request));
  const validate = operation.answer(String(status));
  if (validate && answer !== null && status !== null && status < 300 && isJson(answer)) {
    if (!validate(withoutNulls(JSON.parse(answer))))
      problems.push(...wordsOf(`${where} → ${status}`, validate));
  }
  return problems;
}

const literal = (template: string) => template.replace(/\{[^}]*\}/g, '').length;
const mostWords = 5;
function wordsOf(where: string, { errors }: ValidateFunction): string[] {
  return (errors ?? [])
    .slice(0, mostWords)
    .map(
      ({ instancePath, message, params }) => `${where}: ${instancePath} ${message} ${JSON.stringify(params)}`,
    );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) => (field === null ? [] : [[name, withoutNulls(field)]])),
  );
}

function operationsOf(document: Json): Operation[] {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, logger: false });
  const named = { request: {}, answer: {} };
  const compile = (schema: unknown, kind: keyof typeof named): ValidateFunction | null => {
    if (typeof schema !== 'object' || schema === null) return null;
    try {
      const $defs: Json = named[kind];
      return ajv.compile({ ...(resolved(document, schema, kind === 'request', $defs) as Json), $defs });
    } catch {
      // A schema that is itself broken says nothing.
      return null;
    }
  };
  return Object.entries((document.paths ?? {}) as Json).flatMap(([template, item]) =>
    ['get', 'post', 'put', 'patch', 'delete'].flatMap((method) => {
      const operation = (item as Json)[method] as Json | undefined;
      if (!operation) return [];
      const parameters = [
        ...(((item as Json).parameters ?? []) as Json[]),
        ...((operation.parameters ?? []) as Json[]),
      ].map((parameter) => dereferenced(document, parameter));
      const inBody = parameters.find((parameter) => parameter.in === 'body')?.schema;
      const saidOf = (status: string) =>
        dereferenced(document, ((operation.responses ?? {}) as Json)[status] as Json | undefined);
      return [
        {
          template,
          method: method.toUpperCase(),
          pattern: new RegExp(
            `^(/.*)?${template
              .split(/\{[^}]*\}/)
              .map((part) => part.replace(/[.*+?^$()|[\]\\]/g, '\\$&'))
              .join('[^/]+')}/?$`,
          ),
          queryNames: new Set(
            parameters
              .filter((parameter) => parameter.in === 'query')
              .map((parameter) => String(parameter.name).replace(/\[\]$/, '')),
          ),
          request: kept(() =>
            compile(inBody ?? jsonOf(dereferenced(document, operation.requestBody as Json)), 'request'),
          ),
          answer: kept((status) => compile(saidOf(status).schema ?? jsonOf(saidOf(status)), 'answer')),
        },
      ];
    }),
  );
}

function jsonOf(said: Json): unknown {
  const content = Object.entries((said.content ?? {}) as Json).find(([type]) => type.includes('json'));
  return (content?.[1] as Json | undefined)?.schema;
}

/** The same answer to the same question, made once. */
function kept<Made>(make: (name: string) => Made): (name?: string) => Made {
  const made = new Map<string, Made>();
  return (name = '') => {
    if (!made.has(name)) made.set(name, make(name));
    return made.get(name)!;
  };
}

function dereferenced(document: Json, node: Json | undefined): Json {
  const reference = node?.$ref;
  if (node === undefined) return {};
  if (typeof reference !== 'string' || !reference.startsWith('#/')) return node;
  const found = reference
    .slice(2)
    .split('/')
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, part) => (at as Json | undefined)?.[part], document);
  return dereferenced(document, (found ?? {}) as Json);
}

/**
 * With its references among `defs`, each once (a vendor's documents name one another in circles); of a request, names that
 * the schema does not list are refused.
 */
function resolved(document: Json, node: unknown, isRequest: boolean, defs: Json): unknown {
  if (Array.isArray(node)) return node.map((item) => resolved(document, item, isRequest, defs));
  if (typeof node !== 'object' || node === null) return node;
  const reference = (node as Json).$ref;
  if (typeof reference === 'string') {
    const name = reference.replace(/[^A-Za-z0-9]/g, '_');
    if (!(name in defs)) {
      // Its place first: it may lead back to itself.
      defs[name] = {};
      defs[name] = resolved(document, dereferenced(document, node as Json), isRequest, defs);
    }
    return { $ref: `#/$defs/${name}` };
  }
  const copy: Json = {};
  for (const [name, value] of Object.entries(node as Json)) {
    if (name === 'example' || name === 'examples' || name === 'default' || name === 'description') continue;
    // Vendors' lists of words grow, and their patterns and lengths are written for the page, not for a machine.
    if (!isRequest && (name === 'enum' || name === 'pattern' || name === 'required')) continue;
    copy[name] =
      name === 'properties'
        ? Object.fromEntries(
            Object.entries(value as Json).map(([field, schema]) => [
              field,
              resolved(document, schema, isRequest, defs),
            ]),
          )
        : name === 'required' && !Array.isArray(value)
          ? undefined
          : resolved(document, value, isRequest, defs);
  }
  if (copy.required === undefined) delete copy.required;
  // Swagger's own mistake: a boolean or an empty list.
  if (typeof copy.exclusiveMinimum === 'boolean') delete copy.exclusiveMinimum;
  const isOpen = copy.additionalProperties !== undefined || copy.allOf || copy.oneOf || copy.anyOf;
  if (isRequest && copy.properties && !isOpen) copy.additionalProperties = false;
  return copy;
}

/** Every field that is sent must be an element of the schema. */
function namesOnly(texts: readonly string[]): VendorSchemas {
  const names = new Set(
    texts.flatMap((text) =>
      [...text.matchAll(/(?:element|attribute)\s+name="([^"]+)"/g)].map(([, name]) => name!),
    ),
  );
  // JSON's own words, in Intuit's documentation and not in the XML schema.
  for (const name of ['value', 'name', 'type']) names.add(name);
  return {
    problemsOf: ({ method, path, body }) =>
      [...fieldNames(body)]
        .filter((name) => !names.has(name))
        .map((name) => `${method} ${path}: the schema has no field "${name}"`),
  };
}

function* fieldNames(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* fieldNames(item);
  else if (typeof value === 'object' && value !== null)
    for (const [name, field] of Object.entries(value)) {
      yield name;
      yield* fieldNames(field);
    }
}
