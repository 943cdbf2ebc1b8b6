/** Owns GET /oauth/callback: what a platform's page of consent sends people back with. */
import { z } from 'zod';
import { Refusal } from '../../../domain/refusal.ts';
import { type TakenConsent, takeConsent } from '../../../store/authorisations.ts';
import { type NewTokens, storeTokens } from '../../../store/connection-tokens.ts';
import { type Connection, changeConnection, connections } from '../../../store/connections.ts';
import { recordEvents } from '../../../store/events.ts';
import { enqueueLook } from '../../../store/outbox.ts';
import type { ApiDeps } from '../../deps.ts';
import { definePublicRoute, streamOf } from '../../kit/route.ts';
import { renderConsentPage } from './consent-page.ts';

const page = (description: string) => streamOf('text/html', description);

export const finishConsent = definePublicRoute({
  name: 'finish-consent',
  method: 'get',
  path: '/oauth/callback',
  summary: 'Take what a platform answers to a sign-in',
  description:
    'Opened by the browser of whoever signed in at a platform. Stores the tokens and says what to do next.',
  publicBecause:
    'platforms send people here; the state was given to a member, works once and for ten minutes',
  foreignQuery: true,
  query: z.object({
    state: z.string().max(200).optional(),
    code: z.string().max(4_000).optional(),
    error: z.string().max(200).optional(),
  }),
  responses: { 200: page('Signed in.'), 400: page('Not signed in, and why.') },
  handler: async ({ query, request, deps, log }) => {
    const said = Object.fromEntries(new URL(request.url, 'http://hub').searchParams);
    const taken = query.state === undefined ? null : await take(deps, query.state);
    if (!taken)
      return refused(
        'This sign-in is not known, was used before, or is older than ten minutes.',
        'Begin it anew.',
      );
    const { workspaceId, consent } = taken;
    const { connectionId, askedBy, proof } = consent;
    if (query.error !== undefined || query.code === undefined) {
      await deps.database.inWorkspace(workspaceId, (tx) =>
        tell(tx, connectionId, askedBy, 'authorisation_refused'),
      );
      return refused(
        'The platform did not give its consent.',
        'Begin the sign-in anew, and agree to what is asked.',
      );
    }
    try {
      const tokens = await deps.connectionSetup.finishConsent(
        { workspaceId, connectionId },
        query.code,
        said,
        proof,
      );
      const name = await store(deps, workspaceId, consent, tokens);
      return signedIn(name);
    } catch (problem) {
      if (!(problem instanceof Refusal)) throw problem;
      log.info({ connectionId, code: problem.code }, 'a sign-in at a platform failed');
      return refused(problem.message, problem.whatToDo ?? 'Begin the sign-in anew.');
    }
  },
});

/** The state names its workspace; whether it is ours only its hash says. */
async function take(
  deps: ApiDeps,
  state: string,
): Promise<{ workspaceId: string; consent: TakenConsent } | null> {
  const workspaceId = state.split('.')[0] ?? '';
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(workspaceId)) return null;
  const consent = await deps.database.inWorkspace(workspaceId, (tx) => takeConsent(tx, deps.secrets, state));
  return consent && { workspaceId, consent };
}

/** Tokens and status in one transaction; one that had lost its authorisation goes on. Answers the connection's name. */
function store(
  deps: ApiDeps,
  workspaceId: string,
  { connectionId, askedBy }: TakenConsent,
  tokens: NewTokens,
): Promise<string> {
  return deps.database.inWorkspace(workspaceId, async (tx) => {
    const before = await connections.lock(tx, connectionId);
    if (before) requireSameAccount(before, tokens.settings);
    const stored = before && (await storeTokens(tx, deps.secrets, connectionId, tokens));
    if (!before || stored === null)
      throw new Refusal({
        code: 'connection.disconnected',
        message: 'This connection was disconnected meanwhile.',
        whatToDo: 'Create a new one.',
      });
    if (before.status === 'authorization_lost') {
      await changeConnection(tx, deps.secrets, before, { status: 'active' });
      await enqueueLook(tx, {
        subjectType: 'connection',
        subjectId: connectionId,
        lane: 'interactive',
        reason: 'authorised',
      });
    }
    await tell(tx, connectionId, askedBy, 'authorised');
    return before.name;
  });
}

/** What came in and was booked belongs to one account; a sign-in to another one would mix their books. */
function requireSameAccount({ status, settings }: Connection, told: Readonly<Record<string, string>>): void {
  if (status === 'setup') return;
  if (Object.entries(told).every(([name, value]) => !settings[name] || settings[name] === value)) return;
  throw new Refusal({
    code: 'connection.other_account',
    message: 'This sign-in belongs to another account at the platform than the connection was started with.',
    whatToDo: 'Sign in to the same account again, or make another connection for the other one.',
  });
}

/** As whoever asked for the sign-in: the browser that comes back carries no key. */
function tell(
  tx: Parameters<typeof recordEvents>[0],
  connectionId: string,
  actor: string,
  participle: 'authorised' | 'authorisation_refused',
): Promise<void> {
  return recordEvents(tx, [
    {
      type: `connection.${participle}`,
      subjectType: 'connection',
      subjectId: connectionId,
      actor,
      permission: 'connections.read',
    },
  ]);
}

const headers = { 'Cache-Control': 'no-store' };
const signedIn = (name: string) => ({
  status: 200 as const,
  headers,
  stream: renderConsentPage(
    'Signed in',
    `“${name}” is signed in.`,
    'You may close this page. If the connection is being set up: choose its account where there are several, test it, map its projects, and start it.',
  ),
});
const refused = (message: string, whatToDo: string) => ({
  status: 400 as const,
  headers,
  stream: renderConsentPage('Not signed in', message, whatToDo),
});
