/** Owns the life of a document: every action in every status, what holds on which day, and what is told when. */
import { describe, expect, test } from 'vitest';
import {
  approvedUntil,
  complianceOf,
  type DocumentAction,
  decideDocument,
  documentMoves,
  documentStatuses,
  expiryStep,
  nextDocumentStatus,
  type OnFile,
  reviewConflicts,
} from '../domain/document.ts';

const actions = Object.keys(documentMoves) as DocumentAction[];
const codeOf = (work: () => unknown) => {
  try {
    return work();
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test('what may be done in which status', () => {
  const table = documentStatuses.flatMap((from) =>
    actions.map((action) => `${from} ${action} → ${nextDocumentStatus(action, from) ?? '–'}`),
  );
  expect(table).toEqual([
    'requested upload → uploaded',
    'requested approve → –',
    'requested reject → –',
    'requested expire → –',
    'uploaded upload → uploaded',
    'uploaded approve → approved',
    'uploaded reject → rejected',
    'uploaded expire → –',
    'approved upload → uploaded',
    'approved approve → –',
    'approved reject → –',
    'approved expire → expired',
    'rejected upload → uploaded',
    'rejected approve → –',
    'rejected reject → –',
    'rejected expire → –',
    'expired upload → uploaded',
    'expired approve → –',
    'expired reject → –',
    'expired expire → –',
  ]);
});

test('a decision is about the version that was looked at, once', () => {
  const decide = (status: (typeof documentStatuses)[number], version: number) =>
    codeOf(() => decideDocument('approve', { id: 'd', status, version: 2 }, version));
  expect(decide('uploaded', 2)).toBe('approved');
  expect(decide('uploaded', 1)).toBe('document.other_version');
  expect(decide('approved', 2)).toBe('document.already_decided');
  expect(decide('rejected', 2)).toBe('document.already_decided');
  expect(codeOf(() => decideDocument('reject', { id: 'd', status: 'requested', version: 0 }, 0))).toBe(
    'document.nothing_uploaded',
  );
});

test('neither who uploaded it nor whom it is about reviews it', () => {
  const version = { uploadedBy: 'member:1', personId: 'ida' };
  const codes = (id: string, personId: string | null) =>
    reviewConflicts(version, { id, personId }).map(({ code }) => code);
  expect(codes('member:1', null)).toEqual(['uploaded']);
  expect(codes('member:2', 'ida')).toEqual(['own_document']);
  expect(codes('member:1', 'ida')).toEqual(['uploaded', 'own_document']);
  expect(codes('member:2', 'ben')).toEqual([]);
  expect(codes('member:2', null)).toEqual([]);
});

test('the last day is asked for where it has to be there, and may be today but not before', () => {
  const [expiring, endless] = [
    { name: 'Insurance', expires: true },
    { name: 'Contract', expires: false },
  ];
  expect(codeOf(() => approvedUntil(expiring, null, '2026-05-10'))).toBe('document.expiry_required');
  expect(codeOf(() => approvedUntil(endless, null, '2026-05-10'))).toBe(null);
  expect(codeOf(() => approvedUntil(expiring, '2026-05-10', '2026-05-10'))).toBe('2026-05-10');
  expect(codeOf(() => approvedUntil(endless, '2026-05-09', '2026-05-10'))).toBe('document.expired_already');
});

describe('what a document amounts to', () => {
  const inForce = (facts: Partial<OnFile>): OnFile => ({
    status: 'approved',
    inForceVersion: 1,
    expiresOn: '2026-06-30',
    ...facts,
  });
  test.each<[string, OnFile | null, string, string]>([
    ['nothing was ever asked for', null, '2026-05-10', 'missing'],
    [
      'asked for',
      inForce({ status: 'requested', inForceVersion: null, expiresOn: null }),
      '2026-05-10',
      'missing',
    ],
    [
      'handed in',
      inForce({ status: 'uploaded', inForceVersion: null, expiresOn: null }),
      '2026-05-10',
      'in_review',
    ],
    [
      'sent back',
      inForce({ status: 'rejected', inForceVersion: null, expiresOn: null }),
      '2026-05-10',
      'rejected',
    ],
    ['in force', inForce({}), '2026-05-30', 'valid'],
    ['in force without end', inForce({ expiresOn: null }), '2199-01-01', 'valid'],
    ['30 days before its end', inForce({}), '2026-05-31', 'expiring'],
    ['on its last day', inForce({}), '2026-06-30', 'expiring'],
    ['the day after, though nobody has moved it yet', inForce({}), '2026-07-01', 'expired'],
    ['in force while a successor is in review', inForce({ status: 'uploaded' }), '2026-05-30', 'valid'],
    ['in force after its successor was sent back', inForce({ status: 'rejected' }), '2026-05-30', 'valid'],
    [
      'past its end while a successor is in review',
      inForce({ status: 'uploaded' }),
      '2026-07-01',
      'in_review',
    ],
  ])('%s', (_, document, today, state) => {
    expect(complianceOf(document, today, 30)).toBe(state);
  });
});

describe('the way to its end', () => {
  test('each step is told on its day and names the next one', () => {
    const told: string[] = [];
    let day = '2026-05-01';
    for (let step = expiryStep('2026-06-30', [3, 30, 14], day); step.remindOn; ) {
      day = step.remindOn;
      step = expiryStep('2026-06-30', [3, 30, 14], day);
      told.push(`${day} ${step.tell}`);
    }
    expect(told).toEqual([
      '2026-05-31 30',
      '2026-06-16 14',
      '2026-06-27 3',
      '2026-06-30 0',
      '2026-07-01 expired',
    ]);
  });

  test('of what was missed the last step counts', () => {
    expect(expiryStep('2026-06-30', [30, 14, 3], '2026-06-20')).toEqual({ tell: 14, remindOn: '2026-06-27' });
    expect(expiryStep('2026-06-30', [30, 14, 3], '2026-08-01')).toEqual({ tell: 'expired', remindOn: null });
  });

  test('a workspace that wants no reminders is told on the day and after it', () => {
    expect(expiryStep('2026-06-30', [], '2026-05-01')).toEqual({ tell: null, remindOn: '2026-06-30' });
    expect(expiryStep('2026-06-30', [], '2026-06-30')).toEqual({ tell: 0, remindOn: '2026-07-01' });
  });
});
