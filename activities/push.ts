/** Owns what the push of any document needs of its surroundings, and what can come of it. */
import type { InvoiceTarget, RemoteRef, TargetOption } from '../connectors/kit/define.ts';
import { InvalidRequest } from '../connectors/kit/errors.ts';
import type { PushedDocument } from '../store/pushed-documents.ts';
import type { ActivityDeps } from './deps.ts';
import type { createPushInvoice } from './push-invoice.ts';
import type { OpenVendor } from './vendor.ts';

export const pushActor = 'system:push';

/** What a push needs of its surroundings. */
export interface Push {
  deps: ActivityDeps;
  workspaceId: string;
  vendor: OpenVendor;
  target: InvoiceTarget;
  record: PushedDocument;
  sayInvoice: ReturnType<typeof createPushInvoice>['sayInvoice'];
  /** Intent, look, post, under an action of its own. */
  once: <Remote>(
    find: () => Promise<Remote | null>,
    create: (idempotencyKey: string) => Promise<Remote>,
    action?: string,
  ) => Promise<Remote>;
}
export type Pushed =
  | { is: 'there'; remote: RemoteRef & { number?: string; total?: string } }
  /** It is there, and otherwise than here. */
  | { is: 'different'; externalId: string; difference: string }
  /** Not before that document is. */
  | { is: 'waiting'; for: string; reason: string }
  /** Not taken there: into the posting file. */
  | { is: 'declined'; reason: string; documentId?: string }
  /** Nothing to push after all. */
  | { is: 'nothing'; reason: string };

/** The reason that the posting file shows; a target without the option always has one. */
export const declined = ({ declines }: InvoiceTarget, option: TargetOption): Pushed => ({
  is: 'declined',
  reason: declines[option] ?? 'Not taken there.',
});

/** A document of ours that has vanished between the command and its push is a mistake of ours, said in words. */
export function gone(what: string): InvalidRequest {
  return new InvalidRequest(`The ${what} is not here any more.`, { vendorCode: 'gone' });
}
