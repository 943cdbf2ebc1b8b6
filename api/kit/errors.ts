/** Owns the one place where whatever was thrown becomes a refusal: domain errors, Postgres errors, everything else. */
import { Refusal } from '../../domain/refusal.ts';
import { type ConstraintFacts, findConstraint } from '../../store/constraints.ts';
import type { Database } from '../../store/database.ts';

/** The fields of a `pg` DatabaseError that are read here. */
interface PostgresError extends Error {
  code: string;
  severity: string;
  table?: string;
  constraint?: string;
  column?: string;
}

const isPostgresError = (error: unknown): error is PostgresError =>
  error instanceof Error &&
  typeof (error as Partial<PostgresError>).severity === 'string' &&
  /^[0-9A-Z]{5}$/.test((error as Partial<PostgresError>).code ?? '');

const networkCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND', 'EPIPE', 'EAI_AGAIN']);
/** Words of `pg` and `pg-pool` for a connection that was not had; they carry no code. */
const lostConnection =
  /^(timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Cannot use a pool after calling end)/;

/**
 * Null: the error is not the caller's to know; answer 500 and log it. Texts of Postgres never reach the caller, except
 * those that our own triggers raise.
 */
export async function toRefusal(error: unknown, database: Database): Promise<Refusal | null> {
  if (error instanceof Refusal) return error;
  if (isPostgresError(error)) return fromPostgres(error, database);
  if (!(error instanceof Error)) return null;
  const code = (error as { code?: string }).code ?? '';
  if (networkCodes.has(code) || lostConnection.test(error.message)) return databaseUnavailable();
  // Express: a path with broken percent-encoding.
  if (error instanceof URIError || (error as { status?: number }).status === 400)
    return new Refusal({ code: 'request.malformed', status: 400, message: 'The request could not be read.' });
  return null;
}

const databaseUnavailable = () =>
  new Refusal({
    code: 'database.unavailable',
    status: 503,
    message: 'The database does not answer at the moment; nothing was changed.',
    whatToDo: 'Repeat in a few seconds, with the same Idempotency-Key.',
    retryAfterSeconds: 2,
  });

async function fromPostgres(error: PostgresError, database: Database): Promise<Refusal | null> {
  const { code } = error;
  if (code === '23505' || code === '23503' || code === '23514') {
    const facts =
      error.table && error.constraint
        ? await findConstraint(database, error.table, error.constraint).catch(() => null)
        : null;
    return fromConstraint(error, facts);
  }
  // Raised by our own append-only and immutability triggers, with a sentence for a person.
  if (code === '23000')
    return new Refusal({ code: 'record.immutable', message: `${error.message}.`.replace(/\.+$/, '.') });
  // Data exceptions: NUL in a text, a number out of range, an impossible date.
  if (code.startsWith('22'))
    return new Refusal({
      code: 'value.unacceptable',
      status: 422,
      message:
        'A value of the request cannot be stored: a forbidden character, or a number or date out of range.',
      whatToDo: 'Check texts for control characters, and numbers and dates for their size.',
    });
  if (code.startsWith('08') || code.startsWith('57P') || code === '53300') return databaseUnavailable();
  // Time-out, or still deadlocked after several attempts.
  if (code === '57014' || code === '40001' || code === '40P01' || code === '55P03')
    return new Refusal({
      code: 'database.busy',
      status: 503,
      message: 'The command could not be completed in time; nothing was changed.',
      whatToDo: 'Repeat it, with the same Idempotency-Key.',
      retryAfterSeconds: 1,
    });
  return null;
}

const camel = (text: string) => text.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const words = (text: string) => text.replaceAll('_', ' ');

function fromConstraint(error: PostgresError, facts: ConstraintFacts | null): Refusal {
  const table = error.table ?? 'record';
  const columns = facts?.columns ?? [];
  const errors = (detail: string) => columns.map((column) => ({ pointer: `/${camel(column)}`, detail }));
  const named = columns.map(words).join(' and ') || 'values';
  if (error.code === '23505')
    return new Refusal({
      code: `${table}.duplicate`,
      message: `Another one of the ${words(table)} has the same ${named}.`,
      whatToDo: `Use the existing one, or another ${named}.`,
      errors: errors('is taken'),
    });
  if (error.code === '23503')
    return error.message.startsWith('update or delete')
      ? new Refusal({
          code: `${table}.in_use`,
          message: 'This is still referred to and cannot be removed.',
          whatToDo: 'Archive it instead, or remove what refers to it first.',
        })
      : new Refusal({
          code: 'reference.unknown',
          status: 422,
          message: `${named} names nothing that exists in this workspace.`,
          whatToDo: 'Use the id of an existing record.',
          errors: errors('names nothing in this workspace'),
        });
  return new Refusal({
    code: 'value.not_allowed',
    status: 422,
    message: `The ${named} of the ${words(table)} ${columns.length > 1 ? 'do not fit together' : 'is not allowed'}.`,
    errors: errors('is not allowed'),
  });
}
