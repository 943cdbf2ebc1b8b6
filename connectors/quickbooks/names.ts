/** Owns finding and making records by name: customers, vendors and items of QuickBooks, and classes, which are only found. */
import { z } from 'zod';
import type { TargetParty } from '../kit/define.ts';
import { InvalidRequest } from '../kit/errors.ts';
import type { VendorHttp } from '../kit/http.ts';
import { fitting } from '../kit/look-ups.ts';
import { sameName } from '../kit/names.ts';
import { needed } from '../kit/vendor-words.ts';
import { ask, quoted, refShape, refused, vendor, write } from './query.ts';
import { toQuickbooksName } from './to-quickbooks-invoice.ts';

type NamedEntity = 'Customer' | 'Vendor' | 'Item' | 'Class' | 'Employee';
const nameField = {
  Customer: 'DisplayName',
  Vendor: 'DisplayName',
  Employee: 'DisplayName',
  Item: 'Name',
  Class: 'Name',
} as const;

const namedShape = z.object({
  Id: z.string(),
  DisplayName: z.string().nullish(),
  Name: z.string().nullish(),
  Active: z.boolean().nullish(),
  Type: z.string().nullish(),
  PrimaryEmailAddr: z.object({ Address: z.string().nullish() }).nullish(),
});
type NamedRow = z.infer<typeof namedShape>;

const parties = (entity: 'Customer' | 'Vendor') => ({
  find: async (http: VendorHttp, { name }: TargetParty) =>
    findByName(http, entity, toQuickbooksName(name, 'customer')),
  async create(http: VendorHttp, party: TargetParty, idempotencyKey: string) {
    const name = toQuickbooksName(party.name, 'customer');
    return createNamed(http, entity, name, idempotencyKey, {
      DisplayName: name,
      CurrencyRef: { value: party.currency },
      ...(party.email === null ? {} : { PrimaryEmailAddr: { Address: party.email } }),
    });
  },
});
export const customers = parties('Customer');
export const vendors = parties('Vendor');

export const items = {
  find: async (http: VendorHttp, { name }: { name: string }) =>
    findByName(http, 'Item', toQuickbooksName(name, 'item')),
  async create(http: VendorHttp, item: { name: string }, idempotencyKey: string) {
    const name = toQuickbooksName(item.name, 'item');
    const purpose = `The item "${name}", which is not in QuickBooks,`;
    const incomeAccountId = needed(vendor, http.settings, 'incomeAccountId', purpose);
    return createNamed(http, 'Item', name, idempotencyKey, {
      Name: name,
      Type: 'Service',
      IncomeAccountRef: { value: incomeAccountId },
    });
  },
};

/** Classes are the company's own chart: found, never made. */
export const classes = {
  name: 'Class',
  find: async (http: VendorHttp, code: string) => findByName(http, 'Class', code),
};

/** An employee or a vendor of this name, told by kind since their ids overlap: `Employee:55`. The e-mail decides between two. */
export async function findPerson(
  http: VendorHttp,
  person: { name: string; email: string | null },
): Promise<string | null> {
  const found: { id: string; email: string }[] = [];
  for (const entity of ['Employee', 'Vendor'] as const) {
    const rows = await named(http, entity, toQuickbooksName(person.name, 'customer'), '');
    for (const row of rows.filter(({ Active }) => Active !== false))
      found.push({ id: `${entity}:${row.Id}`, email: row.PrimaryEmailAddr?.Address?.toLowerCase() ?? '' });
  }
  const byEmail = found.filter(({ email }) => email !== '' && email === person.email?.toLowerCase());
  return (byEmail[0] ?? found[0])?.id ?? null;
}

async function findByName(http: VendorHttp, entity: NamedEntity, name: string): Promise<string | null> {
  const active = (await named(http, entity, name, '')).find((row) => row.Active !== false);
  return active?.Id ?? null;
}

/** Rows of exactly this name; QuickBooks ignores case in names. Categories of items cannot stand on a line. */
async function named(http: VendorHttp, entity: NamedEntity, name: string, and: string): Promise<NamedRow[]> {
  const { rows } = await ask(http, entity, `${nameField[entity]} = ${quoted(name)}${and}`);
  return fitting(namedShape, rows).filter(
    (row) => sameName(row[nameField[entity]] ?? '', name) && row.Type !== 'Category',
  );
}

async function createNamed(
  http: VendorHttp,
  entity: NamedEntity,
  name: string,
  idempotencyKey: string,
  body: Record<string, unknown>,
): Promise<string> {
  try {
    return (await write(http, entity, refShape, body, idempotencyKey)).externalId;
  } catch (problem) {
    if (problem instanceof InvalidRequest && problem.vendorCode === '6240')
      return ofDuplicateName(http, entity, name);
    throw problem;
  }
}

/** The name is in use: by a record made meanwhile (taken), by an inactive one, or by one of another kind. */
async function ofDuplicateName(http: VendorHttp, entity: NamedEntity, name: string): Promise<string> {
  const [found] = await named(http, entity, name, ' and Active IN (true, false)');
  if (found === undefined)
    throw refused(
      'name_taken',
      `QuickBooks uses the name "${name}" for something else, such as a ${entity === 'Vendor' ? 'customer' : 'vendor'} or an employee. Rename one of the two.`,
    );
  if (found.Active === false)
    throw refused('inactive', `"${name}" is inactive in QuickBooks. Make it active there again.`);
  return found.Id;
}
