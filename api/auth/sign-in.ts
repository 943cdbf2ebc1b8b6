/** Owns members' sign-in: better-auth as it is set up here, and the few things that the API asks of it. */

import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { fromNodeHeaders } from 'better-auth/node';
import { genericOAuth } from 'better-auth/plugins/generic-oauth';
import { twoFactor } from 'better-auth/plugins/two-factor';
import type { Logger } from 'pino';
import { passwordResetPath } from '../../domain/member.ts';
import type { Database } from '../../store/database.ts';
import { isExpected } from '../../store/invitations.ts';
import { queueMail } from '../../store/mails.ts';
import { findMembersOfUser } from '../../store/members.ts';
import { newId } from '../../store/new-id.ts';
import { ownOrigins } from './own-origins.ts';

export const authBase = '/api/auth';
/** Set by us on every request to better-auth, whatever the caller sent: what is limited by address cannot be dodged. */
export const clientAddressHeader = 'x-slipway-client-address';

/** What sign-in is told from outside. */
export interface SignInSettings {
  /** Signs cookies and encrypts TOTP secrets; 32 characters or more. */
  secret: string;
  /** `https://hub.example.com`: where browsers find us. Asked at the first request, when the port is known. */
  publicUrl: () => string;
  /** The firm's own sign-in; null: e-mail and password only. */
  oidc: OidcSettings | null;
  /** Per address and minute. */
  maxSignInsPerMinute?: number;
}

export interface OidcSettings {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** The directory alone gives out its addresses, though it does not say `email_verified` of them. */
  trustsEmails: boolean;
}

/** Who is signed in, whatever workspaces they belong to. */
export interface SignedIn {
  userId: string;
  name: string;
  email: string;
  twoFactorEnabled: boolean;
}
export interface SignIn {
  /** Answers a request under `authBase`. */
  answer: (request: Request) => Promise<Response>;
  /** Whom the cookies of a request stand for; null: nobody. */
  signedIn: (headers: IncomingHttpHeaders) => Promise<SignedIn | null>;
  /** False for the origin of another site's page. */
  isOwnOrigin: (origin: string) => boolean;
  /** Who has this address and can sign in. */
  findUser: (email: string) => Promise<{ id: string } | null>;
  /** Makes the account of an invited person, for whom `findUser` found none. Throws when nobody invited the address. */
  createUser: (user: { email: string; name: string; password: string }) => Promise<{ id: string }>;
}

export const minPasswordLength = 12;
export const maxPasswordLength = 128;
const sessionSeconds = 7 * 24 * 3600;
const resetSeconds = 3600;
const oidcProvider = 'oidc';
const standardSignInsPerMinute = 20;

/** Nothing is read or connected before the first request. */
export function createSignIn(database: Database, settings: SignInSettings, logger: Logger): SignIn {
  let opened: ReturnType<typeof open> | null = null;
  const auth = () => {
    opened ??= open(database, settings, logger);
    return opened;
  };
  return {
    answer: (request) => auth().handler(request),
    signedIn: async (headers) => {
      // Refreshed by GET /api/auth/get-session only, which can send the new cookie.
      const found = await auth().api.getSession({
        headers: fromNodeHeaders(headers),
        query: { disableRefresh: true },
      });
      if (found === null) return null;
      const { id, name, email, twoFactorEnabled } = found.user;
      return { userId: id, name, email, twoFactorEnabled: twoFactorEnabled === true };
    },
    isOwnOrigin: (origin) => ownOrigins(settings.publicUrl()).includes(origin),
    findUser: async (email) => {
      const { internalAdapter } = await auth().$context;
      const found = await internalAdapter.findUserByEmail(email, { includeAccounts: true });
      return found !== null && found.accounts.length > 0 ? found.user : null;
    },
    createUser: async ({ email, name, password }) => {
      const context = await auth().$context;
      const hash = await context.password.hash(password);
      // The link reached them at this address, or an admin vouches for it.
      // Found: its first attempt was cut off before it had a password.
      const user =
        (await context.internalAdapter.findUserByEmail(email))?.user ??
        (await context.internalAdapter.createUser({ email, name, emailVerified: true }));
      await context.internalAdapter.linkAccount({
        userId: user.id,
        providerId: 'credential',
        accountId: user.id,
        password: hash,
      });
      return user;
    },
  };
}

