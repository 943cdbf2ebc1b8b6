/** Owns telling a story on the terminal: one line per step with its outcome, progress in place, and plain tables. */
import { styleText } from 'node:util';

export interface Step {
  /** Replaces the progress text of the running step. */
  note: (text: string) => void;
}

const isTerminal = process.stdout.isTTY === true;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** Runs a step and prints one line for it; on a terminal its progress is shown in place meanwhile. */
export async function step<T>(
  title: string,
  work: (step: Step) => Promise<T>,
  outcome?: (value: T) => string,
): Promise<T> {
  const started = performance.now();
  let lastNoteAt = 0;
  const note = (text: string) => {
    if (isTerminal) process.stdout.write(`\r\x1b[2K  … ${title}: ${text}`);
    else if (performance.now() - lastNoteAt > 5_000) {
      lastNoteAt = performance.now();
      process.stdout.write(`  … ${title}: ${text}\n`);
    }
  };
  if (isTerminal) process.stdout.write(`  … ${title}`);
  lastNoteAt = performance.now();
  try {
    const value = await work({ note });
    const said = outcome?.(value);
    const line = `  ${styleText('green', '✓')} ${title}${said ? `: ${said}` : ''} ${styleText('dim', `(${seconds(performance.now() - started)})`)}`;
    process.stdout.write(`${isTerminal ? '\r\x1b[2K' : ''}${line}\n`);
    return value;
  } catch (error) {
    process.stdout.write(`${isTerminal ? '\r\x1b[2K' : ''}  ${styleText('red', '✗')} ${title}\n`);
    throw error;
  }
}

export function heading(text: string): void {
  process.stdout.write(`\n${styleText('bold', text)}\n`);
}
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Columns whose name starts with `>` are set to the right. */
export function table(columns: string[], rows: string[][]): void {
  const names = columns.map((column) => column.replace(/^>/, ''));
  const widths = names.map((name, index) =>
    Math.max(name.length, ...rows.map((row) => (row[index] ?? '').length)),
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, index) =>
        columns[index]!.startsWith('>') ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!),
      )
      .join('  ')
      .trimEnd();
  process.stdout.write(`  ${styleText('dim', line(names))}\n`);
  for (const row of rows) process.stdout.write(`  ${line(row)}\n`);
}
