/** Owns the rules that a workspace or a contract has switched off, or made more or less severe. */

import type { RuleFacts } from '../domain/validation/entry-rules.ts';
import { type RuleSetting, type RuleSettings, ruleSettings } from '../domain/validation/rule.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';

/** The workspace's settings by rule. Contracts keep their own (`severities`), which come before these. */
export async function workspaceRuleSettings(tx: WorkspaceTx): Promise<RuleSettings> {
  const row = await tx.row<{ stored: Record<string, string> | null }>(
    `select settings -> 'ruleSettings' as stored from workspaces where id = $1`,
    [tx.workspaceId],
  );
  return toRuleSettings(row?.stored ?? null);
}

/** As stored by an earlier or a later version: what this one does not know changes nothing. */
export const toRuleSettings = (stored: Record<string, string> | null): RuleSettings =>
  Object.fromEntries(Object.entries(stored ?? {}).filter(isSetting));

function isSetting(pair: [string, string]): pair is [string, RuleSetting] {
  return (ruleSettings as readonly string[]).includes(pair[1]);
}

/** Sets one rule for the workspace; null: as the rule has it. Answers what it was. */
export async function setWorkspaceRule(
  tx: WorkspaceTx,
  rule: string,
  setting: RuleSetting | null,
): Promise<RuleSetting | null> {
  await tx.run('select 1 from workspaces where id = $1 for no key update', [tx.workspaceId]);
  const was = (await workspaceRuleSettings(tx))[rule] ?? null;
  await tx.run(
    setting === null
      ? `update workspaces set settings = settings #- array['ruleSettings', $2] where id = $1`
      : `update workspaces set settings = jsonb_set(
           case when settings ? 'ruleSettings' then settings else settings || '{"ruleSettings": {}}' end,
           array['ruleSettings', $2], to_jsonb($3::text)) where id = $1`,
    setting === null ? [tx.workspaceId, rule] : [tx.workspaceId, rule, setting],
  );
  return was;
}

/** Sets one rule for a contract; null: as the workspace has it. Answers what it was. The caller holds the contract's lock. */
export async function setContractRule(
  tx: WorkspaceTx,
  contractId: string,
  rule: string,
  setting: RuleSetting | null,
): Promise<RuleSetting | null> {
  const row = await tx.row<{ was: RuleSetting | null }>(
    `update contracts set severities = case when $4::text is null then severities - $3 else severities || jsonb_build_object($3::text, $4::text) end
     where workspace_id = $1 and id = $2 returning old.severities ->> $3 as was`,
    [tx.workspaceId, contractId, rule, setting],
  );
  return row?.was ?? null;
}

/**
 * Sets one rule for the workspace. What a check at intake found follows at once, since nothing would look at it again: open
 * findings take the new severity, and are closed where the rule is off. The contract's passes are repeated by every run.
 */
export async function applyWorkspaceRule(
  tx: WorkspaceTx,
  rule: Pick<RuleFacts, 'code' | 'pass' | 'severity'>,
  setting: RuleSetting | null,
): Promise<{ was: RuleSetting | null; settings: RuleSettings }> {
  const was = await setWorkspaceRule(tx, rule.code, setting);
  const effective = setting ?? rule.severity;
  if (rule.pass === 'entry' && effective === 'off')
    await tx.run(
      `with closed as (
         update exceptions set status = 'fixed', closed_at = ${sqlNow}, closed_by = 'system', close_reason = 'the rule was switched off'
         where workspace_id = $1 and rule = $2 and status = 'open' returning id)
       update exception_entries set open = false where workspace_id = $1 and exception_id in (select id from closed) and open`,
      [tx.workspaceId, rule.code],
    );
  else if (rule.pass === 'entry')
    await tx.run(
      `update exceptions set severity = $3 where workspace_id = $1 and rule = $2 and status = 'open' and severity <> $3`,
      [tx.workspaceId, rule.code, effective],
    );
  return { was, settings: await workspaceRuleSettings(tx) };
}
