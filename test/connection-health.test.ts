/** Owns the sentences in which a connection says how it is. */
import { expect, test } from 'vitest';
import { type ConnectionState, healthInWords, pauseMs } from '../domain/connection-health.ts';

const now = '2026-11-21T12:00:00Z';
const of = (state: Partial<ConnectionState>) =>
  healthInWords({
    status: 'active',
    statusReason: null,
    lastSuccessAt: '2026-11-21T11:59:30Z',
    lastError: null,
    pausedUntil: null,
    now,
    ...state,
  }).summary;

test.each([
  ['2026-11-21T12:00:00Z', '0 seconds ago'],
  ['2026-11-21T11:59:59Z', '1 second ago'],
  ['2026-11-21T11:59:00Z', '1 minute ago'],
  ['2026-11-21T11:00:01Z', '59 minutes ago'],
  ['2026-11-21T10:00:00Z', '2 hours ago'],
  ['2026-11-19T12:00:01Z', '47 hours ago'],
  ['2026-11-19T12:00:00Z', '2 days ago'],
  // Clocks of two machines differ.
  ['2026-11-21T12:00:05Z', '0 seconds ago'],
])('%s is %s', (lastSuccessAt, words) => {
  expect(of({ lastSuccessAt })).toBe(`Last read ${words}.`);
});

test('what stops it comes first', () => {
  const lastError = { kind: 'Unavailable', message: 'Vendor has a problem.' };
  expect(of({ status: 'paused', statusReason: 'Paused by Ada.', lastError })).toBe(
    'This connection is paused: Paused by Ada.',
  );
  expect(of({ status: 'authorization_lost', statusReason: 'Vendor refuses.', lastError })).toBe(
    'The platform no longer lets us in: Vendor refuses.',
  );
  expect(of({ status: 'setup', lastError })).toContain('being set up');
  expect(of({ pausedUntil: '2026-11-21T12:05:00.000Z', lastError })).toBe(
    'Last read 30 seconds ago. The platform asked us to wait until 12:05 UTC.',
  );
  expect(of({ lastSuccessAt: null })).toBe('Nothing was read yet; the first reading is under way.');
});

test('what will not mend itself is not called patience', () => {
  const todo = (kind: string) =>
    healthInWords({
      status: 'active',
      statusReason: null,
      lastSuccessAt: null,
      lastError: { kind, message: 'No.' },
      pausedUntil: null,
      now,
    }).whatToDo;
  expect(todo('Unavailable')).toContain('tried again by itself');
  expect(todo('InvalidRequest')).toContain('correct what the message names');
});

test('each stream is read at its own pace', () => {
  const pace = { pollSeconds: 300, rescanMinutes: 360 };
  expect(['time', 'payments', 'window', 'documents'].map((stream) => pauseMs(stream, pace))).toEqual([
    300_000, 300_000, 21_600_000, 86_400_000,
  ]);
});
