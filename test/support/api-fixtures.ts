/** Owns one real record for every path parameter of the API, so that the security tests can fill in any route. */
import { listMails, queueMail } from '../../store/mails.ts';
import { listNotifications, notify } from '../../store/notifications.ts';
import { products } from '../../store/products.ts';
import { pipelineMakers } from './pipeline-fixtures.ts';
import { pdf } from './sample-files.ts';
import type { TestApi } from './start-api.ts';

/**
 * Path parameter → how to make such a record in a workspace. A route with a new parameter needs a line here: the matrix
 * test says so. Later ones may use the ids of earlier ones.
 */
export type Make = (context: {
  api: TestApi;
  key: string;
  workspaceId: string;
  ids: Record<string, string>;
}) => Promise<string>;

const post =
  (path: string, body: (ids: Record<string, string>) => unknown): Make =>
  async ({ api, key, ids }) => {
    const answer = await api.call('POST', path, { key, body: body(ids) });
    if (answer.status !== 201) throw new Error(`fixture ${path}: ${answer.status} ${answer.text}`);
    return (answer.json as { id: string }).id;
  };

const makers: Record<string, Make> = {
  personId: post('/people', () => ({ name: 'Ola Vik', kind: 'contractor', position: 'Fitter' })),
  sellerId: post('/sellers', () => ({
    name: 'Fixture Works AS',
    country: 'NO',
    functionalCurrency: 'EUR',
    zone: 'Europe/Oslo',
  })),
  periodId: post('/periods', ({ sellerId }) => ({
    sellerId,
    area: 'time',
    startsOn: '2026-01-01',
    endsBefore: '2026-02-01',
  })),
  seriesId: post('/series', ({ sellerId }) => ({
    sellerId,
    documentType: 'invoice',
    pattern: '{CLIENT}-{YYYY}-{NNNN}',
  })),
  clientId: post('/clients', () => ({
    name: 'Fixture Lines',
    email: 'accounts@fixture.example',
    code: 'FIX',
    currency: 'EUR',
  })),
  contactId: async ({ api, key, ids }) => {
    const answer = await api.call('POST', `/clients/${ids.clientId}/contacts`, {
      key,
      body: { name: 'Fixture contact', email: 'fixture.contact@example.com' },
    });
    if (answer.status !== 201) throw new Error(`fixture contact: ${answer.status} ${answer.text}`);
    return (answer.json as { id: string }).id;
  },
  clientDocumentId: async ({ api, key, ids }) => {
    const file = await api.call('POST', '/attachments?subjectType=client_document&name=fixture.pdf', {
      key,
      raw: new Uint8Array(pdf('fixture')),
      headers: { 'Content-Type': 'application/octet-stream' },
    });
    const answer = await api.call('POST', `/clients/${ids.clientId}/documents`, {
      key,
      body: { attachmentId: (file.json as { id: string }).id, kind: 'contract', name: 'Fixture agreement' },
    });
    if (answer.status !== 201) throw new Error(`fixture client document: ${answer.status} ${answer.text}`);
    return (answer.json as { id: string }).id;
  },
  clientReportId: async ({ api, key, ids }) => {
    const asked = await api.call('PATCH', `/clients/${ids.clientId}`, {
      key,
      body: { quarterlyReports: true },
    });
    if (asked.status !== 200) throw new Error(`fixture client report: ${asked.status} ${asked.text}`);
    const answer = await api.call('GET', `/client-reports?clientId=${ids.clientId}`, { key });
    return (answer.json as { items: { id: string }[] }).items[0]!.id;
  },
  contractId: post('/contracts', ({ clientId, sellerId }) => ({
    clientId,
    sellerId,
    name: 'Fixture contract',
    currency: 'EUR',
    zone: 'Europe/Oslo',
    startsOn: '2026-01-01',
    goLiveOn: '2026-01-01',
  })),
  calendarId: post('/holiday-calendars', () => ({ name: 'Fixture calendar' })),
  projectId: post('/projects', ({ clientId, contractId }) => ({
    clientId,
    contractId,
    code: 'FIX1',
    name: 'Fixture project',
  })),
  phaseId: post('/phases', ({ projectId }) => ({ projectId, name: 'Fixture phase' })),
  milestoneId: post('/milestones', ({ projectId }) => ({
    projectId,
    name: 'Fixture milestone',
    kind: 'acceptance',
  })),
  unitCode: async ({ api, key }) => {
    await api.call('POST', '/units', { key, body: { code: 'crate', name: 'Crate' } });
    return 'crate';
  },
  productId: post('/products', () => ({ name: 'Fixture survey', unit: 'hour', defaultPrice: '90.00' })),
  taskId: post('/tasks', ({ projectId }) => ({ projectId, name: 'Fixture task' })),
  taskEntryId: post('/task-entries', ({ taskId, personId }) => ({
    kind: 'labor',
    taskId,
    personId,
    workDate: '2026-03-03',
    seconds: 1800,
  })),
  // Of somebody else: while a timer runs, its person hands in no ticket for the project.
  timerId: async (context) => {
    const personId = await post('/people', () => ({ name: 'Kari Moe' }))(context);
    return post('/timers', ({ taskId }) => ({ taskId, personId }))(context);
  },
  mileageClauseId: post('/mileage-clauses', ({ clientId }) => ({
    scopeId: clientId,
    kind: 'distance',
    rate: '0.60',
    currency: 'EUR',
  })),
  purchaseOrderId: post('/purchase-orders', ({ clientId }) => ({
    clientId,
    number: 'PO-FIXTURE',
    currency: 'EUR',
    limitAmount: '1000.00',
  })),
  rateCardId: post('/rate-cards', ({ contractId }) => ({
    scopeType: 'contract',
    scopeId: contractId,
    position: 'Fitter',
    regularRate: '70.00',
    currency: 'EUR',
  })),
  strategyId: post('/strategies', ({ contractId }) => ({
    scopeType: 'contract',
    scopeId: contractId,
    category: 'labor',
    method: 'service_rates',
  })),
  taxRateId: post('/tax-rates', () => ({ region: 'IS', category: 'standard', rate: '24' })),
  bankAccountId: async ({ api, key, ids }) => {
    const answer = await api.call('POST', `/sellers/${ids.sellerId}/bank-accounts`, {
      key,
      body: { label: 'Fixture account', currency: 'EUR', accountNumber: '8601 11 17947' },
    });
    if (answer.status !== 201) throw new Error(`fixture bank account: ${answer.status} ${answer.text}`);
    return (answer.json as { id: string }).id;
  },
  paymentTermsId: post('/payment-terms', () => ({ name: 'Fixture terms', message: 'By {{dueDate}}.' })),
  taxRegistrationId: async ({ api, key, ids }) => {
    const answer = await api.call('POST', `/sellers/${ids.sellerId}/tax-registrations`, {
      key,
      body: { country: 'IS', number: 'IS12345' },
    });
    if (answer.status !== 201) throw new Error(`fixture tax registration: ${answer.status} ${answer.text}`);
    return (answer.json as { id: string }).id;
  },
  mappingRuleId: post('/mapping-rules', ({ clientId }) => ({
    targetKind: 'client',
    matchBy: 'name',
    matchValue: 'Fixture Lines Ltd',
    targetId: clientId,
  })),
  connectionId: post('/connections', () => ({
    connector: 'harvest',
    name: 'Fixture connection',
    goLiveOn: '2026-01-01',
    settings: { accountId: '1' },
    secrets: { accessToken: 'fixture token' },
  })),
  attachmentId: async ({ api, key }) => {
    const answer = await api.call('POST', '/attachments?subjectType=person_document&name=fixture.txt', {
      key,
      raw: 'fixture',
      headers: { 'Content-Type': 'application/octet-stream' },
    });
    if (answer.status !== 201) throw new Error(`fixture attachment: ${answer.status} ${answer.text}`);
    return (answer.json as { id: string }).id;
  },
  requirementId: post('/document-requirements', () => ({ kind: 'contract', name: 'Fixture contract' })),
  documentId: async ({ api, key, ids }) => {
    const answer = await api.call('POST', `/people/${ids.personId}/documents/request`, { key, body: {} });
    if (answer.status !== 200) throw new Error(`fixture document: ${answer.status} ${answer.text}`);
    return (answer.json as { items: { id: string }[] }).items[0]!.id;
  },
  apiKeyId: post('/api-keys', () => ({ name: 'Fixture key', scopes: ['clients.read'] })),
  memberId: post('/members', () => ({
    name: 'Fixture manager',
    email: 'fixture.manager@example.com',
    role: 'manager',
  })),
  reminderPolicyId: post('/reminder-policies', () => ({ name: 'Fixture policy', steps: [{ days: 7 }] })),
  kind: () => Promise.resolve('project'),
  report: () => Promise.resolve('aged-receivables'),
  role: () => Promise.resolve('employee'),
  ruleCode: () => Promise.resolve('contract.hours_over_cap'),
  teamId: post('/teams', () => ({ name: 'Fixture team' })),
  membershipId: post('/memberships', ({ teamId, personId }) => ({ teamId, personId })),
  ticketId: post('/tickets', ({ personId, projectId }) => ({
    personId,
    projectId,
    workDate: '2026-03-02',
    lines: [{ kind: 'labor', seconds: 3600 }],
  })),
  markupId: post('/markups', ({ contractId }) => ({
    scopeType: 'contract',
    scopeId: contractId,
    category: 'labor',
    percentage: '15',
  })),
  priceListId: post('/price-lists', () => ({ name: 'Fixture list', currency: 'EUR' })),
  listPriceId: async ({ api, key, workspaceId, ids }) => {
    const product = await api.test.database.inWorkspace(workspaceId, (tx) =>
      products.insert(tx, { name: 'Fixture part', unit: 'piece' }),
    );
    const answer = await api.call('POST', `/price-lists/${ids.priceListId}/prices`, {
      key,
      body: { productId: product.id, unitPrice: '4.00' },
    });
    if (answer.status !== 201) throw new Error(`fixture list price: ${answer.status} ${answer.text}`);
    ids.productId ??= product.id;
    return (answer.json as { id: string }).id;
  },
  currencyRateId: post('/currency-rates', () => ({
    base: 'NOK',
    quote: 'EUR',
    rateOn: '2026-03-02',
    rate: '0.0875',
    source: 'Fixture bank',
  })),
  costRateId: post('/cost-rates', ({ personId }) => ({
    personId,
    currency: 'EUR',
    regularRate: '40.00',
    validFrom: '2026-01-01',
  })),
  approverId: async ({ api, workspaceId }) =>
    (await api.newMember(workspaceId, 'manager', { name: 'Fixture approver' })).id,
  substituteId: post('/approval-substitutes', ({ memberId, approverId }) => ({
    memberId,
    substituteId: approverId,
    startsOn: '2026-05-01',
    endsBefore: '2026-05-08',
  })),
  notificationId: async ({ api, workspaceId }) => {
    const member = await api.newMember(workspaceId, 'manager');
    return api.test.database.inWorkspace(workspaceId, async (tx) => {
      await notify(tx, [
        {
          kind: 'mail.failing',
          to: { memberIds: [member.id] },
          key: `fixture:${member.id}`,
          subjectType: 'workspace',
          subjectId: workspaceId,
          params: { address: 'fixture@example.com', attempts: '1', reason: 'a fixture' },
        },
      ]);
      return (await listNotifications(tx, member.id, { unread: true, before: null, limit: 1 }))[0]!.id;
    });
  },
  mailId: ({ api, workspaceId }) =>
    api.test.database.inWorkspace(workspaceId, async (tx) => {
      await queueMail(tx, {
        to: 'fixture@example.com',
        template: 'invitation',
        params: { inviter: 'Ada', workspace: 'Fixture', role: 'manager', expiresOn: '2026-05-01' },
        key: `fixture:${workspaceId}`,
        link: '/invitations/fixture',
      });
      return (await listMails(tx, { status: null, before: null, limit: 1 }))[0]!.id;
    }),
  contractorInvoiceId: post('/contractor-invoices', ({ personId, sellerId }) => ({
    personId,
    sellerId,
    ticketIds: [],
  })),
  contractorPaymentId: async ({ api, key, ids }) => {
    const made = await api.call('POST', '/contractor-payments', {
      key,
      headers: { 'Idempotency-Key': `fixture-payment-${ids.personId}` },
      body: {
        personId: ids.personId,
        method: 'check',
        valueDate: new Date().toISOString().slice(0, 10),
        currency: 'EUR',
        amount: '10.00',
        rest: 'on_account',
      },
    });
    if (made.status !== 201) throw new Error(`fixture /contractor-payments: ${made.status} ${made.text}`);
    return (made.json as { id: string }).id;
  },
  payeeAccountId: post('/payee-accounts', ({ personId }) => ({
    personId,
    holder: 'Ola Vik',
    accountNumber: 'NO9386011117947',
  })),
  openingBatchId: post('/opening-batches', () => ({
    name: 'Fixture balances',
    asOf: '2026-01-01',
    rows: [{ kind: 'wip', client: 'FIX', contract: 'Fixture contract', currency: 'EUR', amount: '1250.00' }],
  })),
  agreementId: post('/self-billing-agreements', ({ personId, sellerId }) => ({
    personId,
    sellerId,
    startsOn: '2026-01-01',
    legalText: 'Self-billing invoice',
  })),
  ...pipelineMakers,
  reminderPauseId: post('/reminder-pauses', ({ invoiceId }) => ({ invoiceId, reason: 'Fixture' })),
};

/** Makes one of each; answers path parameter → id. */
export async function makeFixtures(api: TestApi, workspaceId: string, key: string) {
  const ids: Record<string, string> = {};
  for (const [name, make] of Object.entries(makers)) ids[name] = await make({ api, key, workspaceId, ids });
  return ids;
}

/** `'{clientId}'` → the id, anywhere in an example. Throws when there is no fixture of that name. */
export function fillExample<T>(value: T, ids: Record<string, string>): T {
  const filled = JSON.stringify(value)?.replace(/"\{([a-z][a-zA-Z]*Id)\}"/g, (_, name: string) =>
    JSON.stringify(idOf(ids, name)),
  );
  return filled === undefined ? value : (JSON.parse(filled) as T);
}

/** `/clients/:clientId` → the path of the fixture. */
export function fillPath(path: string, ids: Record<string, string>): string {
  return path.replace(/:([a-zA-Z0-9]+)/g, (_, name: string) => idOf(ids, name));
}

function idOf(ids: Record<string, string>, name: string): string {
  const id = ids[name];
  if (!id) throw new Error(`no fixture for the parameter ${name}: add one to test/support/api-fixtures.ts`);
  return id;
}
