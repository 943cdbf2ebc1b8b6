/** Owns documents of people over HTTP: asked for, handed in, reviewed by another, in force, told of in time, and what they block. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { doDaily } from '../../store/daily.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { isCompliant, requireCompliant } from '../../store/documents.ts';
import { verifyChain } from '../../store/events.ts';
import { newId } from '../../store/new-id.ts';
import type { TestMember } from '../support/make-member.ts';
import { office, pdf } from '../support/sample-files.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
let workspace: { id: string; key: string };
let ida: TestMember;
let ben: TestMember;
let ada: TestMember;
let max: TestMember;
beforeAll(async () => {
  api = await startApi();
});
beforeEach(async () => {
  workspace = await api.newWorkspace();
  ada = await api.newMember(workspace.id, 'admin', { name: 'Ada Admin' });
  max = await api.newMember(workspace.id, 'manager', { name: 'Max Manager' });
  ida = await api.newMember(workspace.id, 'contractor', { name: 'Ida Berg' });
  ben = await api.newMember(workspace.id, 'contractor', { name: 'Ben Holm' });
  await ok(api.call('PATCH', '/workspace', { key: ada.key, body: { settings: { zone: 'Europe/Oslo' } } }));
  await setClock('2026-05-01T10:00:00Z');
});
afterAll(() => api.stop());

const inWorkspace = <T>(work: (tx: WorkspaceTx) => Promise<T>) =>
  api.test.database.inWorkspace(workspace.id, work);
async function ok(answering: Promise<Answered>): Promise<Answered> {
  const answer = await answering;
  if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text}`);
  return answer;
}
/** Moves the workspace's own clock and does what its day then asks for. */
async function setClock(at: string): Promise<void> {
  await inWorkspace((tx) => tx.run('update workspaces set clock_at = $2 where id = $1', [workspace.id, at]));
  await doDaily(api.test.database);
}
const requirement = async (facts: Record<string, unknown> = {}): Promise<string> => {
  const body = {
    kind: 'insurance',
    name: 'Liability insurance',
    expires: true,
    blocksPayment: true,
    ...facts,
  };
  return (await ok(api.call('POST', '/document-requirements', { key: ada.key, body }))).json.id as string;
};
let count = 0;
const attach = async (who: TestMember, content: Buffer = pdf(`document ${++count}`)): Promise<string> =>
  (
    await ok(
      api.call('POST', '/attachments?subjectType=person_document&name=Policy.pdf', {
        key: who.key,
        raw: new Uint8Array(content),
        headers: { 'Content-Type': 'application/octet-stream' },
      }),
    )
  ).json.id as string;
const handIn = async (
  requirementId: string,
  options: { by?: TestMember; of?: TestMember; expiresOn?: string | null; attachmentId?: string } = {},
): Promise<Answered> => {
  const { by = ida, of = ida, expiresOn = '2026-06-30' } = options;
  return api.call('POST', `/people/${of.personId}/documents`, {
    key: by.key,
    body: { requirementId, attachmentId: options.attachmentId ?? (await attach(by)), expiresOn },
  });
};
const approve = (id: string, version: number, by = max, body: Record<string, unknown> = {}) =>
  api.call('POST', `/documents/${id}/approve`, { key: by.key, body: { version, ...body } });
const reject = (id: string, version: number, by = max) =>
  api.call('POST', `/documents/${id}/reject`, {
    key: by.key,
    body: { version, reason: 'Page 2 is missing' },
  });
const read = async (id: string, by = max) =>
  (await ok(api.call('GET', `/documents/${id}`, { key: by.key }))).json;
/** Who was told what, in the order of time, as "kind → name". */
const told = async () => {
  const rows = await inWorkspace((tx) =>
    tx.rows<{ kind: string; name: string }>(
      `select n.kind, m.name from notifications n join members m on m.workspace_id = n.workspace_id and m.id = n.member_id
       where n.workspace_id = $1 and n.kind like 'document.%' order by n.id, m.name`,
      [workspace.id],
    ),
  );
  return rows.map(({ kind, name }) => `${kind} → ${name}`);
};
const forgetTold = () =>
  inWorkspace(async (tx) => {
    await tx.run('delete from mails where workspace_id = $1', [workspace.id]);
    // The rows stay, since they are what tells nothing twice: only what the test looks at is renamed.
    await tx.run(
      `update notifications set kind = 'seen.' || kind where workspace_id = $1 and kind like 'document.%'`,
      [workspace.id],
    );
  });
