/** Owns number series: one gap-free counter per seller, document type and name. Counting itself happens at issue. */
import type { SeriesDocumentType, SeriesReset } from '../domain/numbering.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export interface Series {
  id: string;
  sellerId: string;
  documentType: SeriesDocumentType;
  name: string;
  /** e.g. `{CLIENT}-{YYYY}-{NNNN}`, see domain/numbering.ts. */
  pattern: string;
  /** {PREFIX} in the pattern. */
  prefix: string;
  reset: SeriesReset;
  /** Whose own series it is; only of self-billed documents. */
  personId: string | null;
  nextNumber: number;
  lastIssueDate: string | null;
}
export type NewSeries = NewRow<Series, 'sellerId' | 'documentType' | 'pattern'>;

export const series = tenantTable<Series>('series', {
  sellerId: 'plain',
  documentType: 'plain',
  name: 'plain',
  pattern: 'plain',
  prefix: 'plain',
  reset: 'plain',
  personId: 'plain',
  nextNumber: 'plain',
  lastIssueDate: 'plain',
});
