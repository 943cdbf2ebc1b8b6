/** Owns telling members: the right ones, once, by the channels they want, and nobody else. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WorkspaceTx } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { type Notice, notify } from '../../store/notifications.ts';
import type { TestMember } from '../support/make-member.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let workspace: { id: string; key: string };
let admin: TestMember;
let manager: TestMember;
let contractor: TestMember;
beforeAll(async () => {
  api = await startApi();
});
beforeEach(async () => {
  workspace = await api.newWorkspace();
  admin = await api.newMember(workspace.id, 'admin', { name: 'Ada Admin' });
  manager = await api.newMember(workspace.id, 'manager', { name: 'Max Manager' });
  contractor = await api.newMember(workspace.id, 'contractor', { name: 'Cora Contractor' });
});
afterAll(() => api.stop());

const inWorkspace = <T>(work: (tx: WorkspaceTx) => Promise<T>) =>
  api.test.database.inWorkspace(workspace.id, work);
const tell = (...notices: Notice[]) => inWorkspace((tx) => notify(tx, notices));
const submitted = (facts: Partial<Notice> = {}): Notice =>
  ({
    kind: 'ticket.submitted',
    to: { permission: 'tickets.approve' },
    key: 'ticket.submitted:T-1:1',
    subjectType: 'ticket',
    subjectId: newId(),
    params: { person: 'Cora Contractor', ticket: 'T-1', project: 'Hull 7', workDate: '2026-04-01' },
    ...facts,
  }) as Notice;
/** Who was told, by name, as the rows say. */
const toldNames = () =>
  inWorkspace((tx) =>
    tx.rows<{ name: string; kind: string; inApp: boolean }>(
      `select m.name, n.kind, n.in_app from notifications n join members m on m.workspace_id = n.workspace_id and m.id = n.member_id
       where n.workspace_id = $1 order by 1, 2`,
      [workspace.id],
    ),
  ).then((rows) => rows.map((row) => row.name));

describe('who is told', () => {
  test('a permission reaches those whose role has it for all rows, and no others', async () => {
    expect(await tell(submitted())).toBe(2);
    expect(await toldNames()).toEqual(['Ada Admin', 'Max Manager']);
    // tickets.read is the contractor's for own rows only: that is no reason to be told of everybody's.
    await tell(submitted({ to: { permission: 'tickets.read' }, key: 'other' }));
    expect(await toldNames()).toEqual(['Ada Admin', 'Ada Admin', 'Max Manager', 'Max Manager']);
  });

  test('a permission that an admin gave to another role reaches that role', async () => {
    await inWorkspace((tx) =>
      tx.run(
        `insert into role_permissions (workspace_id, role, scopes) values ($1, 'manager', '{clients.read}'), ($1, 'contractor', '{tickets.*}')`,
        [workspace.id],
      ),
    );
    await tell(submitted());
    expect(await toldNames()).toEqual(['Ada Admin', 'Cora Contractor']);
  });

  test('a person, a role and members named one by one are told; who did it and who is suspended are not', async () => {
    const gone = await api.newMember(workspace.id, 'admin', { name: 'Sam Suspended' });
    await inWorkspace((tx) =>
      tx.run(`update members set status = 'suspended' where workspace_id = $1 and id = $2`, [
        workspace.id,
        gone.id,
      ]),
    );
    await tell(
      submitted({ to: { personId: contractor.personId! }, key: 'a' }),
      submitted({ to: { role: 'admin' }, key: 'b' }),
      submitted({ to: { memberIds: [manager.id, manager.id, gone.id, newId()] }, key: 'c' }),
      submitted({ to: { permission: 'tickets.approve' }, except: [admin.id], key: 'd' }),
    );
    expect(await toldNames()).toEqual(['Ada Admin', 'Cora Contractor', 'Max Manager', 'Max Manager']);
  });

  test('a key reaches a member once, however often and by however many at once it is told', async () => {
    const subjectId = newId();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => tell(submitted({ subjectId }), submitted({ subjectId }))),
    );
    expect(answers.reduce((sum, told) => sum + told, 0)).toBe(2);
    expect(await toldNames()).toEqual(['Ada Admin', 'Max Manager']);
    const mails = await inWorkspace((tx) =>
      tx.rows('select address from mails where workspace_id = $1', [workspace.id]),
    );
    expect(mails).toHaveLength(2);
  });

  test('a command that fails tells nobody', async () => {
    await expect(
      inWorkspace(async (tx) => {
        await notify(tx, [submitted()]);
        throw new Error('refused');
      }),
    ).rejects.toThrow('refused');
    expect(await toldNames()).toEqual([]);
  });
});
