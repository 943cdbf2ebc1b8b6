/** Owns which entries of a connection come in at all: lists by project, client, task, person, group and tag, and billable only. */
import { foldName, wildcard } from './match.ts';
import type { SourceEntry, SourcePersonRef, SourceRef } from './work-entry.ts';

export const scopeFields = ['project', 'client', 'task', 'person', 'group', 'tag'] as const;
export type ScopeField = (typeof scopeFields)[number];

/**
 * An item of a list is an id of the source, a code, a name or an e-mail address; `*` in it stands for anything. Where a
 * field has an `include` list an entry needs one of it; one of `exclude` keeps it out all the same. Empty: everything.
 */
export interface Scope {
  billableOnly?: boolean | undefined;
  include?: Partial<Record<ScopeField, readonly string[] | undefined>> | undefined;
  exclude?: Partial<Record<ScopeField, readonly string[] | undefined>> | undefined;
}

/** Why an entry is outside, as it is counted: `project_excluded`, `tag_not_included`, `not_billable`. */
export type OutsideReason = 'not_billable' | `${ScopeField}_excluded` | `${ScopeField}_not_included`;

type Named = (names: readonly string[]) => boolean;

/** Compiles a scope once for many entries. Answers null for an entry inside it, else the first reason that it is not. */
export function scopeOf(scope: Scope): (entry: SourceEntry) => OutsideReason | null {
  const lists = scopeFields.map((field) => ({
    field,
    excluded: listOf(scope.exclude?.[field]),
    included: listOf(scope.include?.[field]),
  }));
  const used = lists.filter(({ excluded, included }) => excluded !== null || included !== null);
  const billableOnly = scope.billableOnly ?? false;
  return (entry) => {
    if (billableOnly && !entry.billable) return 'not_billable';
    for (const { field, excluded, included } of used) {
      const names = namesOf(entry, field);
      if (excluded?.(names)) return `${field}_excluded`;
      if (included && !included(names)) return `${field}_not_included`;
    }
    return null;
  };
}

function listOf(items: readonly string[] | undefined): Named | null {
  if (!items || items.length === 0) return null;
  const plain = new Set(items.filter((item) => !item.includes('*')).map(foldName));
  const patterns = items.filter((item) => item.includes('*')).map(wildcard);
  return (names) =>
    names.some((name) => plain.has(foldName(name)) || patterns.some((matches) => matches(name)));
}

function namesOf(entry: SourceEntry, field: ScopeField): readonly string[] {
  if (field === 'tag') return entry.tags ?? [];
  if (field === 'group') return entry.groups ?? [];
  const ref: SourceRef | SourcePersonRef | null = entry[field];
  if (ref === null) return [];
  const names = [ref.externalId, ref.code, ref.name, 'email' in ref ? ref.email : null];
  return names.filter((name) => name !== null);
}
