/** Owns POST /connections/:connectionId/authorise. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { consentMinutes, openConsent } from '../../../store/authorisations.ts';
import { connections } from '../../../store/connections.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { instant } from '../../kit/schemas.ts';
import { connectionSubject, refOf } from './connection.ts';

/** Where platforms send people back to: entered once in the app at the platform. */
export const callbackPath = '/api/v1/oauth/callback';

export const authoriseConnection = defineRoute({
  name: 'authorise-connection',
  method: 'post',
  path: '/connections/:connectionId/authorise',
  summary: "Begin a sign-in: the address of the platform's page of consent",
  description: `Open it in a browser within ${consentMinutes} minutes. The platform sends the person back to ${callbackPath} of this hub; enter that address in your app at the platform. Works once; asking anew ends the earlier one.`,
  permission: 'connections.authorise',
  responses: {
    200: z.object({ url: z.url(), redirectUrl: z.url(), expiresAt: instant }),
  },
  errors: [
    'connection.no_consent',
    'connection.client_missing',
    'connection.disconnected',
    'platform.refused',
  ],
  handler: async ({ params, actor, deps, workspaceId, transact }) => {
    const redirectUrl = `${deps.publicUrl()}${callbackPath}`;
    const ref = refOf(workspaceId, params);
    const { url, proof } = await deps.connectionSetup.beginConsent(ref, redirectUrl);
    return transact(async (tx) => {
      const { id } = found(await connections.lock(tx, params.connectionId), 'connection');
      await openConsent(tx, deps.secrets, { connectionId: id, askedBy: actor.id, proof });
      await record(tx, actor, connectionSubject, 'authorisation_asked', id);
      const expiresAt = new Date(Date.now() + consentMinutes * 60_000).toISOString();
      return { status: 200, body: { url, redirectUrl, expiresAt } };
    });
  },
});
