/** Owns the readable page of the API: one self-contained HTML document, rendered once from the OpenAPI document. */
import { createHash } from 'node:crypto';
import type { ApiDocument } from './openapi.ts';

const style = `
:root{color-scheme:light dark;--bg:#fbfbfa;--fg:#1c2024;--soft:#60656c;--line:#e2e3e0;--card:#fff;--code:#f2f3f0;--accent:#0b6e6e}
@media(prefers-color-scheme:dark){:root{--bg:#12171a;--fg:#e8eaec;--soft:#9aa3aa;--line:#2a3238;--card:#181f23;--code:#1f282d;--accent:#5cc8c2}}
*{box-sizing:border-box}html{scroll-padding-top:1rem}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.55 system-ui,sans-serif;display:grid;grid-template-columns:15rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.5rem 1rem;border-right:1px solid var(--line);font-size:14px}
nav strong{display:block;margin-bottom:1rem;font-size:1.15rem}nav a{display:block;padding:.15rem .5rem;color:inherit;text-decoration:none;border-radius:.3rem}
nav a:hover,nav a:focus-visible{background:var(--code)}
main{padding:2rem clamp(1rem,4vw,3rem);max-width:62rem}
h1{margin:0 0 .5rem}h2{margin:3rem 0 1rem;padding-bottom:.4rem;border-bottom:1px solid var(--line);text-transform:capitalize}h4{margin:1rem 0 .3rem;font-size:.85rem;color:var(--soft)}
p{margin:.4rem 0}.soft{color:var(--soft)}a{color:var(--accent)}
details{background:var(--card);border:1px solid var(--line);border-radius:.5rem;margin:.6rem 0}
summary{cursor:pointer;padding:.65rem .9rem;display:flex;flex-wrap:wrap;gap:.7rem;align-items:baseline}
details>div{padding:0 .9rem .9rem;border-top:1px solid var(--line)}
code,pre{font:13px/1.5 ui-monospace,monospace}pre{background:var(--code);padding:.8rem;border-radius:.4rem;overflow:auto;margin:.3rem 0}
.method{font-weight:700;min-width:3.6rem;color:var(--accent)}.tag{background:var(--code);border-radius:.3rem;padding:.05rem .4rem;font-size:12.5px}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}th{font-size:.85rem;color:var(--soft);font-weight:600}
@media(max-width:46rem){body{display:block}nav{position:static;height:auto;border-right:0;border-bottom:1px solid var(--line);columns:2}}
`;

/** The page runs no script and loads nothing. */
export const docsHeaders = {
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
};

