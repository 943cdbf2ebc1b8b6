/** Owns what a subject's workflow is searched by: its client, its contract, the number of its document. */
import type { Tx } from './database.ts';
import type { SubjectType } from './outbox.ts';

export interface SearchValues {
  clientId: string | null;
  contractId: string | null;
  /** The document's number; `draft` of an invoice that has none yet, the quarter of a report. */
  document: string | null;
}
interface SubjectKey {
  workspaceId: string;
  subjectType: SubjectType;
  subjectId: string;
}

const nothing: SearchValues = { clientId: null, contractId: null, document: null };

/** Of a batch of subjects, of whatever workspaces, in one query: what each is searched by. */
export async function withSearchValues<Subject extends SubjectKey>(
  tx: Tx,
  subjects: readonly Subject[],
): Promise<(Subject & { search: SearchValues })[]> {
  if (subjects.length === 0) return [];
  const rows = await tx.rows<SearchValues & { subjectType: string; subjectId: string }>(
    'select * from search_values($1::uuid[], $2::text[], $3::uuid[])',
    [
      subjects.map(({ workspaceId }) => workspaceId),
      subjects.map(({ subjectType }) => subjectType),
      subjects.map(({ subjectId }) => subjectId),
    ],
  );
  const found = new Map(rows.map((row) => [`${row.subjectType} ${row.subjectId}`, row]));
  return subjects.map((subject) => {
    const row = found.get(`${subject.subjectType} ${subject.subjectId}`) ?? nothing;
    const { clientId, contractId, document } = row;
    return { ...subject, search: { clientId, contractId, document } };
  });
}
