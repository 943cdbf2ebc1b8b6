/** Owns POST /api-keys. */
import { exceeding } from '../../../domain/permissions.ts';
import { Refusal } from '../../../domain/refusal.ts';
import { createApiKey as makeApiKey } from '../../../store/api-keys.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { apiKeySubject, createdApiKey, newApiKey } from './api-key.ts';

export const createApiKey = defineRoute({
  name: 'create-api-key',
  method: 'post',
  path: '/api-keys',
  summary: 'Create an API key',
  description: 'The key is shown in this answer and never again; only its hash is kept.',
  permission: 'api_keys.create',
  body: newApiKey,
  example: { name: 'Reporting', scopes: ['clients.read', 'invoices.read'] },
  responses: { 201: createdApiKey },
  errors: ['api_key.exceeds_own', 'api_key.already_expired'],
  // What is kept for a repeat must not hold the key.
  keptBody: (body) => ({ ...(body as object), key: null }),
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const missing = exceeding(body.scopes, actor);
      if (missing.length > 0)
        throw new Refusal({
          code: 'api_key.exceeds_own',
          status: 403,
          message: `Your own key lacks ${missing.slice(0, 5).join(', ')}, so it cannot hand that out.`,
          whatToDo: 'Ask for fewer scopes, or use an admin key.',
          details: { missing },
        });
      if (body.expiresAt && Date.parse(body.expiresAt) <= Date.now())
        throw new Refusal({
          code: 'api_key.already_expired',
          status: 422,
          message: 'The key would have expired already.',
          errors: [{ pointer: '/expiresAt', detail: 'is in the past' }],
        });
      const { apiKey, key } = await makeApiKey(tx, {
        name: body.name,
        scopes: body.scopes,
        memberId: actor.memberId,
        expiresAt: body.expiresAt ?? null,
      });
      await recordCreated(tx, actor, apiKeySubject, apiKey);
      return { status: 201, body: { ...apiKey, key } };
    }),
});
