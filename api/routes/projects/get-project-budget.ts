/** Owns GET /projects/:projectId/budget. */
import { z } from 'zod';
import { budgetMeasures } from '../../../domain/budget.ts';
import { localDay } from '../../../domain/day.ts';
import { found } from '../../../domain/refusal.ts';
import {
  listBudgetWarnings,
  type Measured,
  measureBudgets,
  type ProjectBudget,
} from '../../../store/project-budgets.ts';
import { getWorkspace, zoneOf } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, storedDay, storedDecimal } from '../../kit/schemas.ts';

const percent = storedDecimal.nullable().meta({ description: 'Used, of the budget; null without a budget.' });
const exhaustsOn = storedDay.nullable().meta({
  description:
    'When the budget is used up at the pace of the last days; null: it is, or nothing was done lately.',
});
const seconds = z.int();

export const getProjectBudget = defineRoute({
  name: 'get-project-budget',
  method: 'get',
  path: '/projects/:projectId/budget',
  summary: "Read how much of a project's budget is used, and when it will be used up",
  description:
    'Hours: all labor that was not rejected. Money: what is priced, and open labor at the average rate of that. Whoever runs the project is told at 50, 80 and 100 %.',
  permission: 'reports.read',
  responses: {
    200: z
      .object({
        projectId: id,
        asOf: storedDay,
        currency: z.string(),
        paceDays: z.int().meta({ description: 'The pace is that of so many days.' }),
        hours: z.object({
          budgetSeconds: seconds.nullable(),
          usedSeconds: seconds,
          remainingSeconds: seconds.nullable().meta({ description: 'Below zero where more was used.' }),
          recentSeconds: seconds,
          percent,
          exhaustsOn,
        }),
        money: z.object({
          budget: storedDecimal.nullable(),
          priced: storedDecimal,
          unpriced: storedDecimal.nullable().meta({
            description: 'Open labor, at the average rate of what is priced; null: there is no rate yet.',
          }),
          used: storedDecimal,
          remaining: storedDecimal.nullable(),
          recent: storedDecimal,
          percent,
          exhaustsOn,
        }),
        warnings: z.array(
          z.object({
            measure: z.enum(budgetMeasures),
            budget: storedDecimal,
            threshold: z.int().meta({ description: 'Percent.' }),
            used: storedDecimal,
            reachedOn: storedDay,
          }),
        ),
      })
      .meta({ id: 'ProjectBudget' }),
  },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const workspace = await getWorkspace(tx);
      const today = localDay(workspace.clockAt ?? new Date(), zoneOf(workspace));
      const [budget] = await measureBudgets(tx, [params.projectId], today);
      const warnings = await listBudgetWarnings(tx, params.projectId);
      return {
        status: 200,
        body: { ...shownBudget(found(budget ?? null, 'project')), asOf: today, warnings },
      };
    }),
});

const whole = (text: string | null) => (text === null ? null : Number(text));

function shownBudget({ projectId, currency, days, hours, money }: ProjectBudget) {
  const { percent, exhaustsOn }: Measured = hours;
  return {
    projectId,
    currency,
    paceDays: days,
    hours: {
      budgetSeconds: whole(hours.budget),
      usedSeconds: Number(hours.used),
      remainingSeconds: whole(hours.remaining),
      recentSeconds: Number(hours.recent),
      percent,
      exhaustsOn,
    },
    money,
  };
}
