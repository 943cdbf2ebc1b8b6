/** Owns finding our client, project, task and person for what a source calls them. */
import type { SourceEntry, SourcePersonRef, SourceRef } from './work-entry.ts';

export const targetKinds = ['client', 'project', 'task', 'person'] as const;
export type TargetKind = (typeof targetKinds)[number];

export interface MappingRule {
  targetKind: TargetKind;
  matchBy: 'external_id' | 'code' | 'name' | 'pattern' | 'email';
  matchValue: string;
  targetId: string;
}
/** Everything a match may answer with; `parentId` is a project's client and a task's project. */
export interface DirectoryRow {
  kind: TargetKind;
  id: string;
  parentId: string | null;
  code: string | null;
  name: string;
  email: string | null;
}

export interface Match {
  clientId: string | null;
  projectId: string | null;
  taskId: string | null;
  personId: string | null;
  /** What could not be found although the source names it; ambiguous: several of ours carry the name. */
  unmatched: { kind: TargetKind; ref: SourceRef; ambiguous: boolean }[];
}

/** How names are compared: case, width and outer spaces do not count. */
export const foldName = (text: string) => text.normalize('NFKC').trim().toLowerCase();
const fold = foldName;
/** Stands for the parent that a source names and nobody here knows: nothing of ours lies below it. */
const unknownParent = 'unknown';
const mostFoundKept = 50_000;

/** One way to say what a ref is, for exceptions and caches: external id first, then code, then name. */
export function refKey(ref: SourceRef): string {
  return ref.externalId
    ? `id:${ref.externalId}`
    : ref.code
      ? `code:${fold(ref.code)}`
      : `name:${fold(ref.name ?? '')}`;
}

/**
 * Builds a matcher over mapping rules and the directory. Order: a rule by external id, code, name, e-mail, then pattern
 * (rules are a person's decision and win), then our own code, then our own name or e-mail. A name that several of ours
 * carry matches none of them: a guess would bill the wrong client.
 */
export class Matcher {
  #rules = new Map<string, string>();
  #patterns: { kind: TargetKind; matches: (name: string) => boolean; targetId: string }[] = [];
  /** An id, or the word `ambiguous`. */
  #own = new Map<string, string>();
  /** What was found, until a record is added: by what is looked for, and by the very object, which files repeat. */
  readonly #found = new Map<string, string | null>();
  #foundFor = new WeakMap<SourceRef, { kind: TargetKind; parent: string | null; id: string | null }>();
  #clientOfProject = new Map<string, string>();
  #projectOfTask = new Map<string, string>();

