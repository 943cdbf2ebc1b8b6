/** Owns a sandbox workspace of a hub under test, and setting its clock forward over HTTP. */
import type { Instant } from '../../domain/work-entry.ts';
import { newId } from '../../store/new-id.ts';
import { createWorkspace } from '../../store/workspaces.ts';
import type { TestDatabase } from './database.ts';
import type { TestHub } from './hub.ts';
import { until } from './loops.ts';
import { openTestWorkspace, type TestWorkspace } from './workspace.ts';

export interface ShownOperation {
  id: string;
  status: string;
  done: number;
  total: number | null;
  message: string | null;
  result: { at: Instant; to: Instant; jumps: number; woken: number; leftBehind: number } | null;
  error: { message: string } | null;
}

export interface Sandbox extends TestWorkspace {
  now(): Promise<Instant>;
  /** Asks for it, and does not wait. */
  ask(target: { to: string } | { by: string }): Promise<ShownOperation>;
  operation(id: string): Promise<ShownOperation>;
  /** Sets the clock forward and resolves when it is there; throws when it does not get there. */
  moveTo(to: string, timeoutMs?: number): Promise<ShownOperation>;
  ended(id: string, timeoutMs?: number): Promise<ShownOperation>;
}

type SandboxHub = Pick<TestHub, 'hub'> & { test: Pick<TestDatabase, 'database'> };

export async function openSandbox({ hub, test }: SandboxHub, clockAt: Instant): Promise<Sandbox> {
  const id = newId();
  await createWorkspace(test.database, { id, name: 'Sandbox', kind: 'sandbox', clockAt });
  return sandboxAt(await openTestWorkspace(hub, test.database, id));
}

/** Turns a workspace that was opened otherwise into a sandbox at a time. */
export async function makeSandbox({ hub, test }: SandboxHub, id: string, clockAt: Instant): Promise<Sandbox> {
  await test.database.inWorkspace(id, (tx) =>
    tx.run(`update workspaces set kind = 'sandbox', clock_at = $2 where id = $1`, [id, clockAt]),
  );
  return sandboxAt(await openTestWorkspace(hub, test.database, id));
}

function sandboxAt(at: TestWorkspace): Sandbox {
  const operation = (operationId: string) => at.get<ShownOperation>(`/operations/${operationId}`);
  const ask: Sandbox['ask'] = (target) => at.post<ShownOperation>('/workspace/clock', target);
  const ended: Sandbox['ended'] = async (operationId, timeoutMs = 60_000) => {
    let shown = await operation(operationId);
    const hasEnded = async () => {
      shown = await operation(operationId);
      return !['queued', 'running'].includes(shown.status);
    };
    await until('the clock has arrived', hasEnded, timeoutMs).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(shown)}`);
    });
    return shown;
  };
  return {
    ...at,
    now: async () => (await at.get<{ now: Instant }>('/workspace/clock')).now,
    ask,
    operation,
    ended,
    moveTo: async (to, timeoutMs) => {
      const shown = await ended((await ask({ to })).id, timeoutMs);
      if (shown.status !== 'done') throw new Error(`the clock did not arrive: ${JSON.stringify(shown)}`);
      return shown;
    },
  };
}
