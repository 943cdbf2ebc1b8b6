/** Owns POST /api-keys/:apiKeyId/revoke. */
import { found } from '../../../domain/refusal.ts';
import { revokeApiKey as endApiKey, getApiKey } from '../../../store/api-keys.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { apiKey, apiKeySubject } from './api-key.ts';

export const revokeApiKey = defineRoute({
  name: 'revoke-api-key',
  method: 'post',
  path: '/api-keys/:apiKeyId/revoke',
  summary: 'Revoke an API key',
  description: 'It ends within two seconds. Revoking it again changes nothing.',
  permission: 'api_keys.revoke',
  responses: { 200: apiKey },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = found(await getApiKey(tx, params.apiKeyId), 'api_key');
      const after = found(await endApiKey(tx, before.id), 'api_key');
      await recordUpdated(tx, actor, apiKeySubject, before, after, 'revoked');
      return { status: 200, body: after };
    }),
});
