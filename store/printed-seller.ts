/** Owns what of a seller `s` is printed on its papers besides its name, as SQL: tax numbers, and accounts to pay to. */

/** Tax numbers that hold on the day `on`. `endsAfter`: the day that their end is held against, where it is another one. */
export const taxNumbersColumn = (on: string, endsAfter = on) =>
  `(select coalesce(jsonb_agg(jsonb_build_object('country', t.country, 'number', t.number) order by t.id), '[]')
      from tax_registrations t where t.workspace_id = $1 and t.seller_id = s.id
        and t.valid_from <= ${on} and (t.valid_to is null or t.valid_to > ${endsAfter}))`;

/** Accounts that a client is told of; `first`: an order that comes before their own. */
export const bankAccountsColumn = (first?: string) =>
  `(select coalesce(jsonb_agg(jsonb_build_object('id', b.id, 'label', b.label, 'currency', b.currency, 'holder', b.holder, 'iban', b.iban,
        'accountNumber', b.account_number, 'bic', b.bic, 'bank', b.bank) order by ${first === undefined ? '' : `${first}, `}b.id), '[]')
      from bank_accounts b where b.workspace_id = $1 and b.seller_id = s.id and b.printed and coalesce(b.iban, b.account_number) is not null)`;
