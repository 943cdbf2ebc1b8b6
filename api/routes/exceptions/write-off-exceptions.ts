/** Owns POST /exceptions/write-off. */
import { z } from 'zod';
import { recordEvents } from '../../../store/events.ts';
import { mostEntriesAtOnce, requireBounded, requireDuties } from '../../../store/exception-duties.ts';
import { closeWrittenOff, coveredEntries } from '../../../store/exceptions.ts';
import { lockEntries, valueEntries, writeOff, writeOffReasons } from '../../../store/write-off.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, note, storedDecimal } from '../../kit/schemas.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { choice, namesSome, nothingNamed, requireKnown } from './choice.ts';

export const writeOffExceptions = defineRoute({
  name: 'write-off-exceptions',
  method: 'post',
  path: '/exceptions/write-off',
  summary: 'Write off the work that open exceptions hold back: it will not be billed',
  description:
    'By id, by rule, or both; all or nothing. The entries are priced as a run would, so that the books say what was given up. Other exceptions of the same entries close with these.',
  permission: 'items.write_off',
  idempotency: 'required',
  body: z
    .object({ ...choice, reasonCode: z.enum(writeOffReasons), reason: note })
    .refine(namesSome, nothingNamed),
  example: { rules: ['contract.hours_over_cap'], reasonCode: 'over_cap', reason: 'Agreed with the client' },
  responses: {
    200: z.object({
      id: id.meta({ description: 'Of the write-off.' }),
      exceptions: z.int(),
      entries: z.int(),
      seconds: z.int().meta({ description: 'Labor only.' }),
      amounts: z.array(z.object({ currency: z.string(), amount: storedDecimal })),
    }),
  },
  errors: [
    'exception.not_found',
    'exception.too_many',
    'write_off.nothing_open',
    'write_off.no_contract',
    'write_off.negative',
    'duty.own_work',
    'duty.reason_required',
    'duty.beyond_limit',
  ],
  handler: ({ body: { ids, rules, reasonCode, reason }, actor, transact }) =>
    transact(async (tx) => {
      await requireKnown(tx, { ids });
      const seen = await coveredEntries(tx, { ids, rules }, mostEntriesAtOnce + 1);
      requireBounded(seen);
      await lockEntries(tx, seen);
      // Locked first, read after: what somebody else let go meanwhile is not written off, and what came in since waits.
      const known = new Set(seen.map((entry) => entry.entryId));
      const again = await coveredEntries(tx, { ids, rules }, mostEntriesAtOnce + 1);
      const covered = again.filter((entry) => known.has(entry.entryId));
      const valued = await valueEntries(tx, covered);
      await requireDuties(tx, deciderOf(actor), {
        action: 'write_off',
        permission: 'items.write_off',
        covered,
        reason,
        known: valued,
      });
      const written = await writeOff(tx, valued, { reasonCode, reason, actor: actor.id });
      const closed = await closeWrittenOff(tx, covered, { writeOffId: written.id, by: actor.id, reason });
      await recordEvents(tx, [
        {
          type: 'exceptions.written_off',
          subjectType: 'time_write_off',
          subjectId: written.id,
          actor: actor.id,
          permission: 'exceptions.read',
          payload: {
            reasonCode,
            reason,
            ...written,
            exceptions: closed.length,
            exceptionIds: closed.slice(0, 1000).map((row) => row.id),
          },
          before: { status: 'open' },
          after: { status: 'written_off' },
        },
      ]);
      return { status: 200, body: { ...written, exceptions: closed.length } };
    }),
});
