/** Owns what the hub remembers of its secret key, so that no process goes on with another one. */
import type { Database } from './database.ts';

/** Remembers the check value where there is none yet. False when the hub remembers another. */
export function agreeOnSecretKey(database: Database, check: Buffer): Promise<boolean> {
  return database.inSystem(async (tx) => {
    // Reads without a lock first: every start comes here, and only the first one has to write.
    const read = () => tx.row<{ same: boolean | null }>('select secret_check = $1 as same from hub', [check]);
    const known = await read();
    if (known?.same != null) return known.same;
    await tx.run('update hub set secret_check = $1 where secret_check is null', [check]);
    return (await read())?.same === true;
  });
}