const may = (purpose: 'payment' | 'tickets', who = ida) =>
  inWorkspace((tx) => isCompliant(tx, who.personId!, purpose));

test('an insurance is asked for, handed in, sent back, handed in again and approved; the right people are told', async () => {
  const insurance = await requirement();
  expect(await may('payment')).toBe(false);
  const asked = await ok(
    api.call('POST', `/people/${ida.personId}/documents/request`, { key: max.key, body: {} }),
  );
  expect(asked.json.items).toMatchObject([
    { personName: 'Ida Berg', requirementName: 'Liability insurance', status: 'requested', version: 0 },
  ]);
  const again = await ok(
    api.call('POST', `/people/${ida.personId}/documents/request`, { key: ada.key, body: {} }),
  );
  expect(again.json.items).toEqual([]);

  const first = await handIn(insurance);
  expect(first.status).toBe(201);
  const { id } = first.json;
  expect(id).toBe(asked.json.items[0].id);
  expect(first.json).toMatchObject({ status: 'uploaded', version: 1, inForceVersion: null });
  expect((await reject(id, 1)).status).toBe(200);
  expect(await read(id, ida)).toMatchObject({
    status: 'rejected',
    versions: [{ version: 1, status: 'rejected', reason: 'Page 2 is missing', fileName: 'Policy.pdf' }],
  });
  expect(await may('payment')).toBe(false);

  await handIn(insurance);
  const approved = await approve(id, 2, ada);
  expect(approved.status).toBe(200);
  expect(approved.json).toMatchObject({
    status: 'approved',
    inForceVersion: 2,
    expiresOn: '2026-06-30',
    versions: [
      { version: 2, status: 'approved', reviewedBy: `member:${ada.id}`, expiresOn: '2026-06-30' },
      { version: 1, status: 'rejected', reviewedBy: `member:${max.id}` },
    ],
  });
  expect(await may('payment')).toBe(true);
  expect(await told()).toEqual([
    'document.requested → Ida Berg',
    'document.uploaded → Ada Admin',
    'document.uploaded → Max Manager',
    'document.rejected → Ida Berg',
    'document.uploaded → Ada Admin',
    'document.uploaded → Max Manager',
    'document.approved → Ida Berg',
  ]);
  await api.sequence();
  expect(await inWorkspace(verifyChain)).toMatchObject({ ok: true });
  const events = await inWorkspace((tx) =>
    tx.rows<{ type: string }>(
      `select type from events where workspace_id = $1 and subject_type = 'person_document' order by seq`,
      [workspace.id],
    ),
  );
  expect(events.map(({ type }) => type.split('.')[1])).toEqual([
    'requested',
    'uploaded',
    'rejected',
    'uploaded',
    'approved',
  ]);
});

test('while a successor is in review, and after it was sent back, the version in force still holds', async () => {
  const insurance = await requirement();
  const { id } = (await handIn(insurance)).json;
  await ok(approve(id, 1));
  await setClock('2026-06-20T10:00:00Z');
  const successor = await handIn(insurance, { expiresOn: '2027-06-30' });
  expect(successor.json).toMatchObject({ status: 'uploaded', inForceVersion: 1, expiresOn: '2026-06-30' });
  expect(await may('payment')).toBe(true);
  await ok(reject(id, 2));
  expect(await read(id)).toMatchObject({ status: 'rejected', inForceVersion: 1 });
  expect(await may('payment')).toBe(true);
  await handIn(insurance, { expiresOn: '2027-06-30' });
  await ok(approve(id, 3));
  const after = await read(id);
  expect(after).toMatchObject({ status: 'approved', inForceVersion: 3, expiresOn: '2027-06-30' });
  expect(after.versions.map(({ status }: { status: string }) => status)).toEqual([
    'approved',
    'rejected',
    'superseded',
  ]);
});

test('a better scan takes the place of the one before, and only the latest can be decided on', async () => {
  const insurance = await requirement();
  const { id } = (await handIn(insurance)).json;
  await handIn(insurance);
  expect((await approve(id, 1)).json.code).toBe('document.other_version');
  expect((await approve(id, 2)).status).toBe(200);
  expect((await approve(id, 2)).json.code).toBe('document.already_decided');
  expect((await reject(id, 2)).json.code).toBe('document.already_decided');
  const versions = (await read(id)).versions.map(({ status }: { status: string }) => status);
  expect(versions).toEqual(['approved', 'superseded']);
});

