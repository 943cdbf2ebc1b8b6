/**
 * Owns the query language of the QuickBooks Online sandbox: a strict reader and its evaluation over plain records.
 *
 * The language (Intuit docs, "Data queries"): no OR, no joins, no projections; operators IN = < > <= >= LIKE; values in
 * single quotes with `\'` for a quote; STARTPOSITION from 1; MAXRESULTS at most 1000, 100 when it is not sent.
 */
import { Decimal } from 'decimal.js';

const MAX_RESULTS = 1_000;
const DEFAULT_RESULTS = 100;
const OPERATORS = ['=', '<', '>', '<=', '>=', 'LIKE', 'IN'] as const;
type Operator = (typeof OPERATORS)[number];

/** How a field's values compare. `id` orders by number, `instant` by point in time, text without case. */
export type FieldKind = 'id' | 'text' | 'reference' | 'day' | 'instant' | 'amount' | 'flag';

export interface Condition {
  field: string;
  operator: Operator;
  values: readonly string[];
}

export interface Query {
  counts: boolean;
  entity: string;
  conditions: readonly Condition[];
  order: readonly { field: string; descending: boolean }[];
  /** 1-based. */
  startPosition: number;
  maxResults: number;
}

/** A query that the vendor refuses: 4000 cannot be parsed, 4001 names something that cannot be queried. */
export class QueryError extends Error {
  readonly code: '4000' | '4001';
  constructor(code: '4000' | '4001', detail: string) {
    super(detail);
    this.code = code;
  }
}

interface Token {
  kind: 'word' | 'string' | 'symbol';
  text: string;
}

/** Reads `select * from Entity …`; keywords in any case, entity and field names as written. Throws QueryError. */
export function parseQuery(text: string): Query {
  const tokens = tokenise(text);
  let position = 0;
  const peek = () => tokens[position];
  const isKeyword = (word: string) => peek()?.kind === 'word' && peek()?.text.toUpperCase() === word;
  const fail = (expected: string): never => {
    const found = peek();
    throw new QueryError(
      '4000',
      `QueryParserError: expected ${expected}, found ${found === undefined ? 'the end' : `"${found.text}"`}.`,
    );
  };
  const takeKeyword = (word: string): boolean => {
    if (!isKeyword(word)) return false;
    position += 1;
    return true;
  };
  const takeSymbol = (symbol: string): boolean => {
    if (peek()?.kind !== 'symbol' || peek()?.text !== symbol) return false;
    position += 1;
    return true;
  };
  const takeWord = (expected: string): string => {
    const token = peek();
    if (token?.kind !== 'word') return fail(expected);
    position += 1;
    return token.text;
  };
  const takeValue = (): string => {
    const token = peek();
    const isFlag = token?.kind === 'word' && /^(true|false)$/i.test(token.text);
    if (token === undefined || (token.kind !== 'string' && !isFlag))
      return fail("a value in single quotes ('…')");
    position += 1;
    return isFlag ? token.text.toLowerCase() : token.text;
  };
  const takeCount = (name: string, min: number, max: number): number => {
    const word = takeWord(`a number after ${name}`);
    if (!/^\d{1,9}$/.test(word) || Number(word) < min || Number(word) > max)
      throw new QueryError(
        '4000',
        `QueryValidationError: ${name} must be from ${min} to ${max}, not "${word}".`,
      );
    return Number(word);
  };
  const takeCondition = (): Condition => {
    const field = takeWord('a field');
    if (takeKeyword('LIKE')) return { field, operator: 'LIKE', values: [takeValue()] };
    if (takeKeyword('IN')) {
      if (!takeSymbol('(')) fail('"(" after IN');
      const values = [takeValue()];
      while (takeSymbol(',')) values.push(takeValue());
      if (!takeSymbol(')')) fail('")" after the values of IN');
      return { field, operator: 'IN', values };
    }
    const operator =
      OPERATORS.find((candidate) => takeSymbol(candidate)) ?? fail(`one of ${OPERATORS.join(' ')}`);
    return { field, operator, values: [takeValue()] };
  };

  if (!takeKeyword('SELECT')) fail('SELECT');
  let counts = false;
  if (takeKeyword('COUNT')) {
    if (!(takeSymbol('(') && takeSymbol('*') && takeSymbol(')'))) fail('COUNT(*)');
    counts = true;
  } else if (!takeSymbol('*')) fail('* or COUNT(*) (there are no projections)');
  if (!takeKeyword('FROM')) fail('FROM');
  const entity = takeWord('an entity');

  const conditions: Condition[] = [];
  if (takeKeyword('WHERE')) {
    do conditions.push(takeCondition());
    while (takeKeyword('AND'));
    if (isKeyword('OR')) fail('AND (the language has no OR)');
  }
  const order: { field: string; descending: boolean }[] = [];
  if (takeKeyword('ORDERBY')) {
    do {
      const field = takeWord('a field to order by');
      const descending = takeKeyword('DESC');
      if (!descending) takeKeyword('ASC');
      order.push({ field, descending });
    } while (takeSymbol(','));
  }
  const startPosition = takeKeyword('STARTPOSITION') ? takeCount('STARTPOSITION', 1, 999_999_999) : 1;
  const maxResults = takeKeyword('MAXRESULTS') ? takeCount('MAXRESULTS', 1, MAX_RESULTS) : DEFAULT_RESULTS;
  if (position < tokens.length)
    fail('WHERE, AND, ORDERBY, STARTPOSITION, MAXRESULTS or the end, in that order');
  return { counts, entity, conditions, order, startPosition, maxResults };
}

