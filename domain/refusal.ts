/** Owns how domain and store code say no: one error with a stable code, a sentence, and what the person can do. */

export interface RefusalFacts {
  /** Stable, `<subject>.<problem>` in snake case, e.g. `invoice.already_issued`. */
  code: string;
  /** One sentence for a person: what is wrong. */
  message: string;
  /** One sentence: what to do about it. */
  whatToDo?: string;
  /** HTTP status the API answers with; 409 (the state does not allow it) unless said otherwise. */
  status?: number;
  /** Which parts of the request are wrong, as JSON pointers into its body (`/lines/0/amount`). */
  errors?: readonly RefusalField[];
  /** Facts for a program: ids, amounts, limits. Never secrets. */
  details?: Readonly<Record<string, unknown>>;
  /** Seconds after which a repeat may succeed. */
  retryAfterSeconds?: number;
}
export interface RefusalField {
  pointer: string;
  detail: string;
}

/** Thrown where a command is refused; the transaction rolls back and the API answers with problem details. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  readonly whatToDo: string | null;
  readonly errors: readonly RefusalField[];
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | null;

  constructor(facts: RefusalFacts) {
    super(facts.message);
    this.name = 'Refusal';
    this.code = facts.code;
    this.status = facts.status ?? 409;
    this.whatToDo = facts.whatToDo ?? null;
    this.errors = facts.errors ?? [];
    this.details = facts.details ?? {};
    this.retryAfterSeconds = facts.retryAfterSeconds ?? null;
  }
}

/** Returns the row, or refuses with 404 `<subject>.not_found`: the same answer for absent and for another workspace's. */
export function found<T>(row: T | null, subject: string): T {
  if (row !== null) return row;
  throw new Refusal({
    code: `${subject}.not_found`,
    status: 404,
    message: `There is no such ${subject.replaceAll('_', ' ')} in this workspace.`,
    whatToDo: 'Check the id, and that the key belongs to the right workspace.',
  });
}

/** A 422 that points at one field of the request body. */
export function invalidField(
  pointer: string,
  code: string,
  message: string,
  whatToDo?: string,
  details?: Record<string, unknown>,
): Refusal {
  return new Refusal({
    code,
    status: 422,
    message,
    errors: [{ pointer, detail: message }],
    ...(whatToDo === undefined ? {} : { whatToDo }),
    ...(details === undefined ? {} : { details }),
  });
}
