/** Owns that no trigger bills what must wait: each automatic trigger against each bar, and that the same work is billed once the bar is away. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClauseChange } from '../../domain/contract-terms.ts';
import { addDays } from '../../domain/day.ts';
import { type AutoFirm, hours, openAutoFirm } from '../support/auto-firm.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

const projectOf = (firm: AutoFirm) => `/projects/${firm.books.projects.P1}`;
const contractOf = (firm: AutoFirm) => `/contracts/${firm.books.contractId}`;

interface Trigger {
  clauses: ClauseChange;
  /** Beside the work that came in, what pulls the trigger for the n-th time. */
  pull?: (firm: AutoFirm, time: number) => Promise<unknown>;
  /** As its runs name it. */
  name: string;
}

const triggers: Record<string, Trigger> = {
  'an approved entry': {
    name: 'entry',
    clauses: { triggers: { onApproval: { windowSeconds: 1 } } },
    // What gathers in a window is billed after it, and a sandbox's clock stands still.
    pull: (firm, time) => firm.moveTo(`2026-03-10T09:0${time}:00Z`),
  },
  'the end of a period': {
    name: 'period_end',
    clauses: { triggers: { periodEnd: { every: 'week', closesOn: 2 } } },
    pull: (firm, time) => firm.moveTo(`${addDays('2026-03-04', 7 * time)}T06:00:00Z`),
  },
  'a project that is ready for billing': {
    name: 'ready_for_billing',
    clauses: { triggers: { projectReady: true } },
    pull: async (firm) => {
      await firm.patch(projectOf(firm), { status: 'active' });
      await firm.patch(projectOf(firm), { status: 'ready_for_billing' });
    },
  },
  'a milestone that is reached': {
    name: 'ready_for_billing',
    clauses: { triggers: { milestones: true } },
    pull: async (firm, time) => {
      const milestone = { projectId: firm.books.projects.P1, name: `Step ${time}`, kind: 'acceptance' };
      const { id } = await firm.post<{ id: string }>('/milestones', milestone);
      await firm.post(`/milestones/${id}/reach`, {});
    },
  },
  'hours beyond a threshold': { name: 'threshold', clauses: { triggers: { thresholdHours: '1' } } },
  'an amount beyond a threshold': { name: 'threshold', clauses: { triggers: { thresholdAmount: '80' } } },
  'work that is old': { name: 'threshold', clauses: { triggers: { unbilledDays: 5 } } },
};

interface Bar {
  contract?: { goLiveOn: string };
  /** Before any work comes in. */
  raise?: (firm: AutoFirm) => Promise<unknown>;
  /** After the first hour came in and the trigger was pulled. */
  after?: (firm: AutoFirm) => Promise<unknown>;
  lift: (firm: AutoFirm) => Promise<unknown>;
  /** What becomes of the hours while the bar is there. */
  heldAs: 'exception' | 'held invoice' | 'held items';
}

async function closePeriod(firm: AutoFirm, area: 'time' | 'billing', startsOn: string, endsBefore: string) {
  const { id } = await firm.post<{ id: string }>('/periods', {
    sellerId: firm.books.sellerId,
    area,
    startsOn,
    endsBefore,
  });
  await firm.patch(`/periods/${id}`, { status: 'soft_closed' });
}
async function openPeriods(firm: AutoFirm) {
  const { items } = await firm.get<{ items: { id: string }[] }>('/periods');
  for (const { id } of items) await firm.patch(`/periods/${id}`, { status: 'open' });
}
async function releaseHeld(firm: AutoFirm) {
  const { items } = await firm.get<{ items: { id: string }[] }>('/billable-items?status=held');
  await firm.post('/billable-items/release', { itemIds: items.map(({ id }) => id), reason: 'Agreed' });
}
const retryHeld = (firm: AutoFirm) => firm.post('/invoices/retry-held', {});

