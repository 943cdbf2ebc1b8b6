/** Owns suggesting which of our records a source may mean by a name that nobody knows. A suggestion is never applied by itself. */
import { foldName, type TargetKind } from './match.ts';
import type { SourceRef } from './work-entry.ts';

export interface Candidate {
  id: string;
  /** A project's client, a task's project. */
  parentId: string | null;
  code: string | null;
  name: string;
}
export interface Suggestion {
  targetId: string;
  name: string;
  code: string | null;
  /** 0 to 1, with two decimals: 1 is the same but for accents and punctuation. */
  score: number;
}

export const suggestionsPerName = 5;
/** Below this, likeness is chance. */
const lowestScore = 0.35;
/** One name within the other says less than two equal names. */
const withinWeight = 0.85;
const maxChars = 200;

/** Letters and digits only, without accents, in words. */
export function plainWords(text: string): string[] {
  return foldName(text.slice(0, maxChars))
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

/** As pg_trgm makes them: each word with two spaces before and one after, in threes. */
export function trigrams(text: string): Set<string> {
  const found = new Set<string>();
  for (const word of plainWords(text)) {
    const padded = `  ${word} `;
    for (let at = 0; at + 3 <= padded.length; at += 1) found.add(padded.slice(at, at + 3));
  }
  return found;
}

interface Indexed extends Candidate {
  grams: ReadonlySet<string>;
}

/** Candidates of one kind by their trigrams: a name looks only at those it shares one with. */
export class SuggestionIndex {
  readonly #indexed: Indexed[];
  readonly #byGram = new Map<string, number[]>();

  constructor(candidates: readonly Candidate[]) {
    this.#indexed = candidates.map((candidate) => ({ ...candidate, grams: trigrams(candidate.name) }));
    for (const [place, { grams, code }] of this.#indexed.entries()) {
      const all = code === null ? grams : new Set([...grams, ...trigrams(code)]);
      for (const gram of all) {
        const places = this.#byGram.get(gram);
        if (places) places.push(place);
        else this.#byGram.set(gram, [place]);
      }
    }
  }

  /** The most alike first, at most five; `parents` (null: any) are the only ones whose records are meant. */
  suggest(ref: SourceRef, parents: ReadonlySet<string> | null): Suggestion[] {
    const named = trigrams(ref.name ?? '');
    const coded = new Set([...trigrams(ref.code ?? ''), ...named]);
    const codeWords = new Set([...plainWords(ref.code ?? ''), ...plainWords(ref.name ?? '')]);
    const places = new Set([...coded].flatMap((gram) => this.#byGram.get(gram) ?? []));
    return [...places]
      .map((place) => this.#indexed[place]!)
      .filter(({ parentId }) => parents === null || (parentId !== null && parents.has(parentId)))
      .map(({ id, name, code, grams }) => ({
        targetId: id,
        name,
        code,
        score: roundScore(Math.max(likeness(named, grams), codeLikeness(codeWords, code))),
      }))
      .filter(({ score }) => score >= lowestScore)
      .sort((a, b) => b.score - a.score || a.name.localeCompare(b.name) || (a.targetId < b.targetId ? -1 : 1))
      .slice(0, suggestionsPerName);
  }
}

/** Shared trigrams over all (as pg_trgm), or over those of the shorter name where it lies within the other. */
export function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size === 0 || b.size === 0) return 0;
  const [less, more] = a.size <= b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const gram of less) if (more.has(gram)) shared += 1;
  return Math.max(shared / (a.size + b.size - shared), (withinWeight * shared) / less.size);
}

/** Our code stands in what the source says, as a word of its own: "REF-2 Refit of hull 7". */
function codeLikeness(words: ReadonlySet<string>, code: string | null): number {
  const own = plainWords(code ?? '');
  return own.join('').length >= 2 && own.every((word) => words.has(word)) ? 0.9 : 0;
}

const roundScore = (score: number) => Math.round(score * 100) / 100;

/** Kinds whose records lie below others. */
export const hasParent = (kind: TargetKind): boolean => kind === 'project' || kind === 'task';
