/** Owns finding a mapping's columns in a file's header, and reading a field's text from a row. */

import type { ImportMapping, TextSource } from './mapping.ts';
import { templateColumns } from './template-columns.ts';

/** Gives a field's text for one row, trimmed; `''` when there is none. */
export type ReadText = (row: readonly string[]) => string;

export interface ResolvedSource {
  read: ReadText;
  /** True when every part of a template has text in this row (a half-empty key is no key). */
  isComplete: (row: readonly string[]) => boolean;
  /** False when an optional column is not in this file. */
  present: boolean;
}

export interface ResolvedColumns {
  /** By path in the mapping: `workDate`, `person.name`, `key.natural`. */
  sources: ReadonlyMap<string, ResolvedSource>;
  /** One sentence for each field that cannot be found, or not in one place only; empty when the header fits. */
  problems: string[];
}

/** Finds every source of the mapping in the header. Names are compared without regard to case and runs of spaces. */
export function resolveColumns(mapping: ImportMapping, header: readonly string[]): ResolvedColumns {
  const names = header.map(normal);
  const sources = new Map<string, ResolvedSource>();
  const problems: string[] = [];
  for (const [path, source] of listSources(mapping)) {
    const resolved = resolveSource(source, names, header);
    if (typeof resolved === 'string') problems.push(`${resolved} (needed by ${path})`);
    else sources.set(path, resolved);
  }
  return { sources, problems };
}

function* listSources(mapping: ImportMapping): Generator<[string, TextSource]> {
  if ('natural' in mapping.key) yield ['key.natural', mapping.key.natural];
  for (const [field, value] of Object.entries(mapping.fields)) {
    if (value === undefined) continue;
    if (isTextSource(value)) yield [field, value];
    else {
      for (const [part, source] of Object.entries(value))
        if (source !== undefined) yield [`${field}.${part}`, source];
    }
  }
}

function isTextSource(value: object): value is TextSource {
  return 'columns' in value || 'constant' in value || 'template' in value || 'fromHeader' in value;
}

const absent: ResolvedSource = { read: () => '', isComplete: () => false, present: false };

function resolveSource(
  source: TextSource,
  names: string[],
  header: readonly string[],
): ResolvedSource | string {
  if ('constant' in source) {
    const text = source.constant.trim();
    return { read: () => text, isComplete: () => text !== '', present: true };
  }
  if ('template' in source) return resolveTemplate(source.template, source.optional, names);
  if ('fromHeader' in source) {
    const found = findColumn(source.fromHeader, names);
    if (typeof found === 'string') return found;
    if (found === null) return source.optional ? absent : `no column "${source.fromHeader}"`;
    const text = starText(source.fromHeader, header[found]!);
    return { read: () => text, isComplete: () => text !== '', present: true };
  }
  for (const name of source.columns) {
    const found = findColumn(name, names);
    if (typeof found === 'string') return found;
    if (found === null) continue;
    const read: ReadText = (row) => row[found]!.trim();
    return { read, isComplete: (row) => read(row) !== '', present: true };
  }
  if (source.optional) return absent;
  return `no column ${source.columns.map((name) => `"${name}"`).join(' or ')}`;
}

function resolveTemplate(template: string, optional: boolean, names: string[]): ResolvedSource | string {
  const literals = template.split(/\{[^{}]+\}/);
  const columns: number[] = [];
  for (const name of templateColumns(template)) {
    const found = findColumn(name, names);
    if (typeof found === 'string') return found;
    if (found === null) return optional ? absent : `no column "${name}"`;
    columns.push(found);
  }
  const isComplete = (row: readonly string[]) => columns.every((column) => row[column]!.trim() !== '');
  const read: ReadText = (row) => {
    let text = literals[0]!;
    for (const [index, column] of columns.entries()) text += row[column]!.trim() + literals[index + 1]!;
    return text.trim();
  };
  return { read, isComplete, present: true };
}

/** The column's index; null when there is none; a sentence when there are several. */
function findColumn(name: string, names: readonly string[]): number | null | string {
  const pattern = starPattern(normal(name));
  const found = names.flatMap((candidate, index) => (pattern.test(candidate) ? [index] : []));
  if (found.length > 1) return `${found.length} columns are named "${name}"`;
  return found[0] ?? null;
}

function starText(name: string, column: string): string {
  return starPattern(name.trim()).exec(column.trim())?.[1]?.trim() ?? '';
}

function starPattern(name: string): RegExp {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replace('\\*', '(.*)');
  return new RegExp(`^${escaped}$`, 'i');
}

function normal(name: string): string {
  return name.trim().replaceAll(/\s+/g, ' ').toLowerCase();
}
