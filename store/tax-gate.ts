/** Owns what tax asks before an issue: ids and words of a reverse charge, and rates that are still those of the tax point. */
import { type TaxNote, type TaxPointRule, taxPointOf, whyNotTaxed } from '../domain/tax.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

export interface TaxedDraft {
  id: string;
  clientId: string;
  sellerId: string;
  serviceTo: Day;
  taxPointRule: TaxPointRule;
  /** The day whose rates the draft was made with; null of drafts from before it was kept. */
  draftedTaxPoint: Day | null;
  snapshot: Record<string, unknown>;
}

/** By draft why its tax keeps it from being issued on the day. Asks the database only where the day of issue decides on rates. */
export async function taxReasons(
  tx: WorkspaceTx,
  drafts: readonly TaxedDraft[],
  issueDateOf: (draft: TaxedDraft) => Day,
): Promise<Map<string, string[]>> {
  const reasons = new Map(drafts.map((draft) => [draft.id, whyNotTaxed(...partiesOf(draft))]));
  const moved = drafts.flatMap((draft) => {
    const { taxPointRule, serviceTo, draftedTaxPoint } = draft;
    const day = taxPointOf(taxPointRule, { serviceTo, issueDate: issueDateOf(draft) });
    return draftedTaxPoint === null || draftedTaxPoint === day ? [] : [{ draft, day }];
  });
  if (moved.length === 0) return reasons;
  const changed = await tx.rows<{ id: string }>(
    `select m.id from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::date[], $6::date[]) as m(id, client_id, seller_id, drafted_on, day)
     join clients c on c.workspace_id = $1 and c.id = m.client_id and c.tax_treatment = 'by_region'
     join sellers s on s.workspace_id = $1 and s.id = m.seller_id
     where exists (
       select from tax_rates r cross join lateral (values (r.valid_from), (r.valid_to)) as b(border)
       where r.workspace_id = $1 and r.region in (coalesce(c.tax_region, c.address ->> 'country', s.country), left(coalesce(c.tax_region, c.address ->> 'country', s.country), 2))
         and b.border > least(m.drafted_on, m.day) and b.border <= greatest(m.drafted_on, m.day))`,
    [
      tx.workspaceId,
      plainArray(moved.map(({ draft }) => draft.id)),
      plainArray(moved.map(({ draft }) => draft.clientId)),
      plainArray(moved.map(({ draft }) => draft.sellerId)),
      plainArray(moved.map(({ draft }) => draft.draftedTaxPoint)),
      plainArray(moved.map(({ day }) => day)),
    ],
  );
  for (const { id } of changed) {
    const { draft, day } = moved.find((each) => each.draft.id === id)!;
    reasons
      .get(id)!
      .push(`tax rates changed between ${draft.draftedTaxPoint} and its tax point ${day}: recalculate it`);
  }
  return reasons;
}

function partiesOf({ snapshot }: TaxedDraft): Parameters<typeof whyNotTaxed> {
  const {
    taxSubtotals = [],
    seller,
    client,
  } = snapshot as {
    taxSubtotals?: TaxNote[];
    seller?: { taxRegistrations?: { number: string }[] };
    client?: { taxId?: string | null };
  };
  return [
    taxSubtotals,
    {
      sellerTaxNumbers: (seller?.taxRegistrations ?? []).map(({ number }) => number),
      clientTaxId: client?.taxId ?? null,
    },
  ];
}