function open(database: Database, settings: SignInSettings, logger: Logger) {
  const { oidc } = settings;
  const publicUrl = settings.publicUrl();
  return betterAuth({
    appName: 'Slipway',
    baseURL: publicUrl,
    basePath: authBase,
    secret: settings.secret,
    trustedOrigins: ownOrigins(publicUrl),
    database: database.authPool,
    telemetry: { enabled: false },
    logger: {
      log: (level, message) =>
        logger[level === 'debug' || level === 'info' ? 'debug' : level]({ part: 'sign-in' }, message),
    },
    ...tables,
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength,
      maxPasswordLength,
      resetPasswordTokenExpiresIn: resetSeconds,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: ({ user, token }) => mailReset(database, user, token),
    },
    session: { ...tables.session, expiresIn: sessionSeconds },
    // An account of the same address is theirs, where the firm's directory has verified that.
    account: { ...tables.account, accountLinking: { enabled: true } },
    rateLimit: {
      ...tables.rateLimit,
      enabled: true,
      storage: 'database',
      window: 60,
      max: 600,
      customRules: {
        '/sign-in/*': { window: 60, max: settings.maxSignInsPerMinute ?? standardSignInsPerMinute },
        '/change-password': { window: 60, max: 10 },
      },
    },
    databaseHooks: {
      user: {
        create: {
          // By invitation or through OIDC: only for an address that is proven, and that a workspace expects.
          before: async (user) =>
            user.emailVerified && (await database.inSystem((tx) => isExpected(tx, user.email))),
        },
      },
      account: {
        // The directory's tokens are for nothing here, so they are not kept.
        create: { before: async (account) => ({ data: { ...account, ...noTokens } }) },
        update: { before: async (account) => ({ data: { ...account, ...noTokens } }) },
      },
    },
    advanced: {
      cookiePrefix: 'slipway',
      useSecureCookies: publicUrl.startsWith('https:'),
      database: { generateId: () => newId() },
      ipAddress: { ipAddressHeaders: [clientAddressHeader] },
      // Said outright, since better-auth drops the check where NODE_ENV is "test".
      disableOriginCheck: false,
      disableCSRFCheck: false,
    },
    plugins: [
      twoFactor({ issuer: 'Slipway', schema: twoFactorTables }),
      genericOAuth({
        config: oidc === null ? [] : [{ ...toProvider(oidc), disableSignUp: false }],
      }),
    ],
  });
}

/** In one of their workspaces, whose mail goes out; who is an active member of none gets no mail. */
async function mailReset(
  database: Database,
  user: { id: string; email: string },
  token: string,
): Promise<void> {
  const [member] = await database.inSystem((tx) => findMembersOfUser(tx, user.id));
  if (!member) return;
  await database.inWorkspace(member.workspaceId, (tx) =>
    queueMail(tx, {
      to: user.email,
      template: 'password_reset',
      params: { email: user.email },
      key: `password-reset:${createHash('sha256').update(token).digest('hex')}`,
      link: passwordResetPath(token),
    }),
  );
}

const noTokens = { accessToken: null, refreshToken: null, idToken: null };

const toProvider = ({ issuer, clientId, clientSecret, trustsEmails }: OidcSettings) => ({
  providerId: oidcProvider,
  issuer,
  discoveryUrl: `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`,
  clientId,
  clientSecret,
  scopes: ['openid', 'email', 'profile'],
  pkce: true,
  mapProfileToUser: () => (trustsEmails ? { emailVerified: true } : {}),
});

const times = { createdAt: 'created_at', updatedAt: 'updated_at' };
/** Its models under the names of migration 0009. */
const tables = {
  user: { modelName: 'auth_user', fields: { ...times, emailVerified: 'email_verified' } },
  session: {
    modelName: 'auth_session',
    fields: {
      ...times,
      userId: 'user_id',
      expiresAt: 'expires_at',
      ipAddress: 'ip_address',
      userAgent: 'user_agent',
    },
  },
  account: {
    modelName: 'auth_account',
    fields: {
      ...times,
      userId: 'user_id',
      providerId: 'provider_id',
      accountId: 'account_id',
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      idToken: 'id_token',
      accessTokenExpiresAt: 'access_token_expires_at',
      refreshTokenExpiresAt: 'refresh_token_expires_at',
    },
  },
  verification: { modelName: 'auth_verification', fields: { ...times, expiresAt: 'expires_at' } },
  rateLimit: { modelName: 'auth_rate_limit', fields: { lastRequest: 'last_request' } },
} satisfies Pick<BetterAuthOptions, 'user' | 'session' | 'account' | 'verification' | 'rateLimit'>;
const twoFactorTables = {
  user: { fields: { twoFactorEnabled: 'two_factor_enabled' } },
  twoFactor: {
    modelName: 'auth_two_factor',
    fields: {
      userId: 'user_id',
      backupCodes: 'backup_codes',
      failedVerificationCount: 'failed_verification_count',
      lockedUntil: 'locked_until',
    },
  },
};
