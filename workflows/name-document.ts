/** Owns telling Temporal's search the number of a document that got it while its workflow was running. */
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';

const documentKey = { name: 'SlipwayDocument', type: 'KEYWORD' } as const;

/**
 * Only where the workflow was started with the attribute (an invoice without a number has `draft`): a server on which nobody has
 * registered it would refuse the whole task. The start of a history says which way it went, so an older one takes no other.
 */
export function nameDocument(number: string | undefined): void {
  if (number === undefined) return;
  const known = workflowInfo().typedSearchAttributes.get(documentKey);
  if (known === undefined || known === number) return;
  upsertSearchAttributes([{ key: documentKey, value: number }]);
}
