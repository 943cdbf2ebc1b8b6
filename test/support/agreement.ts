/** Owns what a firm under test agrees on with a client: who sells, and a contract of one rate an hour. */
import type { TestWorkspace } from './workspace.ts';

/** Posts, and answers the id of what was made. */
export const maker = (at: TestWorkspace) => async (path: string, body: unknown) =>
  (await at.post<{ id: string }>(path, body)).id;

export interface AgreedSeller {
  name?: string;
  country?: string;
  currency: string;
  zone: string;
  /** Of its invoices' numbers; null: it has no series. */
  pattern: string | null;
}

export async function addSeller(at: TestWorkspace, seller: AgreedSeller): Promise<string> {
  const made = maker(at);
  const { name = 'Halvorsen Marine Engineering', country = 'US', currency, zone, pattern } = seller;
  const sellerId = await made('/sellers', { name, country, functionalCurrency: currency, zone });
  if (pattern !== null) await made('/series', { sellerId, documentType: 'invoice', pattern });
  return sellerId;
}

export interface AgreedContract {
  clientId: string;
  sellerId: string;
  currency: string;
  zone: string;
  /** It starts and goes live on this day. */
  from: string;
  /** Of an hour, whoever works; null: nothing is priced. */
  rate: string | null;
  /** Everything else of the contract. */
  more?: Record<string, unknown>;
}

export async function addContract(at: TestWorkspace, contract: AgreedContract): Promise<string> {
  const made = maker(at);
  const { clientId, sellerId, currency, zone, from, rate, more } = contract;
  const contractId = await made('/contracts', {
    clientId,
    sellerId,
    name: 'Time and materials',
    currency,
    zone,
    startsOn: from,
    goLiveOn: from,
    ...more,
  });
  if (rate === null) return contractId;
  const scope = { scopeType: 'contract', scopeId: contractId };
  await made('/strategies', { ...scope, category: 'labor', method: 'service_rates' });
  await made('/rate-cards', { ...scope, position: '*', regularRate: rate, currency });
  return contractId;
}
