/** Owns how the client's sign-off of a draft is shown and answered over the API. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { signOffDecisions } from '../../../domain/sign-off.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { readRemarks, readSignOff } from '../../../store/sign-offs.ts';
import { id, instant, note } from '../../kit/schemas.ts';

export const signOff = z
  .object({
    id,
    invoiceId: id,
    decision: z.enum(signOffDecisions),
    contentHash: z.string().meta({ description: 'Of the whole draft: what is accepted is this.' }),
    dueAt: instant,
    comment: z.string().nullable(),
    bySilence: z.boolean().meta({ description: 'Nobody answered in time.' }),
    createdAt: instant,
    decidedAt: instant.nullable(),
    remarks: z.array(
      z.object({
        id,
        lineId: id.nullable(),
        kind: z.enum(['comment', 'dispute']),
        remark: z.string(),
        createdAt: instant,
      }),
    ),
  })
  .meta({ id: 'SignOff' });

export const newRemark = z.strictObject({ lineId: id.nullish(), remark: note });

/** The newest one with what was said. */
export async function showSignOff(tx: WorkspaceTx, invoiceId: string) {
  const row = found(await readSignOff(tx, invoiceId), 'sign_off');
  return { ...row, remarks: await readRemarks(tx, row.id) };
}
