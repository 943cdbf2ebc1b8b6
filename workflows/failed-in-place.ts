/** Owns telling that an activity in place failed: it throws its own failure, not one that wraps it as those of other processes do. */
import { isCancellation, TemporalFailure } from '@temporalio/workflow';

export const failedInPlace = (failure: unknown): failure is TemporalFailure =>
  failure instanceof TemporalFailure && !isCancellation(failure);
