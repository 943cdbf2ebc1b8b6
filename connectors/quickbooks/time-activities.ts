/** Owns entries from elsewhere as QuickBooks' time activities: made once, so that invoice lines can link to them. */
import { z } from 'zod';
import type { TargetTimeEntry, TimeTarget } from '../kit/define.ts';
import { keyNote, onlyOne } from '../kit/document-checks.ts';
import { jsonNumber } from '../kit/json.ts';
import { fitting } from '../kit/look-ups.ts';
import { findPerson } from './names.ts';
import { askAll, quoted, refShape, refused, vendor, write } from './query.ts';
import { mostDescriptionCharacters } from './to-quickbooks-invoice.ts';

const shape = z.object({
  Id: z.string(),
  SyncToken: z.string().nullish(),
  Description: z.string().nullish(),
});

export const timeTarget: TimeTarget = {
  people: { find: findPerson },
  // A time activity has no note of ours to search by, so the day's are read and the key stands in the description.
  async find(http, { key, workDate }) {
    const rows = await askAll(http, 'TimeActivity', `TxnDate = ${quoted(workDate)}`);
    const ours = fitting(shape, rows).filter(({ Description }) => Description?.includes(keyNote(key)));
    const found = onlyOne(vendor, `one time entry of ${workDate}`, ours);
    return found === null ? null : refShape.parse(found);
  },
  create: (http, entry, idempotencyKey) =>
    write(http, 'TimeActivity', refShape, toTimeActivity(entry), idempotencyKey),
};

/** Hours and minutes, never clock times: QuickBooks moves those into the company's zone, and with them the day. */
export function toTimeActivity(entry: TargetTimeEntry): Record<string, unknown> {
  const [kind, id] = entry.person.externalId.split(':');
  if ((kind !== 'Employee' && kind !== 'Vendor') || !id)
    throw refused(
      'person_unknown',
      `"${entry.person.externalId}" is neither an employee nor a vendor there.`,
    );
  const { seconds, description, key, hourlyRate } = entry;
  const note = keyNote(key);
  const isBillable = entry.billable && hourlyRate !== null;
  return {
    TxnDate: entry.workDate,
    NameOf: kind,
    [`${kind}Ref`]: { value: id },
    CustomerRef: { value: entry.customer.externalId },
    ...(entry.itemExternalId === null ? {} : { ItemRef: { value: entry.itemExternalId } }),
    BillableStatus: isBillable ? 'Billable' : 'NotBillable',
    ...(hourlyRate === null ? {} : { HourlyRate: jsonNumber(hourlyRate) }),
    Hours: Math.floor(seconds / 3600),
    Minutes: Math.floor((seconds % 3600) / 60),
    ...(seconds % 60 === 0 ? {} : { Seconds: seconds % 60 }),
    Description: `${description.slice(0, mostDescriptionCharacters - note.length - 1)} ${note}`.trim(),
  };
}
