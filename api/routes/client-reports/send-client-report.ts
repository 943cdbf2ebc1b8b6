/** Owns POST /client-reports/:clientReportId/send. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { findClientReport, sendReportAgain } from '../../../store/client-reports.ts';
import { defineRoute } from '../../kit/route.ts';
import { email } from '../../kit/schemas.ts';
import { clientReportInFull, deliveriesOf } from './client-report.ts';

const delivery = z.object({ deliveries: clientReportInFull.shape.deliveries });

export const sendClientReport = defineRoute({
  name: 'send-client-report',
  method: 'post',
  path: '/client-reports/:clientReportId/send',
  summary: "Send a client's quarterly report again, by e-mail",
  permission: 'reminders.send',
  body: z.object({
    to: email.optional().meta({ description: "Without it, the client's own address." }),
  }),
  example: { to: 'controlling@nsl.example' },
  responses: { 202: delivery },
  errors: ['client_report.not_made', 'client_report.no_address'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const report = found(await findClientReport(tx, params.clientReportId, true), 'client_report');
      await sendReportAgain(tx, report, body.to ?? null, actor.id);
      return { status: 202, body: { deliveries: await deliveriesOf(tx, report.id) } };
    }),
});
