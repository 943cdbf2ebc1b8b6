/** Owns GET /api-keys/:apiKeyId. */
import { found } from '../../../domain/refusal.ts';
import { getApiKey as readApiKey } from '../../../store/api-keys.ts';
import { defineRoute } from '../../kit/route.ts';
import { apiKey } from './api-key.ts';

export const getApiKey = defineRoute({
  name: 'get-api-key',
  method: 'get',
  path: '/api-keys/:apiKeyId',
  summary: 'Read an API key',
  permission: 'api_keys.read',
  responses: { 200: apiKey },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({ status: 200, body: found(await readApiKey(tx, params.apiKeyId), 'api_key') })),
});
