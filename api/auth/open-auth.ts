/** Owns how better-auth is set up here: its tables, closed sign-up, passwords, TOTP, the firm's OIDC, cookies and limits. */
import { createHash } from 'node:crypto';
import { type BetterAuthOptions, betterAuth } from 'better-auth';
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
import {
  authBase,
  clientAddressHeader,
  maxPasswordLength,
  minPasswordLength,
  type OidcSettings,
  type SignInSettings,
} from './sign-in.ts';

const sessionSeconds = 7 * 24 * 3600;
const resetSeconds = 3600;
const oidcProvider = 'oidc';
const standardSignInsPerMinute = 20;

export type Auth = ReturnType<typeof openAuth>;

export function openAuth(database: Database, settings: SignInSettings, logger: Logger) {
  const { oidc } = settings;
  const publicUrl = settings.publicUrl();
  const verifyEmail = async (userId: string): Promise<void> => {
    const { internalAdapter } = await auth.$context;
    await internalAdapter.updateUser(userId, { emailVerified: true });
  };
  const auth = betterAuth({
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
      // Whoever had the link has read the mail.
      onPasswordReset: ({ user }) => verifyEmail(user.id),
    },
    session: { ...tables.session, expiresIn: sessionSeconds },
    // Whoever reads the table cannot use the links that were mailed.
    verification: { ...tables.verification, storeIdentifier: 'hashed' },
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
          // By invitation (no request of better-auth's) or through OIDC: only for an address that a workspace expects, and
          // that the directory has verified.
          before: async (user, request) =>
            (request === null || user.emailVerified) &&
            (await database.inSystem((tx) => isExpected(tx, user.email))),
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
  return auth;
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
