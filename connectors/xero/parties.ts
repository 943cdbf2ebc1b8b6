/** Owns finding and making what documents at Xero refer to: contacts, items, options of a tracking category. */
import { z } from 'zod';
import type { InvoiceTarget, TargetParty, Writable } from '../kit/define.ts';
import type { VendorHttp } from '../kit/http.ts';
import { idOfNamed, madeOrFound, nameFor } from '../kit/names.ts';
import { needed, readAs, refused } from '../kit/vendor-words.ts';
import { accountingList, accountingPages, nameTaken, vendor, write } from './answers.ts';

const most = { contactName: 255, itemCode: 30, itemName: 50 } as const;

/** Customers and suppliers are contacts alike. */
export const contacts: Writable<TargetParty, string> = {
  find: (http, { name }) => findContact(http, nameFor(vendor, name, most.contactName)),
  async create(http, party, idempotencyKey) {
    const Name = nameFor(vendor, party.name, most.contactName);
    const contact = { Name, ...(party.email === null ? {} : { EmailAddress: party.email }) };
    const make = async () => {
      const made = await write(http, 'put', '/Contacts', 'Contacts', contact, idempotencyKey);
      return readAs(vendor, z.object({ ContactID: z.string() }), made).ContactID;
    };
    return madeOrFound(make, nameTaken, () => findContact(http, Name));
  },
};

const contactRow = z
  .object({ ContactID: z.string(), Name: z.string(), ContactStatus: z.string().nullish() })
  .transform(({ ContactID: id, Name: name, ContactStatus: status }) => ({
    id,
    name,
    active: (status ?? 'ACTIVE') === 'ACTIVE',
  }));

const findContact = (http: VendorHttp, name: string): Promise<string | null> =>
  idOfNamed(
    vendor,
    accountingPages(http, 'Contacts', { searchTerm: name, summaryOnly: true }),
    contactRow,
    name,
  );

/** Lines name items by their code, so the code is the id. */
export const items: InvoiceTarget['items'] = {
  find: (http, { name }) => findItem(http, name),
  async create(http, { name }, idempotencyKey) {
    const AccountCode = needed(
      vendor,
      http.settings,
      'accountCode',
      `The item "${name}", which is not in Xero,`,
    );
    const item = {
      Code: codeOf(name),
      Name: name.slice(0, most.itemName),
      IsSold: true,
      IsPurchased: false,
      SalesDetails: { AccountCode },
    };
    const make = async () => {
      const made = await write(http, 'put', '/Items', 'Items', item, idempotencyKey);
      return readAs(vendor, itemRow, made).Code;
    };
    return madeOrFound(make, nameTaken, () => findItem(http, name));
  },
};

const itemRow = z.object({ Code: z.string(), Name: z.string().nullish() });

async function findItem(http: VendorHttp, name: string): Promise<string | null> {
  const code = codeOf(name);
  const byName = /["\\]/.test(name) ? '' : ` OR Name=="${name.slice(0, most.itemName)}"`;
  const { rows } = await accountingList(http, 'Items', { query: { where: `Code=="${code}"${byName}` } });
  const found = rows.map((row) => readAs(vendor, itemRow, row));
  const wanted = name.slice(0, most.itemName).toLowerCase();
  const exact = found.find((item) => item.Code === code || item.Name?.toLowerCase() === wanted);
  return exact?.Code ?? null;
}

/** At most 30 characters and none that ends a text in a filter; a cut name is told from its like by its length. */
function codeOf(name: string): string {
  const clean = name.replace(/[^\p{L}\p{N} ._-]/gu, '').trim();
  if (clean === '') throw refused(vendor, 'name_empty', 'Xero needs a name.');
  return clean.length <= most.itemCode ? clean : `${clean.slice(0, most.itemCode - 4)}~${clean.length}`;
}

export const dimension: NonNullable<InvoiceTarget['dimension']> = {
  name: 'tracking category',
  async find(http, code) {
    const category = http.settings.trackingCategory;
    if (!category) return null;
    const { rows } = await accountingList(http, 'TrackingCategories');
    const wanted = rows.map((row) => readAs(vendor, categoryRow, row)).find(({ Name }) => Name === category);
    if (!wanted)
      throw refused(
        vendor,
        'settings_invalid',
        `Xero has no tracking category "${category}". Correct the setting.`,
      );
    const active = (wanted.Options ?? []).filter(({ Status }) => (Status ?? 'ACTIVE') === 'ACTIVE');
    const name = code.toLowerCase();
    const option =
      active.find((each) => each.Name.toLowerCase() === name) ??
      active.find((each) => startsWithWord(each.Name.toLowerCase(), name));
    return option?.Name ?? null;
  },
};

const categoryRow = z.object({
  Name: z.string(),
  Options: z.array(z.object({ Name: z.string(), Status: z.string().nullish() })).nullish(),
});

/** `HULL Hull refit` is the option of HULL; `HULLS` is not. */
const startsWithWord = (text: string, word: string) =>
  text.startsWith(word) && !/[a-z0-9]/.test(text.charAt(word.length));
