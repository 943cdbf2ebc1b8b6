/** Owns one entry as a connector tells it, for tests that say only what matters to them. */
import type { SourceEntry } from '../../domain/work-entry.ts';

/** By name, code or both; the platform has no id for it. */
export const named = (name: string | null, code: string | null = null) => ({ externalId: null, code, name });

/** An hour of approved, billable work of nobody for nobody on 2026-03-02, except what `facts` say. */
export const sourceEntry = (externalId: string, facts: Partial<SourceEntry> = {}): SourceEntry => ({
  externalId,
  kind: 'labor',
  workDate: '2026-03-02',
  zone: null,
  startedAt: null,
  endedAt: null,
  quantity: 3_600,
  person: null,
  client: null,
  project: null,
  task: null,
  position: null,
  billable: true,
  running: false,
  approval: 'approved',
  billedElsewhere: false,
  notes: null,
  rate: null,
  cost: null,
  currency: null,
  sourceUpdatedAt: null,
  ...facts,
});
