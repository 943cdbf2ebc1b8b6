/** Owns the log: JSON lines with request ids, and nothing secret in them. */
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';

const secretFields = [
  'authorization',
  'secret',
  'secrets',
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'apiKey',
  'key',
];
/** Redacted at the top and up to two levels down: pino's wildcards stand for one level each. */
const redactPaths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

export function createLogger(
  options: { level?: LoggerOptions['level'] } = {},
  destination?: DestinationStream,
): Logger {
  const settings: LoggerOptions = {
    level: options.level ?? 'info',
    redact: { paths: redactPaths, censor: '[redacted]' },
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return destination ? pino(settings, destination) : pino(settings);
}
