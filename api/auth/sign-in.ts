/** Owns what the API asks of sign-in, and what sign-in is told from outside. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from 'pino';
import type { Database } from '../../store/database.ts';
import type { Auth } from './open-auth.ts';
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
export interface NewUser {
  email: string;
  name: string;
  password: string;
  /** They have read a mail to this address. Else its account in the firm's directory is not taken for the same person. */
  emailVerified: boolean;
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
  createUser: (user: NewUser) => Promise<{ id: string }>;
  /** What goes with a token into a mail and nowhere else: whoever shows it again has read that mail. */
  mailProof: (token: string) => string;
  isMailProof: (token: string, proof: string) => boolean;
}

export const minPasswordLength = 12;
export const maxPasswordLength = 128;
/** The headers of a request, as fetch has them. */
export function toHeaders(given: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) if (typeof value === 'string') headers.set(name, value);
  return headers;
}

/** Nothing is loaded, read or connected before the first request: better-auth takes 57 MB, which commands and workers need not. */
export function createSignIn(database: Database, settings: SignInSettings, logger: Logger): SignIn {
  let opened: Promise<Auth> | null = null;
  const auth = () => {
    opened ??= import('./open-auth.ts')
      .then(({ openAuth }) => openAuth(database, settings, logger))
      .catch((error: unknown) => {
        opened = null;
        throw error;
      });
    return opened;
  };
  const mailProof = (token: string) =>
    createHmac('sha256', settings.secret).update(`mailed ${token}`).digest('base64url');
  return {
    answer: async (request) => (await auth()).handler(request),
    signedIn: async (headers) => {
      // Refreshed by GET /api/auth/get-session only, which can send the new cookie.
      const found = await (await auth()).api.getSession({
        headers: toHeaders(headers),
        query: { disableRefresh: true },
      });
      if (found === null) return null;
      const { id, name, email, twoFactorEnabled } = found.user;
      return { userId: id, name, email, twoFactorEnabled: twoFactorEnabled === true };
    },
    mailProof,
    isMailProof: (token, proof) => {
      const [given, right] = [Buffer.from(proof), Buffer.from(mailProof(token))];
      return given.length === right.length && timingSafeEqual(given, right);
    },
    isOwnOrigin: (origin) => ownOrigins(settings.publicUrl()).includes(origin),
    findUser: async (email) => {
      const { internalAdapter } = await (await auth()).$context;
      const found = await internalAdapter.findUserByEmail(email, { includeAccounts: true });
      return found !== null && found.accounts.length > 0 ? found.user : null;
    },
    createUser: async ({ email, name, password, emailVerified }) => {
      const context = await (await auth()).$context;
      const hash = await context.password.hash(password);
      // Found: its first attempt was cut off before it had a password.
      const user =
        (await context.internalAdapter.findUserByEmail(email))?.user ??
        (await context.internalAdapter.createUser({ email, name, emailVerified }));
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
