/** Owns FreshBooks' lists of people, clients, projects and services: for mapping, and for the names that time lacks. */
import { z } from 'zod';
import type { DecimalText } from '../../domain/work-entry.ts';
import type { LookUpRecord, LookUps } from '../kit/define.ts';
import { idText, maybeId, maybeText, orNull } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { decimalOf } from '../kit/rows.ts';
import { accountRows, businessRows, ofBusiness, ofTeam } from './calls.ts';

const person = z.object({
  identity_id: idText,
  first_name: maybeText,
  last_name: maybeText,
  email: maybeText,
  active: z.boolean().nullish(),
});
const client = z.object({
  id: idText,
  organization: maybeText,
  fname: maybeText,
  lname: maybeText,
  email: maybeText,
  currency_code: maybeText,
  vis_state: z.number().nullish(),
});
const project = z.object({
  id: idText,
  title: maybeText,
  client_id: maybeId,
  active: z.boolean().nullish(),
  complete: z.boolean().nullish(),
  billing_method: maybeText,
  rate: z.unknown(),
});
const service = z.object({ id: idText, name: maybeText, vis_state: z.number().nullish() });

/** A client as we use it. */
export interface FreshbooksClient {
  id: string;
  name: string;
  email: string | null;
  currency: string | null;
  active: boolean;
}

/** An odd record costs its entries a name, which shows as unmatched; it must not stop the reading. */
async function* readable<Row, Record>(
  pages: AsyncIterable<readonly unknown[]>,
  shape: z.ZodType<Row>,
  toRecord: (row: Row) => Record,
): AsyncGenerator<Record[]> {
  for await (const rows of pages)
    yield rows.flatMap((row) => {
      const read = shape.safeParse(row);
      return read.success ? [toRecord(read.data)] : [];
    });
}

const people = (http: VendorHttp) =>
  // Somebody who was invited and never came has no identity, and no time.
  readable(businessRows(http, ofTeam(http), 'response'), person, (row) => ({
    id: row.identity_id,
    name: [row.first_name, row.last_name].filter(Boolean).join(' ') || row.email || row.identity_id,
    email: orNull(row.email),
    active: row.active !== false,
  }));

export const clients = (http: VendorHttp) =>
  readable(
    accountRows(http, '/users/clients', 'clients'),
    client,
    (row): FreshbooksClient => ({
      id: row.id,
      name:
        orNull(row.organization) ?? ([row.fname, row.lname].filter(Boolean).join(' ') || row.email || row.id),
      email: orNull(row.email),
      currency: orNull(row.currency_code),
      active: (row.vis_state ?? 0) === 0,
    }),
  );

const projects = (http: VendorHttp) =>
  readable(businessRows(http, ofBusiness(http, 'projects', '/projects'), 'projects'), project, (row) => ({
    id: row.id,
    name: orNull(row.title) ?? row.id,
    clientId: row.client_id ?? null,
    active: row.active !== false && row.complete !== true,
    rate: row.billing_method === 'project_rate' ? decimalOf(row.rate) : null,
  }));

const services = (http: VendorHttp) =>
  readable(businessRows(http, ofBusiness(http, 'comments', '/services'), 'services'), service, (row) => ({
    id: row.id,
    name: orNull(row.name) ?? row.id,
    active: (row.vis_state ?? 0) === 0,
  }));

/** What time entries lack, by vendor id. */
export interface FreshbooksNames {
  people: Map<string, { name: string; email: string | null }>;
  clients: Map<string, { name: string; currency: string | null }>;
  projects: Map<string, { name: string; rate: DecimalText | null }>;
  services: Map<string, { name: string }>;
}

export async function readNames(http: VendorHttp): Promise<FreshbooksNames> {
  // One after the other: they share one rate limit, and a failure is told once.
  return {
    people: await byId(people(http)),
    clients: await byId(clients(http)),
    projects: await byId(projects(http)),
    services: await byId(services(http)),
  };
}

async function byId<Row extends { id: string }>(pages: AsyncIterable<Row[]>): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  for await (const page of pages) for (const row of page) rows.set(row.id, row);
  return rows;
}

/** Who has this e-mail, else this name; null: nobody, or more than one. */
export async function findPerson(
  http: VendorHttp,
  wanted: { name: string; email: string | null },
): Promise<string | null> {
  const all = [...(await byId(people(http))).values()];
  const same = (one: string | null, other: string | null) =>
    one !== null && other !== null && one.toLowerCase() === other.toLowerCase();
  const byEmail = all.filter(({ email }) => same(email, wanted.email));
  const found = byEmail.length > 0 ? byEmail : all.filter(({ name }) => same(name, wanted.name));
  return found.length === 1 ? found[0]!.id : null;
}

type Listed = { id: string; name: string; active: boolean } & Partial<{
  email: string | null;
  clientId: string | null;
}>;

async function* records(pages: AsyncIterable<Listed[]>): AsyncGenerator<LookUpRecord[]> {
  for await (const rows of pages)
    yield rows.map(({ id: externalId, name, active, email = null, clientId = null }) => ({
      externalId,
      name,
      code: null,
      email,
      active,
      parentExternalId: clientId,
    }));
}

export const lookUps: LookUps = {
  person: (http) => records(people(http)),
  client: (http) => records(clients(http)),
  project: (http) => records(projects(http)),
  task: (http) => records(services(http)),
};