const bars: Record<string, Bar> = {
  "before the contract's go-live date": {
    contract: { goLiveOn: '2026-03-05' },
    lift: (firm) => firm.patch(contractOf(firm), { goLiveOn: '2026-03-01' }),
    heldAs: 'exception',
  },
  'in a closed period of time': {
    raise: (firm) => closePeriod(firm, 'time', '2026-03-01', '2026-03-08'),
    lift: openPeriods,
    heldAs: 'exception',
  },
  'into a closed period of billing': {
    raise: (firm) => closePeriod(firm, 'billing', '2026-03-01', '2026-04-01'),
    lift: async (firm) => {
      await openPeriods(firm);
      await retryHeld(firm);
    },
    heldAs: 'held invoice',
  },
  'past its latest invoice date': {
    raise: (firm) => firm.patch(`/sellers/${firm.books.sellerId}`, { latestInvoiceDays: 7 }),
    lift: async (firm) => {
      const [late] = await firm.invoices();
      expect(late!.holdReason).toMatch(
        /^work of 2026-03-02 had to be invoiced by 2026-03-09: a person releases it/,
      );
      await firm.post(`/invoices/${late!.id}/issue`, { releaseReason: 'The client agreed to it' });
      await firm.patch(`/sellers/${firm.books.sellerId}`, { latestInvoiceDays: 60 });
    },
    heldAs: 'held invoice',
  },
  'that a credit has returned': {
    after: async (firm) => {
      const { sellerId } = firm.books;
      await firm.post('/series', { sellerId, documentType: 'credit_note', pattern: 'CN-{NNNN}' });
      const [invoice] = await firm.invoices();
      const credit = { by: 'full', reason: 'Wrong ship', disposition: 'bill_again', issue: true };
      await firm.post(`/invoices/${invoice!.id}/credit-notes`, credit);
    },
    lift: releaseHeld,
    heldAs: 'held items',
  },
  'that a void has returned': {
    after: async (firm) => {
      const [invoice] = await firm.invoices();
      await firm.post(`/invoices/${invoice!.id}/void`, { reason: 'Wrong ship' });
    },
    lift: releaseHeld,
    heldAs: 'held items',
  },
};

const issuedSeconds = async (firm: AutoFirm) =>
  (await firm.invoices())
    .filter(({ number, status }) => number !== null && status !== 'void' && status !== 'credited')
    .reduce((sum, { quantitySeconds }) => sum + quantitySeconds, 0);

describe.each(Object.entries(bars))('work %s', (_, bar) => {
  test.each(Object.entries(triggers))(
    'is not billed by %s, and is once nothing bars it',
    async (_name, trigger) => {
      const contract = { startsOn: '2026-03-01', goLiveOn: '2026-03-01', ...bar.contract };
      const firm = await openAutoFirm(hub, trigger.clauses, { contract });
      let time = 0;
      const hourComesIn = async () => {
        time += 1;
        await firm.work(`hour ${time}`, 1);
        await firm.idle();
        await trigger.pull?.(firm, time);
        await firm.idle();
      };
      await bar.raise?.(firm);
      await hourComesIn();
      if (bar.after) {
        expect(await issuedSeconds(firm)).toBe(hours(1));
        await bar.after(firm);
      }
      expect(await issuedSeconds(firm)).toBe(0);
      // Asked again it stays what it is; an hour that nothing bars is billed beside it.
      if (bar.heldAs === 'held items') {
        await hourComesIn();
        expect(await issuedSeconds(firm)).toBe(hours(1));
      }
      if (bar.heldAs === 'exception') expect(await firm.invoices()).toEqual([]);
      if (bar.heldAs === 'held invoice')
        expect((await firm.invoices()).map(({ status }) => status)).toEqual(['held']);

      await bar.lift(firm);
      await hourComesIn();
      // The window of the first entry is over by then.
      if (trigger.name === 'entry') await firm.moveTo('2026-03-10T09:05:00Z');
      await firm.idle();
      expect(await issuedSeconds(firm)).toBe(hours(time));
      const names = new Set((await firm.runs()).map((run) => run.trigger));
      expect([...names]).toEqual([trigger.name]);
      await firm.verify();
    },
  );
});
