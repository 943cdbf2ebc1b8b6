/** Owns the finance team's daily digest: when it is due, and what it says of what is open. */
import { listRules } from './announcement.ts';
import { addDays, localDay } from './day.ts';
import { instantIn } from './import/to-instant.ts';
import type { Day, Instant } from './work-entry.ts';

export interface DigestSettings {
  /** `HH:MM`, in the workspace's zone: not told earlier in the day. */
  digestTime: string;
  /** An exception that is open for more days raises the alarm, once. */
  exceptionAgeDays: number;
}

/** Settings are checked where they are written; what is not there or of another type has its default. */
export function digestSettings(settings: Readonly<Record<string, unknown>>): DigestSettings {
  const { digestTime, exceptionAgeDays } = settings;
  return {
    digestTime: typeof digestTime === 'string' ? digestTime : '07:00',
    exceptionAgeDays: typeof exceptionAgeDays === 'number' ? exceptionAgeDays : 7,
  };
}

/** `HH:MM` of an instant in a zone. */
export function localTime(instant: Instant | Date, zone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(typeof instant === 'string' ? new Date(instant) : instant);
}

/** When it is `time` (`HH:MM`) in the zone for the next time after `now`. */
export function nextTimeOfDay(now: Instant, time: string, zone: string): Instant {
  const [hours, minutes] = time.split(':').map(Number) as [number, number];
  const at = instantIn(zone);
  const today = localDay(now, zone);
  const seconds = hours * 3600 + minutes * 60;
  const first = at(today, seconds);
  return first > new Date(now).toISOString() ? first : at(addDays(today, 1), seconds);
}

/** What waits for somebody. */
export interface OpenWork {
  exceptions: readonly { rule: string; exceptions: number }[];
  oldestExceptionOn: Day | null;
  heldInvoices: number;
  quarantinedRows: number;
  pausedConnections: readonly string[];
  ticketsWaiting: number;
  contractorInvoicesWaiting: number;
  /** By hand, above the limit of whoever asked. */
  runsWaiting: number;
  mailsGivenUp: number;
}

const rulesShown = 10;

/** One line each; no lines where nothing is open. */
export function digestLines(open: OpenWork): string[] {
  const count = (many: number, one: string, more: string) =>
    many === 0 ? [] : [`${many} ${many === 1 ? one : more}`];
  const all = open.exceptions.reduce((sum, { exceptions }) => sum + exceptions, 0);
  const since = open.oldestExceptionOn === null ? '' : `, the oldest of ${open.oldestExceptionOn}`;
  return [
    ...count(all, `open exception${since}`, `open exceptions${since}`),
    ...listRules(open.exceptions)
      .split('\n')
      .filter(Boolean)
      .slice(0, rulesShown)
      .map((line) => `– ${line}`),
    ...count(open.heldInvoices, 'held invoice', 'held invoices'),
    ...count(open.quarantinedRows, 'row that could not be read', 'rows that could not be read'),
    ...open.pausedConnections.map((name) => `Connection paused: ${name}`),
    ...count(open.ticketsWaiting, 'ticket waits for approval', 'tickets wait for approval'),
    ...count(
      open.contractorInvoicesWaiting,
      'contractor invoice waits for approval',
      'contractor invoices wait for approval',
    ),
    ...count(
      open.runsWaiting,
      'billing run waits for a second person',
      'billing runs wait for a second person',
    ),
    ...count(open.mailsGivenUp, 'mail that could not be delivered', 'mails that could not be delivered'),
  ];
}