test('two who decide at the same moment give one decision and one clear 409', async () => {
  const insurance = await requirement();
  const { id } = (await handIn(insurance)).json;
  const answers = await Promise.all([approve(id, 1, max), reject(id, 1, ada)]);
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  expect(answers.find(({ status }) => status === 409)!.json.code).toBe('document.already_decided');
});

describe('reviewing', () => {
  test('is for another than who uploaded it, and never for whom it is about', async () => {
    const insurance = await requirement({ appliesTo: 'everyone' });
    const { id } = (await handIn(insurance, { by: max, of: ida })).json;
    const own = await approve(id, 1, max);
    expect([own.status, own.json.code]).toEqual([403, 'duty.uploaded']);
    expect((await approve(id, 1, ida)).json.code).toBe('auth.permission_missing');
    expect((await approve(id, 1, ada)).status).toBe(200);

    // A manager who is employed too: their own document, whoever uploaded it.
    const employee = await api.newMember(workspace.id, 'employee', { name: 'Eva Employee' });
    await inWorkspace((tx) =>
      tx.run(`update members set role = 'manager' where workspace_id = $1 and id = $2`, [
        workspace.id,
        employee.id,
      ]),
    );
    const eva = (await handIn(insurance, { by: ada, of: employee })).json;
    expect((await approve(eva.id, 1, employee)).json.code).toBe('duty.own_document');
  });

  test('by an admin on their own needs a reason, and is in the duties report', async () => {
    const insurance = await requirement();
    await inWorkspace((tx) =>
      tx.run(`update members set status = 'suspended' where workspace_id = $1 and id = $2`, [
        workspace.id,
        max.id,
      ]),
    );
    const { id } = (await handIn(insurance, { by: ada, of: ida })).json;
    expect((await approve(id, 1, ada)).json.code).toBe('duty.reason_required');
    expect((await approve(id, 1, ada, { ownReason: 'I am the whole office' })).status).toBe(200);
    const report = await inWorkspace((tx) =>
      tx.rows('select action, subject_id, reason from duty_exceptions where workspace_id = $1', [
        workspace.id,
      ]),
    );
    expect(report).toEqual([
      { action: 'document.approve: uploaded', subjectId: id, reason: 'I am the whole office' },
    ]);
  });

  test('asks for the last day where it has to be there, and takes the word of the reviewer', async () => {
    const insurance = await requirement();
    const { id } = (await handIn(insurance, { expiresOn: null })).json;
    const without = await approve(id, 1);
    expect([without.status, without.json.code]).toEqual([422, 'document.expiry_required']);
    expect((await approve(id, 1, max, { expiresOn: '2026-04-30' })).json.code).toBe(
      'document.expired_already',
    );
    expect((await approve(id, 1, max, { expiresOn: '2026-09-30' })).json.expiresOn).toBe('2026-09-30');
  });
});

