/** Owns PATCH /workspace. */
import { rescheduleReminders } from '../../../store/document-reminders.ts';
import { requireActiveProduct } from '../../../store/products.ts';
import { updateWorkspace as changeWorkspace, getWorkspace } from '../../../store/workspaces.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { workspace, workspaceChange, workspaceSubject } from './workspace.ts';

export const updateWorkspace = defineRoute({
  name: 'update-workspace',
  method: 'patch',
  path: '/workspace',
  summary: 'Change name or settings',
  permission: 'workspace.update',
  body: workspaceChange,
  example: { settings: { zone: 'Europe/Oslo', currency: 'EUR' } },
  responses: { 200: workspace },
  errors: ['product.unfit'],
  handler: ({ body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = await getWorkspace(tx, 'for no key update');
      requireCurrent(before);
      await requireActiveProduct(tx, body.settings?.defaultProductId, '/settings/defaultProductId');
      const after = await changeWorkspace(tx, body);
      if (body.settings?.documentReminderDays !== undefined) await rescheduleReminders(tx);
      await recordUpdated(tx, actor, workspaceSubject, before, after);
      return { status: 200, body: after };
    }),
});