function tokenise(text: string): Token[] {
  const pattern = /\s+|'((?:\\.|[^'\\])*)'|([A-Za-z0-9_][A-Za-z0-9_.]*)|(<=|>=|[=<>(),*])/sy;
  const tokens: Token[] = [];
  while (pattern.lastIndex < text.length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null)
      throw new QueryError(
        '4000',
        `QueryParserError: cannot read from character ${from + 1}: ${text.slice(from, from + 40)}`,
      );
    const [, quoted, word, symbol] = match;
    if (quoted !== undefined) {
      // Two strings in a row are the SQL habit of doubling a quote; here a quote is escaped with a backslash.
      if (tokens.at(-1)?.kind === 'string')
        throw new QueryError(
          '4000',
          `QueryParserError: two strings in a row; write a quote inside a value as \\'.`,
        );
      tokens.push({ kind: 'string', text: quoted.replace(/\\(['\\])/g, '$1') });
    } else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol });
  }
  return tokens;
}

/**
 * The records that meet the conditions, in order, before paging. Throws QueryError for a field that `fields` does not
 * name or a value that its kind cannot hold.
 */
export function selectRecords<T extends object>(
  query: Query,
  records: readonly T[],
  fields: Readonly<Record<string, FieldKind>>,
): T[] {
  const kindOf = (field: string): FieldKind => {
    const kind = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (kind === undefined)
      throw new QueryError(
        '4001',
        `QueryValidationError: Property ${field} not found for Entity ${query.entity} (or not queryable); known: ${Object.keys(fields).join(', ')}.`,
      );
    return kind;
  };
  const tests = query.conditions.map((condition) => toTest<T>(condition, kindOf(condition.field)));
  const orders = query.order.map(({ field, descending }) => ({
    field,
    kind: kindOf(field),
    sign: descending ? -1 : 1,
  }));
  const selected = records.filter((record) => tests.every((test) => test(record)));
  if (orders.length === 0) return selected;
  return selected.sort((a, b) => {
    for (const { field, kind, sign } of orders) {
      const compared = compareMissingFirst(readField(a, field), readField(b, field), kind) * sign;
      if (compared !== 0) return compared;
    }
    return 0;
  });
}

/**
 * One page. Without ORDERBY no order is promised, and public captures show rows twice: here each further page is
 * shifted by a row, so it repeats the last row of the page before and the last rows of all are never seen.
 */
export function pageOf<T>(query: Query, selected: readonly T[]): T[] {
  const { startPosition, maxResults, order } = query;
  const shift = order.length === 0 ? Math.ceil((startPosition - 1) / maxResults) : 0;
  const from = Math.max(0, startPosition - 1 - shift);
  // The page ends where it would without the shift, so that the number of rows stays true.
  const to = Math.min(selected.length, startPosition - 1 + maxResults) - shift;
  return selected.slice(from, Math.max(from, to));
}

function toTest<T extends object>(condition: Condition, kind: FieldKind): (record: T) => boolean {
  const { field, operator, values } = condition;
  for (const value of values) refuseUnfit(field, kind, value);
  const [first = ''] = values;
  const compare = (record: T, meets: (compared: number) => boolean) => {
    const value = readField(record, field);
    return value !== undefined && meets(compareValues(value, first, kind));
  };
  switch (operator) {
    case '=':
      return (record) => compare(record, (compared) => compared === 0);
    case '<':
      return (record) => compare(record, (compared) => compared < 0);
    case '>':
      return (record) => compare(record, (compared) => compared > 0);
    case '<=':
      return (record) => compare(record, (compared) => compared <= 0);
    case '>=':
      return (record) => compare(record, (compared) => compared >= 0);
    case 'IN':
      return (record) => {
        const value = readField(record, field);
        return value !== undefined && values.some((candidate) => compareValues(value, candidate, kind) === 0);
      };
    case 'LIKE': {
      if (kind !== 'text')
        throw new QueryError('4001', `QueryValidationError: LIKE works on text, and ${field} is none.`);
      const parts = first.split('%').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
      const pattern = new RegExp(`^${parts.join('.*')}$`, 'is');
      return (record) => pattern.test(readField(record, field) ?? '');
    }
  }
}

function refuseUnfit(field: string, kind: FieldKind, value: string): void {
  const fits = {
    id: /^\w+$/,
    text: /^/,
    reference: /^\w+$/,
    day: /^\d{4}-\d\d-\d\d$/,
    // A raw "+" in the URL arrives as a space, so an offset that was not encoded fails here, as it should.
    instant: /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/,
    amount: /^-?\d+(\.\d+)?$/,
    flag: /^(true|false)$/,
  }[kind].test(value);
  if (!fits)
    throw new QueryError('4000', `QueryValidationError: "${value}" is not a value of ${field} (${kind}).`);
}

/** The field's value as text; a reference gives its `value`; undefined when the record has no such field. */
function readField(record: object, field: string): string | undefined {
  let value: unknown = record;
  for (const name of field.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  if (typeof value === 'object' && value !== null) value = (value as { value?: unknown }).value;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

function compareMissingFirst(a: string | undefined, b: string | undefined, kind: FieldKind): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareValues(a, b, kind);
}

function compareValues(a: string, b: string, kind: FieldKind): number {
  switch (kind) {
    case 'instant':
      return Math.sign(Date.parse(a) - Date.parse(b));
    case 'amount':
      return new Decimal(a).comparedTo(b);
    case 'id':
      // Tax codes of US companies have words for ids.
      return /^\d+$/.test(a) && /^\d+$/.test(b) ? new Decimal(a).comparedTo(b) : compareText(a, b);
    case 'text':
      return compareText(a.toLowerCase(), b.toLowerCase());
    case 'reference':
    case 'day':
    case 'flag':
      return compareText(a, b);
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
