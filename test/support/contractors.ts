/** Owns a firm that pays its contractors, worked on over HTTP: rates, an account, a series, and whoever decides and pays. */
import { localDay } from '../../domain/day.ts';
import type { Database } from '../../store/database.ts';
import { makeMember } from './make-member.ts';
import type { Answered } from './start-api.ts';
import {
  expectStatus,
  type Hand,
  hours,
  openTicketFirm,
  type TicketDoor,
  type TicketFirm,
} from './tickets.ts';

export interface ContractorFirm extends TicketFirm {
  /** A second admin, who keeps rates and accounts, and pays. */
  clerk: Hand;
  today: string;
  /** Of the contractor's, approved by the manager; 2 h, which are 84.00 GBP, unless told otherwise. */
  approvedTicket(lines?: unknown[], facts?: Record<string, unknown>): Promise<string>;
  /** A draft by the contractor. */
  bundle(ticketIds: string[], facts?: Record<string, unknown>): Promise<Answered['json']>;
  submittedInvoice(ticketIds: string[], facts?: Record<string, unknown>): Promise<Answered['json']>;
  /** Approved by the admin. */
  approvedInvoice(ticketIds: string[], facts?: Record<string, unknown>): Promise<Answered['json']>;
  invoice(id: string): Promise<Answered['json']>;
  /** By the clerk, to the contractor, by wire, today. */
  pay(
    applications: { contractorInvoiceId: string; amount: string; withholdings?: unknown[] }[],
    facts?: Record<string, unknown>,
  ): Promise<Answered>;
  /** The kinds of what a member was told, oldest first. */
  told(member: { id: string }): Promise<string[]>;
}

/** A whole hub as a firm is worked on through: its address, and its database behind the scenes. */
export const hubDoor = (call: TicketDoor['call'], database: Database): TicketDoor => ({
  test: { database },
  call,
  newMember: (workspaceId, role, options = {}) =>
    database.inWorkspace(workspaceId, (tx) => makeMember(tx, role, options)),
});

export const iban = 'GB29 NWBK 6016 1331 9268 19';

export async function openContractorFirm(
  api: TicketDoor,
  options: Parameters<typeof openTicketFirm>[1] & { account?: boolean; prefix?: string } = {},
): Promise<ContractorFirm> {
  const { account = true, prefix = 'CI', ...rest } = options;
  const firm = await openTicketFirm(api, rest);
  const { books, contractor, manager, admin } = firm;
  const clerk = firm.hand(await api.newMember(books.workspaceId, 'admin', { name: 'Cleo Kassen' }));
  const today = localDay(new Date(), 'Europe/London');
  await books.in((tx) =>
    tx.run(`update people set code = 'OVI', currency = 'GBP' where workspace_id = $1 and id = $2`, [
      books.workspaceId,
      contractor.personId,
    ]),
  );
  expectStatus(
    await admin.post('/series', {
      sellerId: books.sellerId,
      documentType: 'contractor_invoice',
      pattern: '{PREFIX}-{CONTRACTOR}-{SEQ:4}',
      prefix,
    }),
    201,
  );
  const rates = [
    { kind: 'labor', regularRate: '42.00', overtimeRate: '63.00' },
    { kind: 'mileage_distance', regularRate: '0.45' },
    { kind: 'mileage_time', regularRate: '20.00' },
  ];
  for (const rate of rates)
    expectStatus(
      await clerk.post('/cost-rates', {
        personId: contractor.personId,
        currency: 'GBP',
        validFrom: '2020-01-01',
        ...rate,
      }),
      201,
    );
  if (account) {
    const proposed = await contractor.post('/payee-accounts', { holder: 'Ola Vik', accountNumber: iban });
    const { id } = expectStatus(proposed, 201);
    expectStatus(await admin.post(`/payee-accounts/${id}/confirm`, {}), 200);
  }

  const approvedTicket: ContractorFirm['approvedTicket'] = async (lines = [hours(2)], facts = {}) => {
    const id = await firm.submitted(lines, facts);
    expectStatus(await manager.post(`/tickets/${id}/approve`, {}), 200);
    return id;
  };
  const bundle: ContractorFirm['bundle'] = async (ticketIds, facts = {}) =>
    expectStatus(await contractor.post('/contractor-invoices', { ticketIds, ...facts }), 201);
  const submittedInvoice: ContractorFirm['submittedInvoice'] = async (ticketIds, facts) => {
    const { id } = await bundle(ticketIds, facts);
    return expectStatus(await contractor.post(`/contractor-invoices/${id}/submit`), 200);
  };
  return {
    ...firm,
    clerk,
    today,
    approvedTicket,
    bundle,
    submittedInvoice,
    approvedInvoice: async (ticketIds, facts) => {
      const { id } = await submittedInvoice(ticketIds, facts);
      return expectStatus(await admin.post(`/contractor-invoices/${id}/approve`, {}), 200);
    },
    invoice: async (id) => expectStatus(await admin.get(`/contractor-invoices/${id}`), 200),
    pay: async (applications, facts = {}) =>
      clerk.post('/contractor-payments', {
        personId: contractor.personId,
        method: 'wire',
        valueDate: today,
        currency: 'GBP',
        amount: applications.reduce((sum, { amount }) => sum + Number(amount), 0).toFixed(2),
        reference: 'WIRE-1',
        applications,
        ...facts,
      }),
    told: (member) =>
      books.in(async (tx) => {
        const rows = await tx.rows<{ kind: string }>(
          'select kind from notifications where workspace_id = $1 and member_id = $2 order by id',
          [books.workspaceId, member.id],
        );
        return rows.map((row) => row.kind);
      }),
  };
}
