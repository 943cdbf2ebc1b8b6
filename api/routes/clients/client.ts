/** Owns how a client is read and written over the API. */
import { z } from 'zod';
import { clientStatuses } from '../../../store/clients.ts';
import type { Subject } from '../../kit/record-change.ts';
import { address, currency, email, id, instant, name, shortText } from '../../kit/schemas.ts';

export const clientSubject: Subject = {
  type: 'client',
  permission: 'clients.read',
  privateFields: ['email'],
};

export const status = z.enum(clientStatuses);

export const client = z
  .object({
    id,
    name: z.string(),
    code: z.string(),
    email: z.string().nullable(),
    address,
    currency,
    taxId: z.string().nullable(),
    paymentTermsDays: z.int(),
    internal: z.boolean(),
    mailNotifications: z.boolean(),
    autoInvoicing: z.boolean(),
    status,
    defaultProductId: id.nullable(),
    createdAt: instant,
  })
  .meta({ id: 'Client' });

export const newClient = z.object({
  name,
  code: z
    .string()
    .regex(/^[A-Z]{3}$/, 'three capital letters')
    .meta({ description: 'Invoice numbers carry it.', example: 'NSL' }),
  email: email.nullish(),
  address: address.optional(),
  currency,
  taxId: shortText.nullish(),
  paymentTermsDays: z.int().min(0).max(365).optional(),
  internal: z.boolean().optional(),
  mailNotifications: z.boolean().optional(),
  autoInvoicing: z.boolean().optional(),
  defaultProductId: id.nullish(),
});
export const clientChange = newClient.extend({ status }).partial();
