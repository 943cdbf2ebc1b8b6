/** Owns PATCH /sellers/:sellerId. */
import { found } from '../../../domain/refusal.ts';
import { bindAttachments } from '../../../store/attachments.ts';
import { sellers } from '../../../store/sellers.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { seller, sellerChange, sellerSubject } from './seller.ts';

export const updateSeller = defineRoute({
  name: 'update-seller',
  method: 'patch',
  path: '/sellers/:sellerId',
  summary: 'Change a seller',
  permission: 'sellers.update',
  body: sellerChange,
  example: { address: { lines: ['Quay 4'], city: 'Bergen', country: 'NO' } },
  responses: { 200: seller },
  errors: ['attachment.unknown', 'attachment.other_purpose', 'attachment.bound'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await sellers.lock(tx, params.sellerId), 'seller');
      requireCurrent(before);
      if (body.logoAttachmentId)
        await bindAttachments(
          tx,
          [body.logoAttachmentId],
          { subjectType: 'seller_logo', subjectId: before.id, personId: null },
          actor,
        );
      const after = found(await sellers.update(tx, before.id, body), 'seller');
      await recordUpdated(tx, actor, sellerSubject, before, after);
      return { status: 200, body: after };
    }),
});