describe('reminders', () => {
  const expiringTold = async () => {
    const all = await told();
    await forgetTold();
    return all;
  };

  test('come 30, 14 and 3 days before the end, on the day, and when it is over: to the person and the admins, once each', async () => {
    const insurance = await requirement();
    const { id } = (await handIn(insurance)).json;
    await ok(approve(id, 1));
    await forgetTold();
    const expiring = ['document.expiring → Ada Admin', 'document.expiring → Ida Berg'];
    const days: [string, string[]][] = [
      ['2026-05-30T10:00:00Z', []],
      // 08:00 in Oslo.
      ['2026-05-31T06:00:00Z', expiring],
      ['2026-05-31T18:00:00Z', []],
      ['2026-06-10T10:00:00Z', []],
      ['2026-06-16T10:00:00Z', expiring],
      ['2026-06-27T10:00:00Z', expiring],
      ['2026-06-30T10:00:00Z', expiring],
    ];
    for (const [at, expected] of days) {
      await setClock(at);
      await doDaily(api.test.database);
      expect([at, (await expiringTold()).toSorted()]).toEqual([at, expected]);
      expect(await may('payment')).toBe(true);
    }
    expect(await read(id)).toMatchObject({ status: 'approved' });
    // Midnight has passed in Oslo, and not in London: the document is over.
    await setClock('2026-06-30T22:30:00Z');
    expect(await may('payment')).toBe(false);
    await setClock('2026-07-01T10:00:00Z');
    expect((await expiringTold()).toSorted()).toEqual([
      'document.expired → Ada Admin',
      'document.expired → Ida Berg',
    ]);
    expect(await read(id)).toMatchObject({ status: 'expired', versions: [{ status: 'expired' }] });
    for (const at of ['2026-07-02T10:00:00Z', '2026-07-30T10:00:00Z']) await setClock(at);
    expect(await expiringTold()).toEqual([]);
    // Its successor begins anew.
    await handIn(insurance, { expiresOn: '2026-12-31' });
    await ok(approve(id, 2));
    expect(await may('payment')).toBe(true);
    await forgetTold();
    await setClock('2026-12-01T10:00:00Z');
    expect((await expiringTold()).toSorted()).toEqual(expiring);
  });

  test('that were missed while the hub was down are told once, by the last of them', async () => {
    const insurance = await requirement();
    const { id } = (await handIn(insurance)).json;
    await ok(approve(id, 1));
    await forgetTold();
    await setClock('2026-06-28T10:00:00Z');
    expect(await expiringTold()).toHaveLength(2);
    await setClock('2026-06-29T10:00:00Z');
    expect(await expiringTold()).toEqual([]);
  });

  test('go out once though several processes look at the same moment', async () => {
    const insurance = await requirement();
    for (const who of [ida, ben]) {
      const { id } = (await handIn(insurance, { by: who, of: who })).json;
      await ok(approve(id, 1));
    }
    await forgetTold();
    await inWorkspace((tx) =>
      tx.run('update workspaces set clock_at = $2 where id = $1', [workspace.id, '2026-06-27T10:00:00Z']),
    );
    await Promise.all(Array.from({ length: 4 }, () => doDaily(api.test.database)));
    expect((await expiringTold()).toSorted()).toEqual([
      'document.expiring → Ada Admin',
      'document.expiring → Ada Admin',
      'document.expiring → Ben Holm',
      'document.expiring → Ida Berg',
    ]);
  });

  test('follow other days once the workspace has set them', async () => {
    const insurance = await requirement();
    const { id } = (await handIn(insurance)).json;
    await ok(approve(id, 1));
    await forgetTold();
    await ok(
      api.call('PATCH', '/workspace', { key: ada.key, body: { settings: { documentReminderDays: [45] } } }),
    );
    await setClock('2026-05-16T10:00:00Z');
    expect(await expiringTold()).toHaveLength(2);
    await setClock('2026-05-31T10:00:00Z');
    expect(await expiringTold()).toEqual([]);
    await setClock('2026-06-30T10:00:00Z');
    expect(await expiringTold()).toHaveLength(2);
  });

  test('are not sent for people who have left', async () => {
    const insurance = await requirement();
    const { id } = (await handIn(insurance)).json;
    await ok(approve(id, 1));
    await ok(api.call('PATCH', `/people/${ida.personId}`, { key: ada.key, body: { active: false } }));
    await forgetTold();
    await setClock('2026-07-01T10:00:00Z');
    expect(await expiringTold()).toEqual([]);
    expect(await read(id)).toMatchObject({ status: 'expired' });
  });

  test('while a successor is in review, the end of the old one is told and leaves the review as it is', async () => {
    const insurance = await requirement();
    const { id } = (await handIn(insurance)).json;
    await ok(approve(id, 1));
    await handIn(insurance, { expiresOn: '2027-06-30' });
    await forgetTold();
    await setClock('2026-07-01T10:00:00Z');
    expect(await expiringTold()).toContain('document.expired → Ida Berg');
    expect(await read(id)).toMatchObject({
      status: 'uploaded',
      versions: [{ status: 'uploaded' }, { status: 'expired' }],
    });
    expect(await may('payment')).toBe(false);
    await ok(approve(id, 2));
    expect(await may('payment')).toBe(true);
  });
});

