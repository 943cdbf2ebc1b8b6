/** Owns POST /connections/:connectionId/posting-files. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { connections } from '../../../store/connections.ts';
import { makePostingFile } from '../../../store/posting-files.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { day } from '../../kit/schemas.ts';
import { connectionSubject } from '../connections/connection.ts';
import { postingFile } from './posting-file.ts';

export const createPostingFile = defineRoute({
  name: 'create-posting-file',
  method: 'post',
  path: '/connections/:connectionId/posting-files',
  summary: 'Make the posting file of a period',
  description: 'Out of every line that is in no file yet: each line is in one file only.',
  permission: 'connections.sync',
  idempotency: 'required',
  body: z
    .object({ startsOn: day, endsBefore: day })
    .refine(({ startsOn, endsBefore }) => startsOn < endsBefore, 'it ends before it starts'),
  example: { startsOn: '2026-03-01', endsBefore: '2026-04-01' },
  responses: { 201: postingFile },
  errors: ['posting_file.empty', 'posting_file.too_large'],
  handler: ({ params: { connectionId }, body, actor, transact }) =>
    transact(async (tx) => {
      found(await connections.lock(tx, connectionId), 'connection');
      const made = await makePostingFile(tx, { connectionId, ...body, actor: actor.id });
      const { id: fileId, lineCount, controlTotals } = made;
      const payload = { fileId, lineCount, controlTotals };
      await record(tx, actor, connectionSubject, 'posting_file_made', connectionId, payload);
      return { status: 201, body: made };
    }),
});
