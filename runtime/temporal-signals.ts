/** Owns the call that makes a subject's workflow look: start it if it does not run, signal it either way. */
import { isGrpcServiceError, NamespaceNotFoundError, type WorkflowClient } from '@temporalio/client';
import type { SubjectType } from '../store/outbox.ts';
import type { SearchValues } from '../store/search-values.ts';
import { searchAttributes, toSearchAttributes } from './search-attributes.ts';

export interface Subject {
  workspaceId: string;
  subjectType: SubjectType;
  subjectId: string;
  /** What its workflow is found by, if this starts it. */
  search?: SearchValues;
}

/** Sends one look. Throws TemporalUnavailable when nobody could be reached, anything else when this subject is refused. */
export type SignalLook = (subject: Subject, signal?: AbortSignal) => Promise<void>;

/** Temporal cannot be reached or cannot take calls now; every subject would fare the same. */
export class TemporalUnavailable extends Error {
  override name = 'TemporalUnavailable';
}

/** The input of every subject's workflow. Durations are inputs: changing one breaks no running history. */
export interface SubjectInput {
  workspaceId: string;
  subjectId: string;
  durations: Record<string, number>;
}

/** The business key: workspace first, `<workspace>/client-invoice/<id>`. */
export function subjectWorkflowId({ workspaceId, subjectType, subjectId }: Subject): string {
  return `${workspaceId}/${subjectType.replaceAll('_', '-')}/${subjectId}`;
}

/** The exported name of the workflow function: `client_invoice` → `clientInvoice`. */
export function subjectWorkflowType(subjectType: SubjectType): string {
  return subjectType.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export interface SignalOptions {
  /** Milliseconds by name, per subject type. */
  durations?: Partial<Record<SubjectType, Record<string, number>>>;
  /** For one call with all its retries. */
  timeoutMs?: number;
  /** How long looks go without search attributes after the server refused them. */
  unsearchableMs?: number;
}

/** Answers a SignalLook for this client; `taskQueues` names the queue on which each subject's workflow runs. */
export function createSignalLook(
  client: WorkflowClient,
  taskQueues: Record<SubjectType, string>,
  { durations = {}, timeoutMs = 5_000, unsearchableMs = 60_000 }: SignalOptions = {},
): SignalLook {
  // Unknown to a server on which nobody has registered them yet: then looks go without for a while.
  let searchableFrom = Number.NEGATIVE_INFINITY;

  const send = async (subject: Subject, searchable: boolean) => {
    const { workspaceId, subjectType, subjectId, search = null } = subject;
    const input: SubjectInput = { workspaceId, subjectId, durations: durations[subjectType] ?? {} };
    await client.signalWithStart(subjectWorkflowType(subjectType), {
      workflowId: subjectWorkflowId(subject),
      taskQueue: taskQueues[subjectType],
      args: [input],
      signal: 'look',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      ...(searchable && {
        typedSearchAttributes: toSearchAttributes(workspaceId, search),
      }),
    });
  };
  const sendOrGoWithout = async (subject: Subject) => {
    const searchable = performance.now() >= searchableFrom;
    try {
      await send(subject, searchable);
    } catch (error) {
      if (!searchable || !refusesSearchAttribute(error)) throw error;
      searchableFrom = performance.now() + unsearchableMs;
      await send(subject, false);
    }
  };

  return async (subject, signal = new AbortController().signal) => {
    try {
      await client.withAbortSignal(signal, () =>
        client.withDeadline(Date.now() + timeoutMs, () => sendOrGoWithout(subject)),
      );
    } catch (error) {
      if (concernsEverySubject(error)) throw new TemporalUnavailable(messageOf(error), { cause: error });
      throw error;
    }
  };
}

// https://grpc.io/docs/guides/status-codes/; the package that names them is not a dependency of ours.
const grpc = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unavailable: 14,
  unauthenticated: 16,
} as const;
const { invalidArgument: _, ...ofEverySubject } = grpc;
const outageCodes: number[] = Object.values(ofEverySubject);

function grpcErrorOf(error: unknown) {
  const cause = error instanceof Error ? error.cause : undefined;
  if (isGrpcServiceError(error)) return error;
  return isGrpcServiceError(cause) ? cause : undefined;
}

/** A namespace that is not there (yet), a lost connection, a refused login: whatever is not about this one call. */
function concernsEverySubject(error: unknown): boolean {
  if (error instanceof NamespaceNotFoundError) return true;
  const known = grpcErrorOf(error);
  return known !== undefined && outageCodes.includes(known.code);
}

function refusesSearchAttribute(error: unknown): boolean {
  const known = grpcErrorOf(error);
  return (
    known?.code === grpc.invalidArgument && searchAttributes.some((name) => known.details.includes(name))
  );
}

function messageOf(error: unknown): string {
  return grpcErrorOf(error)?.details || (error instanceof Error ? error.message : String(error));
}
