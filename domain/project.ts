/** Owns the life of a project: its statuses and the table of which follows which. */
import { Refusal } from './refusal.ts';

export const projectStatuses = ['planned', 'active', 'ready_for_billing', 'completed', 'archived'] as const;
export type ProjectStatus = (typeof projectStatuses)[number];

/** A project begins as one of these. */
export const firstProjectStatuses = ['planned', 'active'] as const satisfies readonly ProjectStatus[];

/** From each status, where it may go. Tickets are written on active projects only; an archived one has no open work. */
export const projectMoves: Record<ProjectStatus, readonly ProjectStatus[]> = {
  planned: ['active', 'archived'],
  active: ['ready_for_billing', 'completed'],
  ready_for_billing: ['active', 'completed'],
  completed: ['active', 'archived'],
  archived: ['completed'],
};

/** Work is still expected: its budget is watched and its milestones are waited for. */
export const isProjectOpen = (status: ProjectStatus): boolean =>
  status === 'planned' || status === 'active' || status === 'ready_for_billing';

/** Refuses with 409 where the table has no such move; staying where it is is none. */
export function moveProject(project: { code: string; status: ProjectStatus }, to: ProjectStatus): void {
  const next = projectMoves[project.status];
  if (project.status === to || next.includes(to)) return;
  throw new Refusal({
    code: 'project.wrong_status',
    message: `Project ${project.code} is ${words(project.status)} and cannot become ${words(to)}.`,
    whatToDo: `From there it becomes ${next.map(words).join(' or ')}.`,
    details: { status: project.status, next },
  });
}

const words = (status: ProjectStatus) => status.replaceAll('_', ' ');
