/** Owns the list of connectors: the one place that names them all. */
import { type NumberLimits, numberLimitsOf } from '../../domain/numbering.ts';
import { clockify } from '../clockify/index.ts';
import { file } from '../file/index.ts';
import { freshbooks } from '../freshbooks/index.ts';
import { harvest } from '../harvest/index.ts';
import { hubstaff } from '../hubstaff/index.ts';
import { inboundHook } from '../inbound-hook/index.ts';
import { quickbooks } from '../quickbooks/index.ts';
import { toggl } from '../toggl/index.ts';
import { xero } from '../xero/index.ts';
import { zohoBooks } from '../zoho-books/index.ts';
import type { Connector } from './define.ts';

export const connectors: ReadonlyMap<string, Connector> = new Map(
  [clockify, freshbooks, file, harvest, hubstaff, inboundHook, quickbooks, toggl, xero, zohoBooks].map(
    (connector) => [connector.id, connector],
  ),
);

export const numberLimits: NumberLimits = numberLimitsOf(connectors.values());

/** Throws a plain Error that names the known ones. */
export function connectorById(id: string): Connector {
  const connector = connectors.get(id);
  if (!connector) throw new Error(`no connector "${id}"; there are ${[...connectors.keys()].join(', ')}`);
  return connector;
}
