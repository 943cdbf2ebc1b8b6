/** Owns how the state of a connection is said to a person in finance: one sentence, and what to do about it. */
import type { Instant } from './work-entry.ts';

export interface ConnectionState {
  status: 'setup' | 'active' | 'paused' | 'authorization_lost' | 'disconnected';
  statusReason: string | null;
  lastSuccessAt: Instant | null;
  lastError: { kind: string; message: string } | null;
  pausedUntil: Instant | null;
  now: Instant;
}

const dayMs = 24 * 3_600_000;

/** How long after a reading of a stream the next one comes: the last days and documents are looked at again at a pace of their own. */
export function pauseMs(
  stream: string,
  { pollSeconds, rescanMinutes }: { pollSeconds: number; rescanMinutes: number },
): number {
  if (stream === 'window') return rescanMinutes * 60_000;
  return Math.max(pollSeconds * 1000, stream === 'documents' ? dayMs : 0);
}

export function healthInWords(state: ConnectionState): { summary: string; whatToDo: string | null } {
  const { status, statusReason, lastSuccessAt, lastError, pausedUntil, now } = state;
  switch (status) {
    case 'setup':
      return {
        summary: 'This connection is being set up; nothing is read or sent yet.',
        whatToDo: 'Complete its sign-in, account and mapping, then start it.',
      };
    case 'paused':
      return {
        summary: `This connection is paused${because(statusReason)}`,
        whatToDo: 'Resume it when it is to read and send again; nothing is lost meanwhile.',
      };
    case 'authorization_lost':
      return {
        summary: `The platform no longer lets us in${because(statusReason)}`,
        whatToDo: 'Sign in anew, or replace its token. What was missed is read as soon as it works.',
      };
    case 'disconnected':
      return { summary: 'This connection was ended for good.', whatToDo: null };
    case 'active':
      break;
  }
  const last = lastSuccessAt === null ? 'Nothing was read yet' : `Last read ${ago(lastSuccessAt, now)}`;
  if (pausedUntil !== null)
    return {
      summary: `${last}. The platform asked us to wait until ${clockTime(pausedUntil)}.`,
      whatToDo: null,
    };
  if (lastError === null)
    return {
      summary: `${last}${lastSuccessAt === null ? '; the first reading is under way' : ''}.`,
      whatToDo: null,
    };
  return {
    summary: `${last}. The last attempt failed: ${lastError.message}`,
    whatToDo:
      lastError.kind === 'InvalidRequest'
        ? 'It is not repeated as it is: correct what the message names, then sync again.'
        : 'It is tried again by itself; look again later.',
  };
}

const because = (reason: string | null) => (reason === null || reason === '' ? '.' : `: ${reason}`);
const clockTime = (at: Instant) => `${at.slice(11, 16)} UTC`;

/** The largest unit only: `3 minutes ago`. */
function ago(then: Instant, now: Instant): string {
  const seconds = Math.max(0, Math.floor((Date.parse(now) - Date.parse(then)) / 1000));
  const [count, unit] =
    seconds < 60
      ? [seconds, 'second']
      : seconds < 3_600
        ? [Math.floor(seconds / 60), 'minute']
        : seconds < 172_800
          ? [Math.floor(seconds / 3_600), 'hour']
          : [Math.floor(seconds / 86_400), 'day'];
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
}