/** The parts of an OpenAPI document that the page shows. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  const?: unknown;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  pattern?: string;
}
interface Content {
  schema?: Schema;
  example?: unknown;
}
interface Parameter {
  in: string;
  name: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}
interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Content>; description?: string };
  responses: Record<string, { description: string; content?: Record<string, Content> }>;
  'x-permission': string | null;
  'x-idempotency': string;
  'x-errors': string[];
}

const general: readonly [string, string][] = [
  ['auth.missing', 'No Authorization header. Send `Authorization: Bearer slk_…`.'],
  ['auth.malformed', 'The header holds no whole key.'],
  ['auth.invalid', 'The key does not exist, has expired or was revoked.'],
  ['auth.permission_missing', 'The key lacks the permission that the operation names.'],
  ['request.malformed_json', 'The body is not JSON in UTF-8.'],
  ['request.invalid_body', 'A field of the body is missing, unknown or not valid; errors[] points at each.'],
  ['request.invalid_query', 'A query parameter is unknown or not valid.'],
  ['request.too_large', 'The body is larger than allowed.'],
  ['request.unsupported_media_type', 'The Content-Type is not one that the operation reads.'],
  ['request.stale', 'If-Match names an older state: read again, then repeat the change.'],
  ['idempotency.key_required', 'The command moves money and needs an Idempotency-Key.'],
  ['idempotency.key_reused', 'The key belongs to another request. Use a new one for a new command.'],
  ['idempotency.in_flight', 'The first request with this key still runs. Repeat in a moment.'],
  ['reference.unknown', 'An id names nothing in this workspace.'],
  ['value.not_allowed', 'A value is outside of what is allowed.'],
  ['record.immutable', 'What was issued or recorded cannot change; correct it by a new record.'],
  ['database.unavailable', 'The database does not answer; nothing was changed. Repeat with the same key.'],
];

export function renderDocs(document: ApiDocument): string {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
      path,
      method,
      operation,
    })),
  );
  const tags = [...new Set(operations.map(({ operation }) => operation.tags[0] ?? ''))];
  const links = tags
    .map((tag) => `<a href="#${attribute(tag)}">${text(tag.replaceAll('-', ' '))}</a>`)
    .join('');
  const groups = tags.map((tag) => {
    const own = operations.filter(({ operation }) => operation.tags[0] === tag);
    const cards = own.map((entry) => renderOperation(entry, schemas)).join('');
    return `<section><h2 id="${attribute(tag)}">${text(tag.replaceAll('-', ' '))}</h2>${cards}</section>`;
  });
  const specific = [...new Set(operations.flatMap(({ operation }) => operation['x-errors']))].sort();
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Slipway API</title><style>${style}</style></head><body>
<nav aria-label="Resources"><strong>Slipway API</strong>${links}<a href="#problems">problems</a><a href="/api/v1/openapi.json">openapi.json</a></nav>
<main><h1>Slipway API</h1><p class="soft">Version ${text(document.info.version)} · ${operations.length} operations under <code>/api/v1</code></p>
<p>Send <code>Authorization: Bearer slk_…</code> with every request. A command that carries an <code>Idempotency-Key</code> may be
repeated: the same key with the same request gives the first answer again, marked <code>Idempotency-Replayed: true</code>.
Errors are problem details (RFC 9457) with a stable <code>code</code>; lists answer pages: pass <code>nextCursor</code> on as <code>cursor</code>.</p>
${groups.join('\n')}
<section><h2 id="problems">Problems</h2><table><tr><th>Code</th><th>Meaning</th></tr>${general.map(([code, meaning]) => `<tr id="problem-${attribute(code)}"><td><code>${text(code)}</code></td><td>${text(meaning)}</td></tr>`).join('')}${specific
    .filter((code) => !general.some(([known]) => known === code))
    .map(
      (code) =>
        `<tr id="problem-${attribute(code)}"><td><code>${text(code)}</code></td><td class="soft">Of the operations that list it; the answer says what to do.</td></tr>`,
    )
    .join('')}</table></section>
</main></body></html>`;
}

function renderOperation(
  { path, method, operation }: { path: string; method: string; operation: Operation },
  schemas: Record<string, Schema>,
): string {
  const permission = operation['x-permission'] ?? 'public';
  const [bodyType, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const parameters = (operation.parameters ?? []).map(
    (parameter) =>
      `<tr><td><code>${text(parameter.name)}</code>${parameter.required ? ' *' : ''}</td><td>${text(parameter.in)}</td><td><code>${text(shape(parameter.schema ?? {}, schemas))}</code></td><td>${text(parameter.description ?? parameter.schema?.description ?? '')}</td></tr>`,
  );
  const answers = Object.entries(operation.responses).filter(([status]) => Number(status) < 400);
  const refusals = Object.keys(operation.responses).filter((status) => Number(status) >= 400);
  return `<details id="${attribute(operation.operationId)}"><summary><span class="method">${method.toUpperCase()}</span><code>${text(path)}</code><span>${text(operation.summary)}</span></summary><div>
<p>${operation.description ? `${text(operation.description)}<br>` : ''}<span class="tag">${text(permission)}</span> ${operation['x-idempotency'] === 'required' ? '<span class="tag">Idempotency-Key required</span>' : ''}</p>
${parameters.length > 0 ? `<h4>Parameters</h4><table>${parameters.join('')}</table>` : ''}
${body ? `<h4>Body, ${text(bodyType ?? '')}</h4><pre>${text(shape(body.schema ?? {}, schemas))}</pre>` : ''}
${answers.map(([status, answer]) => renderAnswer(status, answer, schemas)).join('')}
<h4>Refusals</h4><p>${refusals.map((status) => `<span class="tag">${text(status)}</span>`).join(' ')} ${operation['x-errors'].map((code) => `<a href="#problem-${attribute(code)}"><code>${text(code)}</code></a>`).join(' ')}</p>
<h4>Example</h4><pre>${text(curl(path, method, operation, bodyType, body))}</pre></div></details>`;
}

function renderAnswer(
  status: string,
  answer: Operation['responses'][string],
  schemas: Record<string, Schema>,
): string {
  const [mediaType, content] = Object.entries(answer.content ?? {})[0] ?? [];
  const shown = content?.schema ? `<pre>${text(shape(content.schema, schemas))}</pre>` : '';
  return `<h4>${text(status)}, ${text(mediaType ?? 'no body')}</h4>${answer.description === 'Done.' ? '' : `<p>${text(answer.description)}</p>`}${shown}`;
}

function curl(path: string, method: string, operation: Operation, bodyType?: string, body?: Content): string {
  const lines = [`curl -X ${method.toUpperCase()} "$SLIPWAY_URL/api/v1${path}"`];
  if (operation['x-permission'] !== null) lines.push('-H "Authorization: Bearer $SLIPWAY_KEY"');
  if (operation['x-idempotency'] === 'required') lines.push('-H "Idempotency-Key: $(uuidgen)"');
  if (bodyType) lines.push(`-H "Content-Type: ${bodyType}"`);
  if (body?.example !== undefined)
    lines.push(`-d '${JSON.stringify(body.example).replaceAll("'", "'\\''")}'`);
  else if (bodyType) lines.push('--data-binary @FILE');
  return lines.join(' \\\n  ');
}

const maxDepth = 12;

/** A schema as a person writes a type: `{ name: string, code?: string }`. `level` is the indentation. */
function shape(schema: Schema, schemas: Record<string, Schema>, level = 0, depth = 0): string {
  if (depth > maxDepth) return '…';
  const inner = (part: Schema, deeper = 0) => shape(part, schemas, level + deeper, depth + 1);
  if (schema.$ref) return inner(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return options.map((option) => inner(option)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.properties) {
    const fields = Object.entries(schema.properties).map(([field, value]) => {
      const hint = value.description ? `  // ${value.description}` : '';
      return `${'  '.repeat(level + 1)}${field}${schema.required?.includes(field) ? '' : '?'}: ${inner(value, 1)}${hint}`;
    });
    return `{\n${fields.join('\n')}\n${'  '.repeat(level)}}`;
  }
  if (schema.items) return `${inner(schema.items)}[]`;
  if (typeof schema.additionalProperties === 'object')
    return `{ [name]: ${inner(schema.additionalProperties)} }`;
  return scalar(schema);
}

function scalar({ type = 'any', format, minimum, maximum, default: standard }: Schema): string {
  const name = Array.isArray(type) ? type.join(' | ') : type;
  // Every integer has the bounds of a JavaScript number; only those that somebody chose are worth a word.
  const [from, to] = [minimum, maximum].map((bound) =>
    bound === undefined || Math.abs(bound) === Number.MAX_SAFE_INTEGER ? '' : String(bound),
  );
  const bounds = from || to ? ` ${from}..${to}` : '';
  return `${name}${format ? ` (${format})` : bounds}${standard === undefined ? '' : ` = ${JSON.stringify(standard)}`}`;
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const text = (value: string) => value.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
const attribute = text;