describe('compliance', () => {
  test('says who lacks what, and counts', async () => {
    const insurance = await requirement();
    const contract = await requirement({
      kind: 'contract',
      name: 'Contract',
      expires: false,
      blocksTickets: true,
    });
    await requirement({
      kind: 'tax_form',
      name: 'Tax card',
      appliesTo: 'employee',
      expires: false,
      blocksPayment: false,
    });
    const employee = await api.newMember(workspace.id, 'employee', { name: 'Eva Employee' });
    for (const [one, expiresOn] of [
      [insurance, '2026-05-20'],
      [contract, null],
    ] as const) {
      const { id } = (await handIn(one, { expiresOn })).json;
      await ok(approve(id, 1));
    }
    await handIn(contract, { by: ben, of: ben, expiresOn: null });

    const idas = await ok(api.call('GET', `/people/${ida.personId}/compliance`, { key: ida.key }));
    expect(idas.json).toMatchObject({ compliant: true, mayBePaid: true, maySubmitTickets: true });
    expect(idas.json.documents).toMatchObject([
      { name: 'Contract', state: 'valid', expiresOn: null },
      { name: 'Liability insurance', state: 'expiring', expiresOn: '2026-05-20' },
    ]);
    const lacking = await ok(api.call('GET', '/compliance?lacking=true', { key: max.key }));
    expect(
      lacking.json.items.map(
        (one: { personName: string; mayBePaid: boolean; documents: { name: string; state: string }[] }) => [
          one.personName,
          one.mayBePaid,
          ...one.documents.map(({ name, state }) => `${name}: ${state}`),
        ],
      ),
    ).toEqual([
      ['Ben Holm', false, 'Contract: in_review', 'Liability insurance: missing'],
      ['Eva Employee', true, 'Tax card: missing'],
    ]);
    expect((await ok(api.call('GET', '/compliance/summary', { key: max.key }))).json).toEqual({
      people: 3,
      peopleLacking: 2,
      states: { valid: 1, expiring: 1, missing: 2, in_review: 1, rejected: 0, expired: 0 },
    });
    const pages: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Answered = await ok(
        api.call('GET', `/compliance?limit=1${cursor && `&cursor=${cursor}`}`, { key: max.key }),
      );
      pages.push(...page.json.items.map(({ personName }: { personName: string }) => personName));
      cursor = page.json.nextCursor;
    }
    expect(pages).toEqual(['Ida Berg', 'Ben Holm', 'Eva Employee']);
    expect(await may('tickets', ben)).toBe(false);
    expect(await may('tickets', employee)).toBe(true);
  });

  test('keeps people from what the requirement says, by name, and from nothing else', async () => {
    await requirement({
      name: 'Safety course',
      kind: 'certificate',
      blocksTickets: true,
      blocksPayment: false,
    });
    expect(await may('tickets')).toBe(false);
    expect(await may('payment')).toBe(true);
    await expect(inWorkspace((tx) => requireCompliant(tx, ida.personId!, 'tickets'))).rejects.toMatchObject({
      code: 'document.not_compliant',
      status: 409,
      details: { lacking: ['Safety course'] },
    });
  });

  test('asks no more for what is not required any more', async () => {
    const insurance = await requirement();
    expect(await may('payment')).toBe(false);
    await ok(
      api.call('PATCH', `/document-requirements/${insurance}`, { key: ada.key, body: { active: false } }),
    );
    expect(await may('payment')).toBe(true);
    expect((await handIn(insurance)).json.code).toBe('document.not_required');
  });
});

