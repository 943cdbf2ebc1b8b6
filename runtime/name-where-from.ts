/** Owns telling the events of an activity which workflow they come from. */
import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';
import { from } from '../store/origin.ts';

/** Every activity is run with its origin, so none has to think of it. */
export function nameWhereFrom({ info }: Context): ActivityInterceptors {
  const workflowId = info.workflowExecution?.workflowId;
  const origin = {
    via: 'workflow' as const,
    ...(workflowId !== undefined && { workflowId }),
    activity: info.activityType,
  };
  return { inbound: { execute: (input, next) => from(origin, () => next(input)) } };
}
