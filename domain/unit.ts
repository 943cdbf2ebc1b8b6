/** Owns the units that every workspace knows: those that work is measured in, and the piece. */

export interface Unit {
  code: string;
  name: string;
  status: 'active' | 'archived';
  /** Known everywhere; it is never changed. */
  builtIn: boolean;
}

export const builtInUnits: readonly Unit[] = [
  ['hour', 'Hour'],
  ['km', 'Kilometre'],
  ['piece', 'Piece'],
  ['amount', 'Amount'],
].map(([code, name]) => ({ code: code!, name: name!, status: 'active', builtIn: true }));
