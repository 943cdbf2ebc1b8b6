/** Owns the settings of a workspace that uploads and documents go by, with what holds where none is set. */
import type { AttachmentSubject } from './file-type.ts';

export interface DocumentSettings {
  /** So many days before a document expires it is told; the most first. */
  documentReminderDays: readonly number[];
  receiptMaxBytes: number;
  documentMaxBytes: number;
}

/** No setting goes beyond it. */
export const fileCeilingBytes = 25 * 1024 ** 2;

const defaults: DocumentSettings = {
  documentReminderDays: [30, 14, 3],
  receiptMaxBytes: 10 * 1024 ** 2,
  documentMaxBytes: fileCeilingBytes,
};

/** Settings are checked where they are written; what is not there or of another type has its default. */
export function documentSettings(settings: Readonly<Record<string, unknown>>): DocumentSettings {
  const bytes = (name: 'receiptMaxBytes' | 'documentMaxBytes') => {
    const value = settings[name];
    return typeof value === 'number' ? Math.min(value, fileCeilingBytes) : defaults[name];
  };
  const days = settings.documentReminderDays;
  return {
    documentReminderDays: Array.isArray(days)
      ? days.filter((day): day is number => Number.isInteger(day)).toSorted((a, b) => b - a)
      : defaults.documentReminderDays,
    receiptMaxBytes: bytes('receiptMaxBytes'),
    documentMaxBytes: bytes('documentMaxBytes'),
  };
}

/** How large a file may be that is for this. */
export const maxBytesOf = (subject: AttachmentSubject, settings: DocumentSettings): number =>
  subject === 'ticket_line' ? settings.receiptMaxBytes : settings.documentMaxBytes;
