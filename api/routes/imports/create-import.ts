/** Owns POST /imports: a CSV file of time records, streamed to the importer. */
import { z } from 'zod';
import { type ImportMapping, MappingInvalid, readMapping } from '../../../domain/import/mapping.ts';
import { readyMapping, readyMappingNames } from '../../../domain/import/ready-mappings.ts';
import { Refusal } from '../../../domain/refusal.ts';
import { approvalStates } from '../../../domain/work-entry.ts';
import { defineRoute } from '../../kit/route.ts';
import { name, zone } from '../../kit/schemas.ts';
import { operation } from '../operations/operation.ts';

const maxUploadBytes = 5 * 1024 ** 3;
/** Node takes at most 8 KB of request line and headers together. */
const maxMappingBytes = 8 * 1024;

const settings = {
  dayFormat: z
    .string()
    .max(30)
    .optional()
    .meta({ description: 'e.g. DD/MM/YYYY, where the file leaves it open.' }),
  hoursFormat: z.string().max(30).optional(),
  clockFormat: z.string().max(30).optional(),
  zone: zone.optional(),
  client: name.optional().meta({ description: 'The client of every line.' }),
  approval: z.enum(approvalStates).optional().meta({ description: 'The approval of every line.' }),
};
const query = z.object({
  mapping: z.enum(readyMappingNames).optional().meta({ description: 'A ready mapping.' }),
  mappingJson: z
    .string()
    .max(Math.ceil((maxMappingBytes * 4) / 3))
    .optional()
    .meta({ description: 'A mapping file of your own as base64url, instead of a ready one; at most 8 KB.' }),
  source: name.optional().meta({
    description:
      "What the file comes from; its lines are known by it when they come again. Default: the mapping's name.",
  }),
  ...settings,
});

export const createImport = defineRoute({
  name: 'create-import',
  method: 'post',
  path: '/imports',
  summary: 'Import a CSV file of time records',
  description:
    'Send the file as the body. Answers once all of it has arrived; the import then runs by itself, see the operation. Importing a file again changes nothing.',
  permission: 'imports.create',
  query,
  exampleQuery: { mapping: 'sip', source: 'Time sheets 2026' },
  upload: { maxBytes: maxUploadBytes, mediaTypes: ['text/csv', 'application/octet-stream'] },
  responses: { 202: operation },
  errors: ['import.mapping_invalid', 'import.too_many'],
  handler: async ({
    query: { mapping, mappingJson, source, ...given },
    workspaceId,
    actor,
    deps,
    upload,
  }) => {
    const chosen = mappingOf(mapping, mappingJson, given);
    const started = await deps.importFile({
      workspaceId,
      stream: upload,
      mapping: chosen,
      sourceName: source ?? chosen.name,
      startedBy: actor.id,
    });
    return { status: 202, body: started, headers: { Location: `/api/v1/operations/${started.id}` } };
  },
});

function mappingOf(
  ready: string | undefined,
  encoded: string | undefined,
  given: Partial<Record<keyof typeof settings, string | undefined>>,
): ImportMapping {
  if ((ready === undefined) === (encoded === undefined))
    throw invalidMapping('Name either a ready mapping or a mapping of your own.', [
      `mapping: one of ${readyMappingNames.join(', ')}; or mappingJson`,
    ]);
  const stated = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  try {
    if (ready !== undefined) return readyMapping(ready, stated)!;
    if (Object.keys(stated).length > 0)
      throw invalidMapping('A mapping of your own states its formats itself.', Object.keys(stated));
    return readMapping(JSON.parse(Buffer.from(encoded!, 'base64url').toString('utf8')));
  } catch (error) {
    if (error instanceof MappingInvalid) throw invalidMapping('The mapping cannot be used.', error.problems);
    if (error instanceof SyntaxError)
      throw invalidMapping('mappingJson is not base64url of JSON.', [error.message]);
    throw error;
  }
}

function invalidMapping(message: string, problems: readonly string[]): Refusal {
  return new Refusal({
    code: 'import.mapping_invalid',
    status: 422,
    message: `${message} ${problems.slice(0, 3).join('; ')}`,
    whatToDo: 'Correct the query; examples/mappings holds mapping files to start from.',
    details: { problems: problems.slice(0, 50) },
  });
}
