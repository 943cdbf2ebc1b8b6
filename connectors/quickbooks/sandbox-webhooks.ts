/** Owns the two forms in which the QuickBooks Online sandbox announces changes. */
import { randomUUID } from 'node:crypto';

export interface QuickbooksWebhookEvent {
  entity: 'Customer' | 'Invoice' | 'Payment' | 'TimeActivity';
  operation: 'created' | 'updated' | 'deleted' | 'voided' | 'emailed' | 'merged';
  id: string;
  /** Sent again with the same value, it is a repeated delivery of one event; default: a new UUID. */
  eventId?: string;
  /** Default: now. */
  at?: string;
}

type EventTime = (event: QuickbooksWebhookEvent) => string;

export function toCloudEvents(
  realmId: string,
  events: readonly QuickbooksWebhookEvent[],
  at: EventTime,
): object {
  return events.map((event) => ({
    specversion: '1.0',
    id: event.eventId ?? randomUUID(),
    source: `intuit.${Buffer.from(realmId).toString('base64')}`,
    // The spellings voided, emailed and merged are (unconfirmed).
    type: `qbo.${event.entity.toLowerCase()}.${event.operation}.v1`,
    datacontenttype: 'application/json',
    time: at(event),
    intuitentityid: event.id,
    intuitaccountid: realmId,
    data: {},
  }));
}

const LEGACY_OPERATIONS = {
  created: 'Create',
  updated: 'Update',
  deleted: 'Delete',
  voided: 'Void',
  emailed: 'Emailed',
  merged: 'Merge',
} as const;

export function toLegacyEvents(
  realmId: string,
  events: readonly QuickbooksWebhookEvent[],
  at: EventTime,
): object {
  const entities = events.map((event) => ({
    name: event.entity,
    id: event.id,
    operation: LEGACY_OPERATIONS[event.operation],
    lastUpdated: at(event),
  }));
  return { eventNotifications: [{ realmId, dataChangeEvent: { entities } }] };
}
