/** Owns an API under test: the real application on a loopback port, on a database of its own, with keys and a log. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnectionSetup } from '../../activities/connection-setup.ts';
import { createHookIntake } from '../../activities/hook-intake.ts';
import { createApp } from '../../api/app.ts';
import type { AppDeps } from '../../api/deps.ts';
import { createLogger } from '../../api/kit/logger.ts';
import type { Route } from '../../api/kit/route.ts';
import { type Connector, defineConnector } from '../../connectors/kit/define.ts';
import type { Role, Scope } from '../../domain/permissions.ts';
import { renderMail } from '../../mail/render-mail.ts';
import { loadTemplates } from '../../mail/templates.ts';
import { createPrinter } from '../../printing/printer.ts';
import { createDocumentKeeper } from '../../runtime/document-keeper.ts';
import { createFileStore } from '../../runtime/file-store.ts';
import { createImporter } from '../../runtime/import/importer.ts';
import { createRematcher } from '../../runtime/rematcher.ts';
import { createReportKeeper } from '../../runtime/report-keeper.ts';
import { createSecretBox } from '../../runtime/secrets.ts';
import { createStatementKeeper } from '../../runtime/statement-keeper.ts';
import { createApiKey } from '../../store/api-keys.ts';
import { numberEvents } from '../../store/events.ts';
import { createWorkspace } from '../../store/workspaces.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { makeMember, type NewMemberOptions, type TestMember } from './make-member.ts';

export interface Answered {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body; null where there is none or it is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  json: any;
}
export interface CallOptions {
  key?: string;
  body?: unknown;
  /** Sent as it is, instead of `body`. */
  raw?: NonNullable<RequestInit['body']>;
  headers?: Record<string, string>;
}

export interface TestApi {
  test: TestDatabase;
  url: string;
  /** All lines of the log so far, as text. */
  log: () => string;
  call(method: string, path: string, options?: CallOptions): Promise<Answered>;
  /** A new workspace with an admin key. */
  newWorkspace(name?: string): Promise<{ id: string; key: string }>;
  newKey(workspaceId: string, scopes: readonly Scope[]): Promise<string>;
  /** A new active member with a key that may do whatever the member may. A contractor and an employee get a person. */
  newMember(workspaceId: string, role: Role, options?: NewMemberOptions): Promise<TestMember>;
  /** Gives committed events their numbers and tells the streams, as the sequencer would. */
  sequence(): Promise<void>;
  stop(): Promise<void>;
}

/** A connector that needs nothing but to be there: it answers without calling anybody. */
const offline = defineConnector({
  id: 'harvest',
  name: 'Harvest',
  auth: { type: 'bearer' },
  baseUrl: () => 'https://api.vendor.example',
  rateLimit: { requests: 100, perSeconds: 15 },
  timeoutMs: 1_000,
  throttleMs: 1_000,
  requestIdHeader: 'x-request-id',
  settings: { accountId: 'the number of the account' },
  optionalSettings: { zone: 'where it keeps time' },
  test: () => Promise.resolve({ account: 'Harbour Works', warnings: [] }),
  lookUps: {
    project: async function* () {
      yield [
        { externalId: 'p-1', name: 'Dock 4', code: 'D4', email: null, active: true, parentExternalId: 'c-1' },
      ];
    },
  },
  timeSource: {
    rescan: { days: 30, everyMinutes: 60 },
    tellsDeletions: false,
    tellsApproval: true,
    async *window() {
      yield { entries: [], unreadable: [], checkpoint: null };
    },
    readEntry: () => Promise.resolve(null),
  },
});
const connectors = new Map([[offline.id, offline]]);

