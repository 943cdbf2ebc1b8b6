/** Owns how an event is shown over the API, on the list and on the stream. */
import { z } from 'zod';
import { id } from '../../kit/schemas.ts';

export const event = z
  .object({
    seq: z.int().meta({ description: 'Gap-free in the workspace, in order of commit.' }),
    id,
    at: z.string().meta({ description: 'UTC, with microseconds.' }),
    sandboxAt: z.string().nullable(),
    actor: z.string(),
    type: z.string().meta({ description: 'Subject and past participle, e.g. client.created.' }),
    subject: z.object({ type: z.string(), id: id.nullable() }),
    payload: z.unknown(),
    before: z
      .unknown()
      .meta({ description: 'What was, as far as it differs; personal fields are in GET /audit.' }),
    after: z.unknown().meta({ description: 'What is.' }),
    hash: z.string().meta({ description: 'Chains the event to the one before it.' }),
  })
  .meta({ id: 'Event' });
