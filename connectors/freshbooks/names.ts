/** Owns FreshBooks' lists of people, clients, projects and services: for mapping, and for the names that time lacks. */
import { z } from 'zod';
import type { DecimalText } from '../../domain/work-entry.ts';
import type { LookUps } from '../kit/define.ts';
import { idText, maybeId, maybeText, orNull } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { byId, record, records } from '../kit/look-ups.ts';
import { decimalOf } from '../kit/rows.ts';
import { accountRows, businessRows, ofBusiness, ofTeam } from './calls.ts';

const nameOfParts = (...parts: (string | null | undefined)[]) => parts.filter(Boolean).join(' ');

const person = z
  .object({
    identity_id: idText,
    first_name: maybeText,
    last_name: maybeText,
    email: maybeText,
    active: z.boolean().nullish(),
  })
  .transform((row) => ({
    id: row.identity_id,
    name: nameOfParts(row.first_name, row.last_name) || row.email || row.identity_id,
    email: orNull(row.email),
    active: row.active !== false,
  }));
export const client = z
  .object({
    id: idText,
    organization: maybeText,
    fname: maybeText,
    lname: maybeText,
    email: maybeText,
    currency_code: maybeText,
    vis_state: z.number().nullish(),
  })
  .transform((row) => ({
    id: row.id,
    name: orNull(row.organization) ?? (nameOfParts(row.fname, row.lname) || row.email || row.id),
    email: orNull(row.email),
    currency: orNull(row.currency_code),
    active: (row.vis_state ?? 0) === 0,
  }));
const project = z
  .object({
    id: idText,
    title: maybeText,
    client_id: maybeId,
    active: z.boolean().nullish(),
    complete: z.boolean().nullish(),
    billing_method: maybeText,
    rate: z.unknown(),
  })
  .transform((row) => ({
    id: row.id,
    name: orNull(row.title) ?? row.id,
    clientId: row.client_id ?? null,
    active: row.active !== false && row.complete !== true,
    rate: row.billing_method === 'project_rate' ? decimalOf(row.rate) : null,
  }));
const service = z
  .object({ id: idText, name: maybeText, vis_state: z.number().nullish() })
  .transform((row) => ({
    id: row.id,
    name: orNull(row.name) ?? row.id,
    active: (row.vis_state ?? 0) === 0,
  }));

/** Somebody who was invited and never came has no identity, and no time: such a row does not fit. */
const people = (http: VendorHttp) => businessRows(http, ofTeam(http), 'response');
export const clients = (http: VendorHttp) => accountRows(http, '/users/clients', 'clients');
const projects = (http: VendorHttp) =>
  businessRows(http, ofBusiness(http, 'projects', '/projects'), 'projects');
const services = (http: VendorHttp) =>
  businessRows(http, ofBusiness(http, 'comments', '/services'), 'services');
const whole = <Row extends { id: string }>(row: Row) => [row.id, row] as const;

/** What time entries lack, by vendor id. */
export interface FreshbooksNames {
  people: Map<string, { name: string; email: string | null }>;
  clients: Map<string, { name: string; currency: string | null }>;
  projects: Map<string, { name: string; rate: DecimalText | null }>;
  services: Map<string, { name: string }>;
}

/** One after the other: they share one rate limit, and a failure is told once. */
export async function readNames(http: VendorHttp): Promise<FreshbooksNames> {
  return {
    people: await byId(people(http), person, whole),
    clients: await byId(clients(http), client, whole),
    projects: await byId(projects(http), project, whole),
    services: await byId(services(http), service, whole),
  };
}

/** Who has this e-mail, else this name; null: nobody, or more than one. */
export async function findPerson(
  http: VendorHttp,
  wanted: { name: string; email: string | null },
): Promise<string | null> {
  const all = [...(await byId(people(http), person, whole)).values()];
  const same = (one: string | null, other: string | null) =>
    one !== null && other !== null && one.toLowerCase() === other.toLowerCase();
  const byEmail = all.filter(({ email }) => same(email, wanted.email));
  const found = byEmail.length > 0 ? byEmail : all.filter(({ name }) => same(name, wanted.name));
  return found.length === 1 ? found[0]!.id : null;
}

export const lookUps: LookUps = {
  person: (http) =>
    records(people(http), person, ({ id, name, email, active }) => record(id, name, { email, active })),
  client: (http) =>
    records(clients(http), client, ({ id, name, email, active }) => record(id, name, { email, active })),
  project: (http) =>
    records(projects(http), project, ({ id, name, active, clientId }) =>
      record(id, name, { active, parentExternalId: clientId }),
    ),
  task: (http) => records(services(http), service, ({ id, name, active }) => record(id, name, { active })),
};
