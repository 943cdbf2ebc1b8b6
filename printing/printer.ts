/** Owns printing beside the event loop: a thread that starts with the first document and ends when it has had none for a while. */
import { Worker } from 'node:worker_threads';
import type { PrintedDocument, StatusBadge } from '../domain/printed-document.ts';
import type { PrintedStatement } from '../domain/printed-statement.ts';
import { whyNoEInvoice } from './e-invoice-reasons.ts';
import { toPage } from './page.ts';
import type { FromThread, ToThread } from './print-thread.ts';
import type { PrintRequest, ReportRequest, StatementRequest } from './render.ts';
import { toStatementPage } from './statement-page.ts';
import { statementToHtml } from './statement-to-html.ts';
import { toHtml } from './to-html.ts';

export interface Printer {
  /** Rejects when the document takes too long, or where too many wait. */
  print(request: PrintRequest | ReportRequest | StatementRequest): Promise<Uint8Array>;
  /** At once: it is but text. */
  page(document: PrintedDocument, badge: StatusBadge | null, logo: string | null): string;
  statementPage(statement: PrintedStatement): string;
  /** Empty: it can be an e-invoice. */
  whyNoEInvoice(document: PrintedDocument): string[];
  stop(): Promise<void>;
}

const maxWaiting = 200;
const timeoutMs = 300_000;
/** The libraries and fonts take 60 MB, which a hub that prints nothing has back. */
const idleMs = 30_000;
const limits = { maxOldGenerationSizeMb: 384 };

interface Waiting {
  resolve(bytes: Uint8Array): void;
  reject(reason: Error): void;
  timer: NodeJS.Timeout;
}

export function createPrinter(): Printer {
  const waiting = new Map<number, Waiting>();
  let thread: Worker | null = null;
  let idle: NodeJS.Timeout | undefined;
  let lastId = 0;

  const take = (id: number): Waiting | undefined => {
    const one = waiting.get(id);
    clearTimeout(one?.timer);
    waiting.delete(id);
    return one;
  };
  const end = async (reason: string): Promise<void> => {
    const ending = thread;
    thread = null;
    clearTimeout(idle);
    for (const id of [...waiting.keys()]) take(id)?.reject(new Error(reason));
    await ending?.terminate();
  };
  const start = (): Worker => {
    const worker = new Worker(new URL('./print-thread.ts', import.meta.url), { resourceLimits: limits });
    worker.on('message', (answer: FromThread) => {
      const one = take(answer.id);
      if ('bytes' in answer) one?.resolve(answer.bytes);
      else one?.reject(new Error(answer.message));
      if (waiting.size > 0 || worker !== thread) return;
      worker.unref();
      clearTimeout(idle);
      idle = setTimeout(() => void end('the print thread ended'), idleMs);
      idle.unref();
    });
    const broke = (reason: string) => (worker === thread ? void end(reason) : undefined);
    worker.on('error', (error) => broke(`the print thread broke: ${error.message}`));
    worker.on('exit', (code) => broke(`the print thread ended with code ${code}`));
    return worker;
  };

  return {
    print: (request) =>
      new Promise((resolve, reject) => {
        if (waiting.size >= maxWaiting)
          return reject(new Error(`${maxWaiting} documents wait for the printer`));
        clearTimeout(idle);
        thread ??= start();
        thread.ref();
        const id = ++lastId;
        // Whatever hangs it hangs the ones behind it too: they are tried again by whoever asked.
        const timer = setTimeout(
          () => void end(`printing took longer than ${timeoutMs / 1000} s`),
          timeoutMs,
        );
        timer.unref();
        waiting.set(id, { resolve, reject, timer });
        thread.postMessage({ id, request } satisfies ToThread);
      }),
    page: (document, badge, logo) => toHtml(toPage(document, badge), document.paper, logo),
    statementPage: (statement) => statementToHtml(toStatementPage(statement), statement.paper),
    whyNoEInvoice,
    stop: () => end('the printer stops'),
  };
}
