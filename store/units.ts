/** Owns units: the built-in ones and a workspace's own. */
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import { builtInUnits, type Unit } from '../domain/unit.ts';
import type { WorkspaceTx } from './database.ts';

const mostUnits = 200;
const builtIn = new Map(builtInUnits.map((unit) => [unit.code, unit]));

/** All of them, the built-in ones first: a workspace has at most so many of its own. */
export async function listUnits(tx: WorkspaceTx): Promise<Unit[]> {
  const own = await tx.rows<Omit<Unit, 'builtIn'>>(
    'select code, name, status from units where workspace_id = $1 order by code limit $2',
    [tx.workspaceId, mostUnits],
  );
  return [...builtInUnits, ...own.map((unit) => ({ ...unit, builtIn: false }))];
}

/** Refuses with 409 a code that is taken, and more units than a workspace may have. */
export async function insertUnit(tx: WorkspaceTx, unit: Pick<Unit, 'code' | 'name'>): Promise<Unit> {
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 7))', [tx.workspaceId]);
  const known = await listUnits(tx);
  if (known.some(({ code }) => code === unit.code))
    throw new Refusal({
      code: 'units.exists',
      message: `There is a unit ${unit.code} already.`,
      whatToDo: 'Use it, or take another code.',
    });
  if (known.length >= mostUnits + builtInUnits.length)
    throw new Refusal({
      code: 'units.too_many',
      message: `A workspace has at most ${mostUnits} units of its own.`,
      whatToDo: 'Use one of them.',
    });
  await tx.run('insert into units (workspace_id, code, name) values ($1, $2, $3)', [
    tx.workspaceId,
    unit.code,
    unit.name,
  ]);
  return { ...unit, status: 'active', builtIn: false };
}

/** Holds it for a change; null where there is none of its code here. */
export async function lockUnit(tx: WorkspaceTx, code: string): Promise<Unit | null> {
  const common = builtIn.get(code);
  if (common) return common;
  const own = await tx.row<Omit<Unit, 'builtIn'>>(
    'select code, name, status from units where workspace_id = $1 and code = $2 for no key update',
    [tx.workspaceId, code],
  );
  return own && { ...own, builtIn: false };
}

export async function changeUnit(
  tx: WorkspaceTx,
  before: Unit,
  change: { name?: string | undefined; status?: Unit['status'] | undefined },
): Promise<Unit> {
  if (before.builtIn)
    throw new Refusal({
      code: 'units.built_in',
      message: `The unit ${before.code} is built in.`,
      whatToDo: 'Add a unit of your own.',
    });
  const after = await tx.row<Omit<Unit, 'builtIn'>>(
    `update units set name = coalesce($3, name), status = coalesce($4, status) where workspace_id = $1 and code = $2
     returning code, name, status`,
    [tx.workspaceId, before.code, change.name ?? null, change.status ?? null],
  );
  return { ...found(after, 'unit'), builtIn: false };
}

/** Refuses with 422 a unit that is not here, or is archived. */
export async function requireUnit(tx: WorkspaceTx, code: string, pointer: string): Promise<void> {
  if ((await listUnits(tx)).some((unit) => unit.code === code && unit.status === 'active')) return;
  throw invalidField(
    pointer,
    'units.unknown',
    `There is no active unit ${code} in this workspace.`,
    'Use a unit of GET /units, or add it there.',
  );
}