/** `routes` replaces the API's own, for tests of the kit. */
export async function startApi(deps: Partial<AppDeps> = {}, routes?: readonly Route[]): Promise<TestApi> {
  const test = await createTestDatabase();
  const lines: string[] = [];
  const logger = createLogger({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  const waiting = new Set<() => void>();
  const shutdown = new AbortController();
  const spoolDir = mkdtempSync(join(tmpdir(), 'slipway-test-api-'));
  const importer = createImporter({ database: test.database, spoolDir, logger });
  const rematcher = createRematcher({ database: test.database, logger });
  const files = createFileStore(join(spoolDir, 'files'));
  const printer = createPrinter();
  const secrets = deps.secrets ?? createSecretBox(new Map([[1, randomBytes(32)]]));
  const documents = createDocumentKeeper({ database: test.database, files, printer });
  const connectionSetup = createConnectionSetup({
    database: test.database,
    secrets,
    logger,
    documents: { keep: () => Promise.resolve() },
    connectors: (deps.connectors ?? connectors) as ReadonlyMap<string, Connector>,
    vendor: { allowLoopback: deps.allowBaseUrlOverride ?? false, timeoutMs: null },
  });
  const app = createApp(
    {
      database: test.database,
      feed: {
        wait: (signal) =>
          new Promise<void>((resolve) => {
            waiting.add(resolve);
            signal.addEventListener('abort', () => resolve(), { once: true });
          }),
      },
      secrets,
      signIn: {
        secret: randomBytes(32).toString('hex'),
        publicUrl: () => url,
        oidc: null,
        maxSignInsPerMinute: 1000,
      },
      connectors,
      connectionSetup,
      logger,
      importFile: (upload) => importer.importFile(upload),
      files,
      documents,
      reports: createReportKeeper({ database: test.database, files, printer }),
      statements: createStatementKeeper({ database: test.database, files, printer }),
      rematcher,
      takeHook: createHookIntake({
        database: test.database,
        connectors: (deps.connectors ?? connectors) as ReadonlyMap<string, Connector>,
      }),
      showMail: async (content) =>
        renderMail(
          await loadTemplates(join(tmpdir(), 'slipway-test-mail')),
          content,
          'https://hub.example.com',
        ),
      readiness: () => Promise.resolve({ database: { ok: true } }),
      version: '0.0.0-test',
      shutdown: shutdown.signal,
      keyCacheMs: 0,
      strictAnswers: true,
      ...deps,
    },
    routes,
  );
  const http = createServer(app).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

  return {
    test,
    url,
    log: () => lines.join(''),
    call: async (method, path, { key, body, raw, headers = {} } = {}) => {
      const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
      const outside = /^\/(api\/|healthz|readyz)/.test(path);
      const response = await fetch(outside ? `${url}${path}` : `${url}/api/v1${path}`, {
        method,
        headers: {
          ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
          ...(sent === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(sent === undefined ? {} : { body: sent }),
      });
      const text = await response.text();
      let json: unknown = null;
      try {
        json = JSON.parse(text);
      } catch {
        // Not JSON: the text is there.
      }
      return { status: response.status, headers: response.headers, text, json };
    },
    newWorkspace: async (name = 'Harbour Works') => {
      const { workspace, key } = await createWorkspace(test.database, { name });
      return { id: workspace.id, key };
    },
    newKey: async (workspaceId, scopes) => {
      const made = await test.database.inWorkspace(workspaceId, (tx) =>
        createApiKey(tx, { name: 'test key', scopes }),
      );
      return made.key;
    },
    newMember: (workspaceId, role, options = {}) =>
      test.database.inWorkspace(workspaceId, (tx) => makeMember(tx, role, options)),
    sequence: async () => {
      await test.database.inSystem((tx) => numberEvents(tx, 10_000));
      for (const wake of waiting) wake();
      waiting.clear();
    },
    stop: async () => {
      shutdown.abort();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await Promise.all([importer.stop(), rematcher.stop(), printer.stop(), connectionSetup.idle()]);
      await rm(spoolDir, { recursive: true, force: true });
      await test.drop();
    },
  };
}
