/** Owns sellers: the legal entities that invoice. */
import type { TaxPointRule } from '../domain/tax.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

/** A postal address as it is printed. */
export interface Address {
  lines?: string[] | undefined;
  city?: string | undefined;
  county?: string | undefined;
  /** State or province. */
  region?: string | undefined;
  postalCode?: string | undefined;
  /** ISO 3166-1 alpha-2. */
  country?: string | undefined;
}

export interface Seller {
  id: string;
  name: string;
  address: Address;
  country: string;
  functionalCurrency: string;
  /** IANA zone of the seller's books: issue dates are days there. */
  zone: string;
  latestInvoiceDays: number | null;
  voidAllowed: boolean;
  /** The tax is shown in it too, where that is not the currency of the invoice. */
  taxCurrency: string | null;
  taxPointRule: TaxPointRule;
  /** Of the trade register. */
  registrationNumber: string | null;
  /** Whom a client may ask. */
  contactName: string | null;
  email: string | null;
  phone: string | null;
  /** In an e-invoice network, with its scheme: `0192:987654321`. */
  electronicAddress: string | null;
  /** The picture on top of its documents. */
  logoAttachmentId: string | null;
}
export type NewSeller = NewRow<Seller, 'name' | 'country' | 'functionalCurrency' | 'zone'>;

export const sellers = tenantTable<Seller>('sellers', {
  name: 'plain',
  address: 'json',
  country: 'plain',
  functionalCurrency: 'plain',
  zone: 'plain',
  latestInvoiceDays: 'plain',
  voidAllowed: 'plain',
  taxCurrency: 'plain',
  taxPointRule: 'plain',
  registrationNumber: 'plain',
  contactName: 'plain',
  email: 'plain',
  phone: 'plain',
  electronicAddress: 'plain',
  logoAttachmentId: 'plain',
});
