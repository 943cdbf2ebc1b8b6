/**
 * Owns a strict loopback stand-in of Xero: the Accounting API 2.0, the Projects API 2.0, the list of connections and the
 * token address, for tests and the demo.
 *
 * Written from the fact sheet and Xero's OpenAPI files, without a look at the connector. A query parameter or a field
 * that a route does not know is refused, where Xero may pass over it. What the sheet leaves open is marked (unconfirmed).
 */
import { randomUUID } from 'node:crypto';
import { type Sandbox, startSandbox, type VendorAnswer, type VendorCall } from '../kit/sandbox.ts';
import { createSandboxOAuth, type SandboxOAuth } from '../kit/sandbox-oauth.ts';
import { openBooks, type XeroBooks } from './sandbox-books.ts';
import { openProjects, type XeroProjects } from './sandbox-projects.ts';
import { Refusal } from './sandbox-words.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const accessTokenLifeMs = 30 * minuteMs;
const graceMs = 30 * minuteMs;
const mostKeyCharacters = 128;
/** "Short, minutes" (unconfirmed). */
const keyLifeMs = 6 * minuteMs;
const mostKeys = 10_000;
/** Per organisation: "60/min, 5000/day". */
const vendorLimits = { minute: 60, day: 5_000 };

export interface XeroSandboxOptions {
  port?: number;
  tenantId: string;
  accessToken: string;
  refreshToken?: string;
  clientId: string;
  clientSecret: string;
  /** Default: the vendor's 60 a minute and 5,000 a day, by the sandbox's own clock. */
  limits?: { minute: number; day: number } | 'off';
  /** Rows of one page at most; default: the vendor's 500 (Projects) and 100 (Accounting). */
  pageSizeMax?: number;
  /** Xero's name of the organisation's zone; default `NEWZEALANDSTANDARDTIME`. */
  timezone?: string;
  baseCurrency?: string;
  /** Default true: the organisation has Xero Projects and the user a role in it. */
  hasProjects?: boolean;
  now?: () => Date;
}

export interface XeroSandbox extends Sandbox {
  books: XeroBooks;
  projects: XeroProjects;
  oauth: SandboxOAuth;
  organisation: { Timezone: string };
  /** The token that is accepted beside what was exchanged, and does not end by itself; null: none. */
  setAccessToken(token: string | null): void;
  /** The list of an organisation's time, and of payments, never ends from now on. */
  endlessPages(): void;
}

