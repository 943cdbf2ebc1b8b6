/** Owns GET /contracts/:contractId/price-schedule. */
import { localDay } from '../../../domain/day.ts';
import { found } from '../../../domain/refusal.ts';
import { readTimeline } from '../../../store/contract-versions.ts';
import { contracts } from '../../../store/contracts.ts';
import { fixedPriceOn, readSchedule } from '../../../store/price-schedules.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { priceSchedule } from './contract.ts';

export const getPriceSchedule = defineRoute({
  name: 'get-price-schedule',
  method: 'get',
  path: '/contracts/:contractId/price-schedule',
  summary: 'Read what of a fixed price is billed, and by what',
  permission: 'contracts.read',
  responses: { 200: priceSchedule },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const contract = found(await contracts.find(tx, params.contractId), 'contract');
      const schedule = await readSchedule(tx, contract.id);
      if (schedule) return { status: 200, body: schedule };
      const today = localDay(await workspaceNow(tx), contract.zone);
      const agreed = fixedPriceOn(await readTimeline(tx, contract.id), today);
      const price = agreed?.price ?? null;
      return { status: 200, body: { price, billed: '0', completedPercentage: null, entries: [] } };
    }),
});
