/**
 * Owns a strict loopback stand-in of Zoho Books (API v3) and of its accounts server, for tests and the demo.
 *
 * Written from the fact sheet and Zoho's OpenAPI files, without a look at the connector. What Zoho passes over (a filter
 * that it does not know) is passed over here too; what the sheet leaves open is marked (unconfirmed).
 */
import { type Sandbox, startSandbox, type VendorAnswer, type VendorCall } from '../kit/sandbox.ts';
import { createSandboxOAuth, type SandboxOAuth } from '../kit/sandbox-oauth.ts';
import { openInvoices, type ZohoInvoices } from './sandbox-invoices.ts';
import { openSheets, type ZohoSheets } from './sandbox-sheets.ts';
import { listed, Refusal } from './sandbox-words.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const accessTokenLifeMs = 60 * minuteMs;
/** "100 requests/minute per organisation; daily quota by plan (1,000 free …)". */
const vendorLimits = { minute: 100, day: 1_000 };
/** "Up to 10 access tokens per refresh token in 10 minutes, then refused." */
const mostTokens = 10;
const tokensWithinMs = 10 * minuteMs;

export interface ZohoSandboxOptions {
  port?: number;
  organizationId: string;
  accessToken: string;
  refreshToken?: string;
  clientId: string;
  clientSecret: string;
  /** Default: the vendor's 100 a minute and 1,000 a day of a free plan, by the sandbox's own clock. */
  limits?: { minute: number; day: number } | 'off';
  /** Rows of one page at most; default: the vendor's 200. */
  pageSizeMax?: number;
  /** Default `Europe/Berlin`. */
  timeZone?: string;
  /** Where the account is kept; default `eu`. */
  location?: string;
  now?: () => Date;
}

export interface ZohoSandbox extends Sandbox {
  sheets: ZohoSheets;
  books: ZohoInvoices;
  oauth: SandboxOAuth;
  organisation: { time_zone: string };
  /** The token that is accepted beside what was exchanged, and does not end by itself; null: none. */
  setAccessToken(token: string | null): void;
  /** The list of time entries never ends from now on. */
  endlessPages(): void;
}

export async function startZohoSandbox(options: ZohoSandboxOptions): Promise<ZohoSandbox> {
  const clock = options.now ?? (() => new Date());
  const limits = options.limits ?? vendorLimits;
  const location = options.location ?? 'eu';
  const organisation = {
    organization_id: options.organizationId,
    name: 'Sandbox Marine Engineering',
    is_default_org: true,
    time_zone: options.timeZone ?? 'Europe/Berlin',
    currency_code: 'EUR',
    price_precision: 2,
  };
  let fixedToken: string | null = options.accessToken;
  let isEndless = false;
  const paging = { most: options.pageSizeMax, isEndless: () => isEndless };
  const sheets = openSheets({ now: clock, ...paging });
  const books = openInvoices({ now: clock, sheets, most: options.pageSizeMax });
  const oauth = createSandboxOAuth({
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    clientAuth: 'body',
    lifeMs: accessTokenLifeMs,
    rotates: false,
    callbackOf: () => ({ location, 'accounts-server': `https://accounts.zoho.${location}` }),
    moreOf: () => ({ api_domain: `https://www.zohoapis.${location}` }),
    nowMs: () => clock().getTime(),
    ...(options.refreshToken === undefined ? {} : { refreshToken: options.refreshToken }),
  });
  const exchanges: number[] = [];
  const used = { minute: { window: 0, calls: 0 }, day: { window: 0, calls: 0 } };

  function exchange(call: VendorCall): VendorAnswer {
    if (new URLSearchParams(call.text).get('grant_type') !== 'refresh_token') return oauth.token(call);
    const nowMs = clock().getTime();
    const recent = exchanges.filter((at) => at > nowMs - tokensWithinMs);
    if (recent.length >= mostTokens)
      return {
        status: 400,
        body: { error: 'Access Denied', error_description: 'You have made too many requests continuously.' },
      };
    const { status, body } = oauth.token(call);
    if (status !== 200) return { status, body };
    exchanges.push(nowMs);
    // The old refresh token goes on: no new one is told.
    const { refresh_token: _, ...told } = body as Record<string, unknown>;
    return { status, body: told };
  }

  function answer(call: VendorCall): VendorAnswer {
    const page = books.payPages.answer(call);
    if (page !== null) return page;
    if (call.path === '/oauth/v2/token') return exchange(call);
    if (call.path === '/oauth/v2/token/revoke') return oauth.revoke(call);
    // The word is Zoho's own; Bearer is not taken.
    const token = /^Zoho-oauthtoken (\S+)$/.exec(call.headers.authorization ?? '')?.[1] ?? '';
    if (token !== fixedToken && !oauth.accepts(token))
      return { status: 401, body: { code: 57, message: 'You are not authorized to perform this operation' } };
    const throttled = throttle();
    if (throttled) return throttled;
    return { ...route(call), headers: remaining() };
  }

  function route(call: VendorCall): VendorAnswer {
    try {
      const path = /^\/books\/v3(\/.*)$/.exec(call.path)?.[1];
      if (path === undefined) throw new Refusal(404, 5, 'Invalid URL Passed');
      if (path === '/organizations') {
        const { time_zone: timeZone } = sandbox.organisation;
        const rows = [{ ...organisation, time_zone: timeZone }];
        return { status: 200, body: { code: 0, message: 'success', organizations: rows } };
      }
      if (call.query.get('organization_id') !== options.organizationId)
        throw new Refusal(400, 6041, 'This user is not associated with the CompanyID/CompanyName.');
      if (path === '/settings/currencies')
        return listed(call, 'currencies', books.currencies, options.pageSizeMax);
      return sheets.answer(call, path) ?? books.answer(call, path);
    } catch (refusal) {
      if (refusal instanceof Refusal) return refusal.toAnswer();
      throw refusal;
    }
  }

  function throttle(): VendorAnswer | null {
    if (limits === 'off') return null;
    const nowMs = clock().getTime();
    for (const [name, lengthMs, code] of [
      ['minute', minuteMs, 44],
      ['day', dayMs, 45],
    ] as const) {
      const window = Math.floor(nowMs / lengthMs);
      if (used[name].window !== window) used[name] = { window, calls: 0 };
      if (used[name].calls >= limits[name])
        return {
          status: 429,
          body: { code, message: `You have exceeded the maximum number of calls of this ${name}.` },
          headers: remaining(),
        };
    }
    used.minute.calls += 1;
    used.day.calls += 1;
    return null;
  }

  /** Of the day. */
  function remaining(): Record<string, string> {
    const { day } = limits === 'off' ? vendorLimits : limits;
    const seconds = Math.ceil((dayMs - (clock().getTime() % dayMs)) / 1_000);
    return {
      'x-rate-limit-limit': String(day),
      'x-rate-limit-remaining': String(day - used.day.calls),
      'x-rate-limit-reset': String(seconds),
    };
  }

  const server = await startSandbox(
    {
      answer,
      errorBody: (status, message) => ({ code: status === 429 ? 44 : 1, message }),
      rateLimits: [],
      sendsRetryAfter: false,
    },
    options.port,
  );
  const sandbox: ZohoSandbox = Object.assign(server, {
    sheets,
    books,
    oauth,
    organisation: { time_zone: organisation.time_zone },
    setAccessToken: (token: string | null) => {
      fixedToken = token;
    },
    endlessPages: () => {
      isEndless = true;
    },
  });
  return sandbox;
}
