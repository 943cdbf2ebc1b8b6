/** Owns how a connection's scope is read and written over the API. */
import { z } from 'zod';
import type { ScopeField } from '../../../domain/scope.ts';

const mostItems = 500;
const items = z.array(z.string().trim().min(1).max(200)).max(mostItems).readonly().optional();
const lists = z.strictObject({
  project: items,
  client: items,
  task: items,
  person: items,
  group: items,
  tag: items,
} satisfies Record<ScopeField, typeof items>);

export const scope = z
  .strictObject({
    billableOnly: z.boolean().optional(),
    include: lists.optional().meta({ description: 'An entry needs one of each list that is here.' }),
    exclude: lists.optional().meta({ description: 'One of these keeps an entry out.' }),
  })
  .meta({
    id: 'Scope',
    description:
      'Which entries come in. Each item is an id of the platform, a code, a name or an e-mail address; * in it stands for anything. Empty: everything.',
  });
