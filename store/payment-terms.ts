/** Owns the library of payment terms: what runs, contracts and clients may name, each in one language. */
import { type PaymentTermsParts, requireKnownVariables } from '../domain/payment-terms.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { WorkspaceTx } from './database.ts';
import { type NewRow, type TenantTable, tenantTable, type Values } from './tenant-table.ts';

export interface PaymentTerms extends PaymentTermsParts {
  id: string;
  name: string;
  /** BCP 47. The same name in another language is the same choice there. */
  language: string;
  /** Taken where neither run, contract nor client names one; one a language. */
  standard: boolean;
  createdAt: string;
}
export type NewPaymentTerms = NewRow<PaymentTerms, 'name' | 'message'>;

export const paymentTerms: TenantTable<PaymentTerms> = tenantTable<PaymentTerms>('payment_terms', {
  name: 'plain',
  language: 'plain',
  message: 'plain',
  paymentInstructions: 'plain',
  lateFeePolicy: 'plain',
  standard: 'plain',
  createdAt: 'plain',
});

/** Refuses with 422 an unknown variable. The standard one of its language gives way to it, where it is to be that. */
export async function insertPaymentTerms(tx: WorkspaceTx, values: NewPaymentTerms): Promise<PaymentTerms> {
  requireKnownVariables(withoutUndefined(values));
  if (values.standard) await giveWay(tx, values.language ?? 'en');
  return paymentTerms.insert(tx, values);
}

/** The caller holds them. What was issued keeps the words that it had. */
export async function changePaymentTerms(
  tx: WorkspaceTx,
  before: PaymentTerms,
  change: Values<PaymentTerms>,
): Promise<PaymentTerms> {
  requireKnownVariables(withoutUndefined(change));
  if (change.standard) await giveWay(tx, change.language ?? before.language, before.id);
  return found(await paymentTerms.update(tx, before.id, change), 'payment_terms');
}

const withoutUndefined = (values: Values<PaymentTerms>): Partial<PaymentTermsParts> => ({
  message: values.message ?? '',
  paymentInstructions: values.paymentInstructions ?? null,
  lateFeePolicy: values.lateFeePolicy ?? null,
});

async function giveWay(tx: WorkspaceTx, language: string, but: string | null = null): Promise<void> {
  await tx.run(
    'update payment_terms set standard = false where workspace_id = $1 and language = $2 and standard and ($3::uuid is null or id <> $3)',
    [tx.workspaceId, language, but],
  );
}

/** Refuses with 409 where something names them, saying what. Issued invoices do not: they have the words themselves. */
export async function removePaymentTerms(tx: WorkspaceTx, { id, name }: PaymentTerms): Promise<void> {
  const users = await tx.rows<{ kind: string; name: string }>(
    `select 'contract' as kind, name from contracts where workspace_id = $1 and payment_terms_id = $2
     union all select 'client', name from clients where workspace_id = $1 and payment_terms_id = $2
     union all select 'open billing run', id::text from runs where workspace_id = $1 and payment_terms_id = $2 and status in ('queued', 'running')
     order by 1, 2 limit 10`,
    [tx.workspaceId, id],
  );
  if (users.length > 0)
    throw new Refusal({
      code: 'payment_terms.in_use',
      message: `"${name}" is named by ${users.map((user) => `${user.kind} ${user.name}`).join(', ')}.`,
      whatToDo: 'Have them name other payment terms first.',
      details: { users },
    });
  await tx.run(`update runs set payment_terms_id = null where workspace_id = $1 and payment_terms_id = $2`, [
    tx.workspaceId,
    id,
  ]);
  await paymentTerms.remove(tx, id);
}
