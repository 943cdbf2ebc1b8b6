/** Owns the form in which workflow histories are kept: JSON of the protobuf message, without what names a machine. */
import proto from '@temporalio/proto';

// Not the SDK's historyToJSON: it fails where npm installs protobufjs more than once, as our lock file does.
const { History } = proto.temporal.api.history.v1;
export type History = proto.temporal.api.history.v1.IHistory;

export function historyToText(history: History): string {
  const plain = History.toObject(History.fromObject(history), {
    longs: String,
    bytes: String,
    enums: String,
  });
  return `${JSON.stringify(withoutPlaces(plain), null, 1)}\n`;
}

export function historyFromText(text: string): proto.temporal.api.history.v1.History {
  return History.fromObject(JSON.parse(text) as object);
}

/** Who did it and where in which file an error arose: no part of a replay. */
function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  // A sticky queue is named `<process>@<host>-…`.
  if (typeof value === 'string') return /^\d+@/.test(value) ? 'sticky' : value;
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => name !== 'identity' && name !== 'stackTrace');
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutPlaces(inner)]));
}