export async function startXeroSandbox(options: XeroSandboxOptions): Promise<XeroSandbox> {
  const clock = options.now ?? (() => new Date());
  const limits = options.limits ?? vendorLimits;
  const organisation = {
    OrganisationID: options.tenantId,
    Name: 'Sandbox Marine Engineering',
    LegalName: 'Sandbox Marine Engineering',
    BaseCurrency: options.baseCurrency ?? 'EUR',
    CountryCode: 'DE',
    IsDemoCompany: false,
    Timezone: options.timezone ?? 'NEWZEALANDSTANDARDTIME',
    OrganisationStatus: 'ACTIVE',
  };
  let isEndless = false;
  const paging = { most: options.pageSizeMax, isEndless: () => isEndless };
  const books = openBooks({ now: clock, baseCurrency: organisation.BaseCurrency, ...paging });
  const projects = openProjects({ now: clock, ...paging });
  const oauth = createSandboxOAuth({
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    clientAuth: 'basic',
    lifeMs: accessTokenLifeMs,
    rotates: true,
    graceMs,
    nowMs: () => clock().getTime(),
    ...(options.refreshToken === undefined ? {} : { refreshToken: options.refreshToken }),
  });
  let fixedToken: string | null = options.accessToken;
  /** Answers by idempotency key. */
  const answers = new Map<string, { at: number; answer: VendorAnswer }>();
  const used = { minute: { window: 0, calls: 0 }, day: { window: 0, calls: 0 } };

  function answer(call: VendorCall): VendorAnswer {
    const page = books.payPages.answer(call);
    if (page !== null) return page;
    if (call.path === '/connect/token') return oauth.token(call);
    if (call.path === '/connect/revocation') return oauth.revoke(call);
    const token = /^Bearer (\S+)$/.exec(call.headers.authorization ?? '')?.[1] ?? '';
    if (token !== fixedToken && !oauth.accepts(token))
      return problem(401, 'Unauthorized', 'TokenExpired: token expired or unknown');
    if (call.path.toLowerCase() === '/connections') return listConnections();
    if (call.headers['xero-tenant-id'] !== options.tenantId)
      return problem(403, 'Forbidden', 'AuthenticationUnsuccessful');
    const throttled = throttle();
    if (throttled) return throttled;
    return { ...repeatedOr(call, () => route(call)), headers: remaining() };
  }

  function route(call: VendorCall): VendorAnswer {
    try {
      // The Accounting API answers in XML unless it is asked for JSON.
      if (!/\bapplication\/json\b/.test(call.headers.accept ?? ''))
        return {
          status: 200,
          body: '<Response xmlns:i="http://www.w3.org/2001/XMLSchema-instance"></Response>',
        };
      const [, api, rest] = /^\/(api\.xro|projects\.xro)\/2\.0(\/.*)$/.exec(call.path) ?? [];
      if (api === 'projects.xro') {
        if (options.hasProjects === false)
          return problem(403, 'Forbidden', 'The user has no role in Projects');
        return projects.answer(call, rest!);
      }
      if (api === 'api.xro' && rest === '/Organisation') {
        const { Timezone } = sandbox.organisation;
        return { status: 200, body: { Organisations: [{ ...organisation, Timezone }] } };
      }
      if (api === 'api.xro') return books.answer(call, rest!);
      throw new Refusal(404, `There is no ${call.path}.`);
    } catch (refusal) {
      if (refusal instanceof Refusal) return refusal.toAnswer();
      throw refusal;
    }
  }

  /** A repeated key gets the first answer again, for as long as it is remembered. */
  function repeatedOr(call: VendorCall, work: () => VendorAnswer): VendorAnswer {
    const key = call.headers['idempotency-key'];
    if (call.method === 'GET' || typeof key !== 'string') return work();
    if (key.length > mostKeyCharacters)
      return new Refusal(400, `Idempotency-Key is longer than ${mostKeyCharacters} characters.`).toAnswer();
    const at = clock().getTime();
    const known = answers.get(key);
    if (known && at - known.at < keyLifeMs) return known.answer;
    const made = work();
    answers.set(key, { at, answer: made });
    if (answers.size > mostKeys) answers.delete(answers.keys().next().value!);
    return made;
  }

  function listConnections(): VendorAnswer {
    const authEventId = 'd99ecdfe-391d-43d2-b834-17636ba90e8d';
    return {
      status: 200,
      body: [
        {
          id: randomUUID(),
          tenantId: options.tenantId,
          tenantType: 'ORGANISATION',
          tenantName: organisation.Name,
          authEventId,
        },
        {
          id: randomUUID(),
          tenantId: randomUUID(),
          tenantType: 'PRACTICE',
          tenantName: 'Some practice',
          authEventId,
        },
      ],
    };
  }

  /** Fixed windows, whose ends differ from tenant to tenant: here those of the clock. */
  function throttle(): VendorAnswer | null {
    if (limits === 'off') return null;
    const nowMs = clock().getTime();
    for (const [name, lengthMs] of [
      ['minute', minuteMs],
      ['day', dayMs],
    ] as const) {
      const window = Math.floor(nowMs / lengthMs);
      if (used[name].window !== window) used[name] = { window, calls: 0 };
      if (used[name].calls >= limits[name]) {
        const seconds = Math.ceil(((window + 1) * lengthMs - nowMs) / 1_000);
        const headers = { 'retry-after': String(seconds), 'x-rate-limit-problem': name, ...remaining() };
        return { status: 429, headers };
      }
    }
    used.minute.calls += 1;
    used.day.calls += 1;
    return null;
  }

  function remaining(): Record<string, string> {
    const { minute, day } = limits === 'off' ? vendorLimits : limits;
    return {
      'x-minlimit-remaining': String(minute - used.minute.calls),
      'x-daylimit-remaining': String(day - used.day.calls),
      'x-appminlimit-remaining': '9999',
    };
  }

  const server = await startSandbox(
    {
      answer,
      errorBody: (status, message) =>
        status === 401 || status === 403 ? problem(status, 'Refused', message).body : { Message: message },
      rateLimits: [],
      sendsRetryAfter: true,
      commonHeaders: () => ({ 'xero-correlation-id': randomUUID() }),
    },
    options.port,
  );
  const sandbox: XeroSandbox = Object.assign(server, {
    books,
    projects,
    oauth,
    organisation: { Timezone: organisation.Timezone },
    setAccessToken: (token: string | null) => {
      fixedToken = token;
    },
    endlessPages: () => {
      isEndless = true;
    },
  });
  return sandbox;
}

/** The shape in which the gateway refuses. */
function problem(status: number, title: string, detail: string): VendorAnswer {
  return {
    status,
    body: {
      Type: null,
      Title: title,
      Status: status,
      Detail: detail,
      Instance: randomUUID(),
      Extensions: {},
    },
  };
}