  constructor(rules: MappingRule[], directory: DirectoryRow[]) {
    for (const rule of rules) {
      if (rule.matchBy === 'pattern') {
        this.#patterns.push({
          kind: rule.targetKind,
          matches: wildcard(rule.matchValue),
          targetId: rule.targetId,
        });
      } else {
        const value = rule.matchBy === 'external_id' ? rule.matchValue : fold(rule.matchValue);
        this.#rules.set(`${rule.targetKind}|${rule.matchBy}|${value}`, rule.targetId);
      }
    }
    this.reload(directory);
  }

  /** Forgets what it knew of our records and learns them anew; the rules stay. */
  reload(directory: DirectoryRow[]): void {
    this.#forgetFound();
    this.#own.clear();
    this.#clientOfProject.clear();
    this.#projectOfTask.clear();
    for (const row of directory) this.add(row);
  }

  /** A twin to add records to that may yet be rolled back. */
  copy(): Matcher {
    const twin = new Matcher([], []);
    twin.#rules = this.#rules;
    twin.#patterns = this.#patterns;
    twin.#own = new Map(this.#own);
    twin.#clientOfProject = new Map(this.#clientOfProject);
    twin.#projectOfTask = new Map(this.#projectOfTask);
    return twin;
  }

  /** Makes a newly created record findable without rebuilding. */
  add(row: DirectoryRow): void {
    this.#forgetFound();
    const parent = row.kind === 'project' || row.kind === 'task' ? row.parentId : null;
    if (row.kind === 'project' && row.parentId) this.#clientOfProject.set(row.id, row.parentId);
    if (row.kind === 'task' && row.parentId) this.#projectOfTask.set(row.id, row.parentId);
    const remember = (key: string) => {
      const known = this.#own.get(key);
      this.#own.set(key, known !== undefined && known !== row.id ? 'ambiguous' : row.id);
    };
    for (const scope of parent ? [parent, '*'] : ['*']) {
      if (row.code) remember(`${row.kind}|${scope}|code|${fold(row.code)}`);
      remember(`${row.kind}|${scope}|name|${fold(row.name)}`);
      if (row.email) remember(`${row.kind}|${scope}|email|${fold(row.email)}`);
    }
  }

  #forgetFound(): void {
    if (this.#found.size === 0) return;
    this.#found.clear();
    this.#foundFor = new WeakMap();
  }

  match(entry: Pick<SourceEntry, 'client' | 'project' | 'task' | 'person'>): Match {
    const unmatched: Match['unmatched'] = [];
    const find = (kind: TargetKind, ref: SourceRef | SourcePersonRef | null, parent: string | null) => {
      if (!ref) return null;
      const id = this.#findOnce(kind, ref, parent);
      if (id !== null && id !== 'ambiguous') return id;
      // Below an unknown client there is nothing to map yet: the client's exception covers the entry.
      if (parent !== unknownParent) unmatched.push({ kind, ref, ambiguous: id === 'ambiguous' });
      return null;
    };
    const named = find('client', entry.client, null);
    // A project of the same name under another client is not meant.
    const projectId = find('project', entry.project, named ?? (entry.client ? unknownParent : null));
    const taskId = projectId ? find('task', entry.task, projectId) : null;
    const personId = find('person', entry.person, null);
    const clientId = (projectId ? this.#clientOfProject.get(projectId) : null) ?? named;
    return { clientId, projectId, taskId, personId, unmatched };
  }

  /** The same parties come again and again in a file. */
  #findOnce(kind: TargetKind, ref: SourceRef | SourcePersonRef, parent: string | null): string | null {
    const near = this.#foundFor.get(ref);
    if (near !== undefined && near.kind === kind && near.parent === parent) return near.id;
    // The separator does not occur in names of a source.
    const key = [kind, parent, ref.externalId, ref.code, ref.name, 'email' in ref ? ref.email : null].join(
      '\u0001',
    );
    let id = this.#found.get(key);
    if (id === undefined) {
      id = this.#find(kind, ref, parent);
      if (this.#found.size >= mostFoundKept) this.#forgetFound();
      this.#found.set(key, id);
    }
    this.#foundFor.set(ref, { kind, parent, id });
    return id;
  }

  /** An id, `ambiguous` where several of ours carry the name, or null. */
  #find(kind: TargetKind, ref: SourceRef | SourcePersonRef, parent: string | null): string | null {
    const email = 'email' in ref ? ref.email : null;
    // A rule for a task serves its own project only: another project's work must not take its price.
    const serves = (targetId: string) => kind !== 'task' || this.#projectOfTask.get(targetId) === parent;
    const keys: [string, string | null][] = [
      ['external_id', ref.externalId],
      ['code', ref.code],
      ['name', ref.name],
      ['email', email],
    ];
    for (const [by, value] of keys) {
      if (!value) continue;
      const ruled = this.#rules.get(`${kind}|${by}|${by === 'external_id' ? value : fold(value)}`);
      if (ruled && serves(ruled)) return ruled;
    }
    for (const { kind: patternKind, matches, targetId } of this.#patterns) {
      if (patternKind === kind && ref.name && matches(ref.name) && serves(targetId)) return targetId;
    }
    const scope = parent ?? '*';
    let ambiguous = false;
    for (const [by, value] of [
      ['code', ref.code],
      ['email', email],
      ['name', ref.name],
    ] as const) {
      if (!value) continue;
      const own = this.#own.get(`${kind}|${scope}|${by}|${fold(value)}`);
      if (own && own !== 'ambiguous') return own;
      ambiguous ||= own === 'ambiguous';
    }
    return ambiguous ? 'ambiguous' : null;
  }
}

const mostStars = 4;
const fewestLetters = 3;
/** What is wrong with a pattern, or null: it needs letters of its own, or it would be a rule for everything. */
export function patternProblem(pattern: string): string | null {
  const parts = pattern.split('*');
  if (parts.length - 1 > mostStars) return `at most ${mostStars} * in a pattern`;
  const letters = parts.join('').replace(/[^\p{L}\p{N}]/gu, '');
  return letters.length < fewestLetters
    ? `at least ${fewestLetters} letters or digits beside the * of a pattern`
    : null;
}

/** Whether a rule is about what a source calls something; an e-mail is not in a ref, see SourcePersonRef. */
export function ruleFits({
  matchBy,
  matchValue,
}: Pick<MappingRule, 'matchBy' | 'matchValue'>): (ref: SourceRef | SourcePersonRef) => boolean {
  if (matchBy === 'pattern') {
    const matches = wildcard(matchValue);
    return ({ name }) => name !== null && matches(name);
  }
  if (matchBy === 'external_id') return ({ externalId }) => externalId === matchValue;
  const value = fold(matchValue);
  return (ref) => {
    const said = matchBy === 'email' ? ('email' in ref ? ref.email : null) : ref[matchBy];
    return said !== null && fold(said) === value;
  };
}

/**
 * `*` stands for any text, everything else is literal; case does not count. The parts are looked for from the left, each once:
 * an expression with several stars would take a name of 200 letters for hours.
 */
export function wildcard(pattern: string): (name: string) => boolean {
  const [first = '', ...rest] = pattern.toLowerCase().split('*');
  const last = rest.pop();
  return (name) => {
    const text = name.toLowerCase();
    if (last === undefined) return text === first;
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
      return false;
    const end = text.length - last.length;
    let at = first.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}
