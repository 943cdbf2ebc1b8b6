/** Owns what better-auth leaves behind: sessions, links and counts of attempts whose time is over. */
import type { Tx } from './database.ts';

const batchSize = 5_000;
/** Table → its rows whose time is over. Attempts are counted by the minute; a day is more than any limit looks back. */
const over = {
  auth_session: 'expires_at < now()',
  auth_verification: 'expires_at < now()',
  auth_rate_limit: `last_request < extract(epoch from now() - interval '1 day') * 1000`,
};

/** Deletes up to `batchSize` rows of each table; answers true while there may be more. */
export async function pruneSignIn(tx: Tx): Promise<boolean> {
  let more = false;
  for (const [table, where] of Object.entries(over)) {
    const deleted = await tx.run(
      `delete from ${table} where id in (select id from ${table} where ${where} limit $1)`,
      [batchSize],
    );
    more ||= deleted === batchSize;
  }
  return more;
}
