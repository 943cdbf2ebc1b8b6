/** Owns entries from elsewhere as QuickBooks' time activities: made once, so that invoice lines can link to them. */
import { z } from 'zod';
import type { RemoteRef, TargetTimeEntry, TimeTarget } from '../kit/define.ts';
import { jsonNumber } from '../kit/json.ts';
import { findPerson } from './names.ts';
import { askAll, refused, time, unexpected, writeQuery } from './query.ts';
import { keyNote, quoted } from './to-quickbooks-invoice.ts';

const mostDescriptionCharacters = 4000;
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
    const ours = rows
      .flatMap((row) => shape.safeParse(row).data ?? [])
      .filter(({ Description }) => Description?.includes(keyNote(key)));
    if (ours.length > 1)
      throw refused(
        'booked_twice',
        `QuickBooks has one time entry of ${workDate} ${ours.length} times. Delete all but one there.`,
      );
    return ours[0] ? toRef(ours[0]) : null;
  },
  async create(http, entry, idempotencyKey) {
    const query = writeQuery(idempotencyKey);
    const response = await http.post('/timeactivity', { query, body: toTimeActivity(entry) });
    const read = z.object({ TimeActivity: shape, time }).safeParse(response.body);
    if (!read.success) throw unexpected('TimeActivity', response);
    return toRef(read.data.TimeActivity);
  },
};

const toRef = ({ Id, SyncToken }: z.infer<typeof shape>): RemoteRef => ({
  externalId: Id,
  versionToken: SyncToken ?? null,
});

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
