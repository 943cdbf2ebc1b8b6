/** Owns what our workflows are searched by at Temporal: four keywords, registered at start, given when a workflow starts. */
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import {
  defineSearchAttributeKey,
  type SearchAttributePair,
  TypedSearchAttributes,
} from '@temporalio/common';
import type { SearchValues } from '../store/search-values.ts';

/** All of them (DESIGN §6); every one costs a column of the cluster's visibility store. */
export const searchAttributes = [
  'SlipwayWorkspace',
  'SlipwayClient',
  'SlipwayContract',
  'SlipwayDocument',
] as const;

const keyOf = (name: (typeof searchAttributes)[number]) => defineSearchAttributeKey(name, 'KEYWORD');
const keys = {
  workspace: keyOf('SlipwayWorkspace'),
  client: keyOf('SlipwayClient'),
  contract: keyOf('SlipwayContract'),
  document: keyOf('SlipwayDocument'),
};

/** Ids, and the number of the document: nothing that names a person or a firm leaves the hub. */
export function toSearchAttributes(workspaceId: string, values: SearchValues | null): TypedSearchAttributes {
  const pairs: SearchAttributePair[] = [{ key: keys.workspace, value: workspaceId }];
  const add = (key: (typeof keys)[keyof typeof keys], value: string | null | undefined) => {
    if (value) pairs.push({ key, value });
  };
  add(keys.client, values?.clientId);
  add(keys.contract, values?.contractId);
  add(keys.document, values?.document);
  return new TypedSearchAttributes(pairs);
}

/** IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const keyword = 2;
// https://grpc.io/docs/guides/status-codes/
const alreadyExists = 6;
/** Permission denied, unimplemented: Temporal Cloud has its own place for them, and no operator service for us. */
const notForUs = [7, 12];

/**
 * Registers what is missing; safe to repeat, and from several processes at once. Answers `refused` where this server lets
 * nobody register by this way: then somebody does it by hand, or workflows go without. Rejects while Temporal cannot be reached.
 */
export async function registerSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<'registered' | 'there' | 'refused'> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = searchAttributes.filter((name) => customAttributes?.[name] === undefined);
    if (missing.length === 0) return 'there';
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
    });
    return 'registered';
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === alreadyExists) return 'there';
    if (isGrpcServiceError(error) && notForUs.includes(error.code)) return 'refused';
    throw error;
  }
}
