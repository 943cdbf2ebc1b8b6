/** Owns the products a workspace gets when nothing else names one (DESIGN §5), created once and marked as such. */
import type { DecimalText, EntryKind } from '../work-entry.ts';

export interface ProductDefault {
  name: string;
  unit: string;
  defaultPrice: DecimalText | null;
}

const work: ProductDefault = { name: 'Work', unit: 'hour', defaultPrice: null };

export const productDefaults: Record<EntryKind, ProductDefault> = {
  labor: work,
  goods: work,
  expense: work,
  mileage_distance: { name: 'Transport', unit: 'km', defaultPrice: '5.0' },
  mileage_time: { name: 'Transport Time', unit: 'hour', defaultPrice: '1000.0' },
};
