/** Owns the print thread's side: a request in, a file or a failure out. */
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import {
  type PrintRequest,
  type ReportRequest,
  render,
  renderReport,
  renderStatement,
  type StatementRequest,
} from './render.ts';

export interface ToThread {
  id: number;
  request: PrintRequest | ReportRequest | StatementRequest;
}
export type FromThread = { id: number; bytes: Uint8Array } | { id: number; message: string };

function bytesOf(request: ToThread['request']): Promise<Uint8Array> {
  if ('report' in request) return renderReport(request);
  return 'statement' in request ? renderStatement(request) : render(request);
}

const port = parentPort;
if (port === null) throw new Error('print-thread.ts runs in a worker thread');
// Paper gives way to the invoice that is being booked meanwhile. On Linux a priority is the calling thread's; elsewhere it would
// be the whole process's.
if (process.platform === 'linux') setPriority(10);
// One after the other: pdfmake lays out whole documents at once, and two would only share the memory.
let last: Promise<void> = Promise.resolve();
port.on('message', ({ id, request }: ToThread) => {
  last = last.then(async () => {
    try {
      const bytes = await bytesOf(request);
      port.postMessage({ id, bytes } satisfies FromThread);
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      port.postMessage({ id, message } satisfies FromThread);
    }
  });
});
