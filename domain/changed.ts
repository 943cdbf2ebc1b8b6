/** Owns what differs between two states of a record, as audit events tell it. */
import { canonicalJson } from './event-chain.ts';

export type Fields = Readonly<Record<string, unknown>>;

/**
 * The fields that differ, as they were and as they are; null where a side lacks one. Two empty objects when nothing
 * changed. Values are compared as JSON: `{ a: 1, b: 2 }` and `{ b: 2, a: 1 }` are the same.
 */
export function changed(before: object, after: object): { before: Fields; after: Fields } {
  const was = before as Fields;
  const is = after as Fields;
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
    (name) => canonicalJson(was[name] ?? null) !== canonicalJson(is[name] ?? null),
  );
  const pick = (from: Fields) => Object.fromEntries(names.map((name) => [name, from[name] ?? null]));
  return { before: pick(was), after: pick(is) };
}
