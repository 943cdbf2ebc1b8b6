/** Owns number series: one gap-free counter per seller, document type and name. Counting itself happens at issue. */
import { type NewRow, tenantTable } from './tenant-table.ts';

export const seriesDocumentTypes = [
  'invoice',
  'credit_note',
  'self_billed',
  'contractor_invoice',
  'ticket',
] as const;

export interface Series {
  id: string;
  sellerId: string;
  documentType: (typeof seriesDocumentTypes)[number];
  name: string;
  /** e.g. `{CLIENT}-{YYYY}-{NNNN}`, see domain/numbering.ts. */
  pattern: string;
  nextNumber: number;
  lastIssueDate: string | null;
}
export type NewSeries = NewRow<Series, 'sellerId' | 'documentType' | 'pattern'>;

export const series = tenantTable<Series>('series', {
  sellerId: 'plain',
  documentType: 'plain',
  name: 'plain',
  pattern: 'plain',
  nextNumber: 'plain',
  lastIssueDate: 'plain',
});
