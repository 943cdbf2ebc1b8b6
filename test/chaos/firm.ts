/** Owns the story that every chaos test tells: clients with approved hours, a billing run with sync, and what must come of it. */
import { expect } from 'vitest';
import { addDays } from '../../domain/day.ts';
import { Decimal } from '../../domain/money.ts';
import { until } from '../support/loops.ts';
import { cutoffOn, openSpine, rate, type ShownRun, type Spine } from '../support/spine.ts';
import type { TestWorkspace } from '../support/workspace.ts';

/** What is left when everything has gone on; the same however often something was killed. */
export interface Outcome {
  /** By client code: hours and net on numbered invoices here, and the total booked at the platform. */
  clients: Record<string, { hours: string; net: string; booked: string }>;
  /** Approved hours that are on no numbered invoice. */
  unbilledSeconds: number;
}

export interface Firm {
  at: TestWorkspace;
  spine: Spine;
  codes: string[];
  /** Hours of each client so far, by code. */
  worked: Map<string, number>;
  /** Approved hours at the time source, for both projects of a client. */
  work(code: string, hours: number): void;
  /** Reads the hours and waits until they are here. */
  read(): Promise<void>;
  /** Asks for a run that ends at issue, over a client's contract or over everything. */
  ask(code?: string): Promise<string>;
  runStatus(id: string): Promise<string>;
  /** How many of its invoices are booked at the platform. */
  booked(): number;
  /** Until nothing is under way, then what is left; holds what must be true of it in any case. */
  settle(timeoutMs?: number): Promise<Outcome>;
  /** What `settle` must answer, worked out from the hours alone. */
  expected(): Outcome;
  close(): Promise<void>;
}

const codeOf = (n: number) =>
  `C${String.fromCharCode(65 + Math.floor(n / 26))}${String.fromCharCode(65 + (n % 26))}`;

/** So many clients, each with a contract and two projects, one invoice a project. */
export async function openFirm(at: TestWorkspace, clients: number): Promise<Firm> {
  const codes = Array.from({ length: clients }, (_, n) => codeOf(n));
  const spine = await openSpine(at, {
    invoicePer: 'project',
    clients: codes.map((code) => ({ code, name: `Client ${code}`, projects: [`${code}-1`, `${code}-2`] })),
  });
  const worked = new Map(codes.map((code) => [code, 0]));
  const firm: Firm = {
    at,
    spine,
    codes,
    worked,
    work: (code, hours) => {
      // One person works all of it: a day each, so that none has more than 24 hours.
      const day = addDays('2026-01-05', codes.indexOf(code));
      for (const project of [1, 2]) spine.work(`${code}-${project}`, hours, day);
      worked.set(code, worked.get(code)! + 2 * hours);
    },
    read: async () => {
      await spine.sync(spine.harvestId);
      await at.idle(180_000);
    },
    ask: async (code) => {
      const { id } = await at.post<ShownRun>('/billing-runs', {
        scope:
          code === undefined
            ? { type: 'workspace', id: at.workspaceId }
            : { type: 'contract', id: spine.contracts[code] },
        cutoffOn,
        reason: 'chaos',
        finishAt: 'issue',
      });
      return id;
    },
    runStatus: async (id) => (await at.get<{ run: ShownRun }>(`/billing-runs/${id}`)).run.status,
    booked: () => spine.quickbooks.invoices.length,
    settle: async (timeoutMs = 180_000) => {
      await at.idle(timeoutMs);
      await expectEachBookedOnce(firm);
      await at.verify();
      return outcomeOf(firm);
    },
    expected: () => ({
      clients: Object.fromEntries(
        codes.map((code) => {
          const hours = new Decimal(worked.get(code)!);
          const amount = hours.times(rate).toFixed(2);
          return [code, { hours: hours.toFixed(2), net: amount, booked: amount }];
        }),
      ),
      unbilledSeconds: 0,
    }),
    close: () => spine.close(),
  };
  return firm;
}

/** Every numbered invoice stands at the platform once, with its total; numbers have no gap; nothing else stands there. */
async function expectEachBookedOnce({ at, spine }: Firm): Promise<void> {
  const ours = await at.in((tx) =>
    tx.rows<{ number: string; sequence: number; total: string }>(
      `select number, sequence, total from client_invoices where workspace_id = $1 and number is not null order by sequence`,
      [at.workspaceId],
    ),
  );
  expect(ours.map(({ sequence }) => Number(sequence))).toEqual(ours.map((_, index) => index + 1));
  const sorted = (rows: string[]) => rows.sort();
  expect(
    sorted(spine.quickbooks.invoices.map((one) => `${one.DocNumber} ${one.TotalAmt.toFixed(2)}`)),
  ).toEqual(sorted(ours.map(({ number, total }) => `${number} ${new Decimal(total).toFixed(2)}`)));
}

async function outcomeOf({ at, spine, codes }: Firm): Promise<Outcome> {
  const rows = await at.in((tx) =>
    tx.rows<{ code: string; seconds: number; net: string }>(
      `select c.code, coalesce(sum(i.quantity_seconds), 0)::int as seconds, coalesce(sum(i.net), 0)::text as net from clients c
       left join client_invoices i on i.workspace_id = $1 and i.client_id = c.id and i.number is not null
       where c.workspace_id = $1 group by c.code`,
      [at.workspaceId],
    ),
  );
  const open = await at.in((tx) =>
    tx.row<{ seconds: number }>(
      `select coalesce(sum(quantity - claimed), 0)::int as seconds from entry_balance where workspace_id = $1`,
      [at.workspaceId],
    ),
  );
  const names = new Map(spine.quickbooks.customers.map((one) => [one.Id, one.DisplayName]));
  const bookedOf = (code: string) =>
    spine.quickbooks.invoices
      .filter((one) => names.get(one.CustomerRef.value) === `Client ${code}`)
      .reduce((sum, one) => sum.plus(one.TotalAmt), new Decimal(0))
      .toFixed(2);
  return {
    clients: Object.fromEntries(
      codes.map((code) => {
        const row = rows.find((one) => one.code === code)!;
        return [
          code,
          {
            hours: new Decimal(row.seconds).div(3600).toFixed(2),
            net: new Decimal(row.net).toFixed(2),
            booked: bookedOf(code),
          },
        ];
      }),
    ),
    unbilledSeconds: open!.seconds,
  };
}

/** As `until`; a failure says where everything stands. */
export const waitFor = (
  { at }: Pick<Firm, 'at'>,
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 180_000,
) =>
  until(what, condition, timeoutMs).catch(async (error: Error) => {
    const stands = await at.in((tx) =>
      tx.row(
        `select (select json_agg(json_build_array(status, error, counts)) from runs where workspace_id = $1) as runs,
           (select json_agg(json_build_array(status, hold_reason)) from client_invoices where workspace_id = $1) as invoices,
           (select json_agg(json_build_array(status, reason)) from sync_records where workspace_id = $1 and subject_type = 'client_invoice') as pushes,
           (select json_agg(json_build_array(subject_type, reason, signalled_at)) from outbox where workspace_id = $1) as looks`,
        [at.workspaceId],
      ),
    );
    throw new Error(`${error.message}: ${JSON.stringify(stands)}`, { cause: error });
  });

export const becomes = (firm: Firm, id: string, wanted: readonly string[], timeoutMs?: number) =>
  waitFor(
    firm,
    `run ${id} is ${wanted.join(' or ')}`,
    async () => wanted.includes(await firm.runStatus(id)),
    timeoutMs,
  );
