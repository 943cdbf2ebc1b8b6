/** Owns clients: those who are invoiced. */
import type { Address } from './sellers.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export const clientStatuses = ['active', 'inactive', 'pending', 'archived'] as const;

export interface Client {
  id: string;
  name: string;
  /** Three capital letters that invoice numbers carry. */
  code: string;
  email: string | null;
  address: Address;
  currency: string;
  taxId: string | null;
  paymentTermsDays: number;
  /** Own company's work: recorded, never invoiced. */
  internal: boolean;
  mailNotifications: boolean;
  autoInvoicing: boolean;
  status: (typeof clientStatuses)[number];
  defaultProductId: string | null;
  createdAt: string;
}
export type NewClient = NewRow<Client, 'name' | 'code' | 'currency'>;

export const clients = tenantTable<Client>('clients', {
  name: 'plain',
  code: 'plain',
  email: 'plain',
  address: 'json',
  currency: 'plain',
  taxId: 'plain',
  paymentTermsDays: 'plain',
  internal: 'plain',
  mailNotifications: 'plain',
  autoInvoicing: 'plain',
  status: 'plain',
  defaultProductId: 'plain',
  createdAt: 'plain',
});
