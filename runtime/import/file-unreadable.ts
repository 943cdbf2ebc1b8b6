/** Owns the error that says a whole file cannot be imported, as against one of its lines. */

/** Stable codes; each message says what was found and what to do. */
export type FileUnreadableCode =
  | 'file.empty'
  | 'file.not_text'
  | 'file.encoding'
  | 'file.too_many_lines'
  | 'header.missing_column'
  | 'header.unreadable';

export class FileUnreadable extends Error {
  readonly code: FileUnreadableCode;
  constructor(code: FileUnreadableCode, message: string) {
    super(message);
    this.name = 'FileUnreadable';
    this.code = code;
  }
}