describe('bad input is refused whole', () => {
  test('what is not required of them, not their own upload, for something else, or over already', async () => {
    const insurance = await requirement();
    const forEmployees = await requirement({ name: 'Tax card', appliesTo: 'employee' });
    const receipt = await ok(
      api.call('POST', '/attachments?subjectType=ticket_line&name=a.pdf', {
        key: ida.key,
        raw: new Uint8Array(pdf()),
        headers: { 'Content-Type': 'application/pdf' },
      }),
    );
    const bens = await attach(ben);
    const used = await attach(ida);
    const taken = await requirement({ name: 'Contract', expires: false });
    await handIn(taken, { attachmentId: used });
    const refusals: [Parameters<typeof handIn>, number, string][] = [
      [[forEmployees], 422, 'document.not_required'],
      [[insurance, { attachmentId: bens }], 422, 'attachment.unknown'],
      [[insurance, { attachmentId: newId() }], 422, 'attachment.unknown'],
      [[insurance, { attachmentId: receipt.json.id }], 422, 'attachment.other_purpose'],
      [[insurance, { attachmentId: used }], 409, 'attachment.bound'],
      [[insurance, { expiresOn: '2026-04-30' }], 422, 'document.expired_already'],
      [[insurance, { expiresOn: '2026-02-30' }], 422, 'request.invalid_body'],
      [[newId()], 404, 'document_requirement.not_found'],
    ];
    for (const [args, status, code] of refusals) {
      const answer = await handIn(...args);
      expect([answer.status, answer.json.code]).toEqual([status, code]);
    }
    const list = await ok(api.call('GET', `/documents?requirementId=${insurance}`, { key: max.key }));
    expect(list.json.items).toEqual([]);
  });

  test('a name of 10,000 letters, an unknown kind; a name that is there already is a 409', async () => {
    const send = (facts: Record<string, unknown>) =>
      api.call('POST', '/document-requirements', {
        key: ada.key,
        body: { kind: 'other', name: 'Diving licence', ...facts },
      });
    expect((await send({ name: 'x'.repeat(10_000) })).status).toBe(422);
    expect((await send({ kind: 'passport' })).status).toBe(422);
    const marked = await send({ name: '<b>=HYPERLINK("x")</b>' });
    expect(marked.json.name).toBe('<b>=HYPERLINK("x")</b>');
    expect((await send({})).status).toBe(201);
    expect((await send({})).status).toBe(409);
  });
});

describe('who sees what', () => {
  test("a contractor sees and hands in their own only; another's and another workspace's do not exist", async () => {
    const insurance = await requirement();
    const { id, versions } = (await handIn(insurance)).json;
    const file = `/attachments/${versions[0].attachmentId}/content`;
    const elsewhere = await api.newWorkspace('Elsewhere');
    for (const key of [ben.key, elsewhere.key]) {
      expect((await api.call('GET', `/documents/${id}`, { key })).status).toBe(404);
      expect((await api.call('GET', file, { key })).status).toBe(404);
      expect((await api.call('GET', `/people/${ida.personId}/compliance`, { key })).status).toBe(404);
    }
    expect((await handIn(insurance, { by: ben, of: ida })).status).toBe(404);
    for (const path of ['/documents', `/documents?personId=${ida.personId}`])
      expect((await ok(api.call('GET', path, { key: ben.key }))).json.items).toEqual([]);
    expect((await ok(api.call('GET', '/documents', { key: ida.key }))).json.items).toHaveLength(1);
    expect((await api.call('GET', file, { key: ida.key })).status).toBe(200);
    expect((await api.call('GET', '/compliance', { key: ida.key })).status).toBe(403);
    expect(
      (await api.call('POST', `/documents/${id}/approve`, { key: elsewhere.key, body: { version: 1 } }))
        .status,
    ).toBe(404);
    const required = await ok(api.call('GET', '/document-requirements?active=true', { key: ida.key }));
    expect(required.json.items).toMatchObject([{ name: 'Liability insurance' }]);
  });

  test('what an office uploads for a contractor is the contractor’s to see, as a Word file too', async () => {
    const contract = await requirement({ kind: 'contract', name: 'Contract', expires: false });
    const attachmentId = await attach(max, office('docx'));
    const { id } = (await handIn(contract, { by: max, of: ida, attachmentId, expiresOn: null })).json;
    expect((await read(id, ida)).versions).toMatchObject([{ fileName: 'Policy.pdf.docx' }]);
    expect((await api.call('GET', `/attachments/${attachmentId}/content`, { key: ida.key })).status).toBe(
      200,
    );
  });

  test('a request that nothing was handed in for can be taken back, one with a version cannot', async () => {
    const insurance = await requirement();
    const asked = await ok(
      api.call('POST', `/people/${ida.personId}/documents/request`, {
        key: ada.key,
        body: { requirementIds: [insurance] },
      }),
    );
    const path = `/documents/${asked.json.items[0].id}`;
    expect((await api.call('DELETE', path, { key: max.key })).status).toBe(403);
    expect((await api.call('DELETE', path, { key: ada.key })).status).toBe(204);
    expect((await api.call('GET', path, { key: ada.key })).status).toBe(404);
    const { id } = (await handIn(insurance)).json;
    expect((await api.call('DELETE', `/documents/${id}`, { key: ada.key })).json.code).toBe(
      'document.uploaded_already',
    );
  });
});
