/** Owns how a numbered event is shown to those who audit, and how it is written into an export. */
import { toCsvRow } from './csv-row.ts';
import { type ChainedEvent, canonicalJson, coveredByHash } from './event-chain.ts';

/** A numbered event with what is not in the hash itself: what it is chained to, and its personal fields in the clear. */
export interface AuditEvent extends ChainedEvent {
  /** Hex. */
  hash: string;
  previousHash: string;
  /** Personal fields by where they belong (`after.name`); `[forgotten]` once their key was deleted. */
  opened: Readonly<Record<string, unknown>>;
  /** The member or key that `actor` names, as it is called today; null for others. */
  actorName: string | null;
}

const sections = ['payload', 'before', 'after', 'origin'] as const;
type Section = (typeof sections)[number];
type Fields = Readonly<Record<string, unknown>>;

/** The event's sections with the personal fields put back where they were; null where there was nothing. */
export function withOpened(event: AuditEvent): Record<Section, Fields | null> {
  const opened = Object.entries(event.opened);
  const filled = (section: Section): Fields | null => {
    const prefix = `${section}.`;
    const put = opened.flatMap(([field, value]) =>
      field.startsWith(prefix) ? [[field.slice(prefix.length), value] as const] : [],
    );
    const clear = event[section] as Fields | null;
    return clear === null && put.length === 0 ? null : { ...clear, ...Object.fromEntries(put) };
  };
  return {
    payload: filled('payload'),
    before: filled('before'),
    after: filled('after'),
    origin: filled('origin'),
  };
}

/** What an export says of itself in its first line. */
export interface ExportHead {
  workspaceId: string;
  exportedAt: string;
  filter: Readonly<Record<string, string>>;
  /** The last number of the chain at that moment, and its hash: a chain that is cut off later shows. */
  head: { seq: number; hash: string };
}

export const auditFormat = 'slipway-audit-1';

/** docs/AUDIT.md says how to check an export by what its lines hold. */
export const toExportHeadLine = (head: ExportHead): string =>
  `${JSON.stringify({ format: auditFormat, ...head })}\n`;

/** `event` is canonical and is what the hash covers; the names and values beside it are not. */
export function toExportLine(event: AuditEvent): string {
  const { hash, previousHash, opened, actorName } = event;
  const beside = JSON.stringify({ hash, previousHash, opened, actorName });
  return `{"event":${canonicalJson(coveredByHash(event))},${beside.slice(1)}\n`;
}

export const csvHeader = toCsvRow([
  'seq',
  'at',
  'sandbox_at',
  'actor',
  'actor_name',
  'type',
  'subject_type',
  'subject_id',
  'via',
  'request_id',
  'workflow_id',
  'ip',
  'user_agent',
  'before',
  'after',
  'payload',
  'hash',
]);

export function toCsvLine(event: AuditEvent): string {
  const { payload, before, after, origin } = withOpened(event);
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const json = (value: Fields | null) =>
    value === null || Object.keys(value).length === 0 ? null : JSON.stringify(value);
  return toCsvRow([
    event.seq,
    event.at,
    event.sandboxAt,
    event.actor,
    event.actorName,
    event.type,
    event.subject.type,
    event.subject.id,
    text(origin?.via),
    text(origin?.requestId),
    text(origin?.workflowId),
    text(origin?.ip),
    text(origin?.userAgent),
    json(before),
    json(after),
    json(payload),
    event.hash,
  ]);
}
