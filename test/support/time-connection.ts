/** Owns a connection whose time is read by hand, for tests of what comes in and what must not be lost. */
import { pino } from 'pino';
import { createConnectionActivities } from '../../activities/connection.ts';
import type { ActivityDeps } from '../../activities/deps.ts';
import type { Connector } from '../../connectors/kit/define.ts';
import type { Scope } from '../../domain/scope.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { writeScope } from '../../store/connection-scope.ts';
import { insertConnection } from '../../store/connections.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { listOperations } from '../../store/operations.ts';
import { storeDeliveries } from '../../store/webhook-deliveries.ts';
import type { TestDatabase } from './database.ts';
import { newWorkspace } from './loops.ts';

const secretBox = createSecretBox(new Map([[1, Buffer.alloc(32, 3)]]));

export interface TimeConnectionFacts {
  goLiveOn: string;
  approval?: 'platform' | 'automatic';
  scope?: Scope;
  settings?: Readonly<Record<string, string>>;
  secrets?: Readonly<Record<string, string>>;
  /** Of a sandbox. */
  url?: string;
}

/** Readings follow one another as the connection's workflow has them; nothing runs by itself. */
export async function openTimeConnection(
  books: TestDatabase,
  connector: Connector,
  facts: TimeConnectionFacts,
) {
  const workspaceId = await newWorkspace(books.database);
  return {
    ...(await connect(books, connector, facts, workspaceId, connector.name)),
    /** Another connection of the same workspace. */
    beside: (other: Connector, otherFacts: TimeConnectionFacts, name: string) =>
      connect(books, other, otherFacts, workspaceId, name),
  };
}

async function connect(
  { database }: TestDatabase,
  connector: Connector,
  { goLiveOn, approval = 'platform', scope, settings = {}, secrets, url }: TimeConnectionFacts,
  workspaceId: string,
  name: string,
) {
  const deps: ActivityDeps = {
    database,
    secrets: secretBox,
    logger: pino({ level: 'silent' }),
    documents: { keep: () => Promise.reject(new Error('nothing is printed')) },
    vendor: { allowLoopback: true, timeoutMs: null, unlimited: true },
  };
  const inside = <T>(work: (tx: WorkspaceTx) => Promise<T>) => database.inWorkspace(workspaceId, work);
  const { id: connectionId } = await inside((tx) =>
    insertConnection(
      tx,
      secretBox,
      {
        connector: connector.id,
        name,
        goLiveOn,
        settings: { ...settings },
        ownership: { approval, createMissing: ['client', 'project', 'task', 'person'] },
        ...(url === undefined ? {} : { baseUrlOverride: url }),
      },
      secrets ?? { accessToken: 'token' },
    ),
  );
  if (scope) await inside((tx) => writeScope(tx, connectionId, scope));
  const activities = createConnectionActivities(deps);
  const subject = { workspaceId, subjectId: connectionId };
  const operations = (kind = 'sync_time') =>
    inside((tx) => listOperations(tx, { kind }, { before: null, limit: 20 }));
  return {
    deps,
    workspaceId,
    connectionId,
    inside,
    operations,
    /** What the workflow would do now. */
    step: async () => (await activities.lookAtConnection(subject)).step,
    /** One reading; answers its operation. */
    read: async () => {
      await activities.syncTime(subject);
      const [operation] = await operations();
      return operation!;
    },
    status: () =>
      inside(async (tx) => {
        const row = await tx.row<{ status: string; lastError: { message: string } | null }>(
          'select status, last_error from connections where workspace_id = $1 and id = $2',
          [tx.workspaceId, connectionId],
        );
        return row!;
      }),
    /** As a webhook whose body is an entry's id. */
    hint: (externalIds: readonly string[]) =>
      inside((tx) =>
        storeDeliveries(
          tx,
          externalIds.map((externalId) => ({
            connectionId,
            key: `${externalId} ${Math.random()}`,
            body: Buffer.from(externalId),
            headers: {},
            unreadable: null,
          })),
        ),
      ),
    /** What is here of each entry, with what may still be billed of it, by its id there. */
    entries: () =>
      inside((tx) =>
        tx.rows<{
          id: string;
          gone: string | null;
          approval: string;
          settled: boolean;
          day: string;
          open: number;
        }>(
          `select e.external_id as id, case when e.deleted_at is not null then e.gone_reason end as gone, v.approval,
             v.settled_elsewhere as settled, v.work_date as day, b.quantity - b.claimed as open from work_entries e
           join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
           join entry_balance b on b.workspace_id = $1 and b.entry_id = e.id and b.version = e.current_version
           where e.workspace_id = $1 order by e.external_id collate "C"`,
          [tx.workspaceId],
        ),
      ),
    quarantined: () =>
      inside((tx) =>
        tx.rows<{ position: string; reason: string; status: string }>(
          'select position, reason, status from quarantine where workspace_id = $1 order by position',
          [tx.workspaceId],
        ),
      ),
    /** As if the stream's last reading began so long ago. */
    ago: (stream: string, minutes: number) =>
      inside((tx) =>
        tx.run(
          `update checkpoints set updated_at = now() - $3 * interval '1 minute' where workspace_id = $1 and stream = $2`,
          [tx.workspaceId, stream, minutes],
        ),
      ),
  };
}
