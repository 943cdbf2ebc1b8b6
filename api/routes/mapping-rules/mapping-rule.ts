/** Owns how a mapping rule is read and written over the API. */
import { z } from 'zod';
import { patternProblem, targetKinds } from '../../../domain/match.ts';
import type { RuleScope } from '../../../store/apply-mapping-rule.ts';
import { type MappingRule, matchBys } from '../../../store/mapping-rules.ts';
import type { Subject } from '../../kit/record-change.ts';
import { id, instant, name } from '../../kit/schemas.ts';

export const mappingRuleSubject: Subject = {
  type: 'mapping_rule',
  permission: 'mapping_rules.read',
  // May be a person's name or address.
  privateFields: ['matchValue'],
  ownerOf: ({ targetKind, targetId }: MappingRule) => `${targetKind}:${targetId}`,
};

export const targetKind = z.enum(targetKinds);

export const mappingRule = z
  .object({
    id,
    sourceId: id.nullable().meta({ description: 'Null: for every source.' }),
    targetKind,
    matchBy: z.enum(matchBys),
    matchValue: z.string(),
    targetId: id,
    createdAt: instant,
  })
  .meta({ id: 'MappingRule' });

export const newMappingRule = z
  .object({
    sourceId: id.nullish(),
    targetKind,
    matchBy: z.enum(matchBys),
    matchValue: name.meta({ description: 'What the source says; a pattern may hold *.' }),
    targetId: id.meta({ description: 'Our client, project, task or person.' }),
  })
  .superRefine(({ targetKind: kind, matchBy, matchValue }, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (matchBy === 'email' && kind !== 'person') refuse('matchBy', 'only people have an e-mail address');
    const problem = matchBy === 'pattern' ? patternProblem(matchValue) : null;
    if (problem) refuse('matchValue', problem);
  });
export const mappingRuleChange = z.object({ targetId: id });

/** What a rule in a request is about. */
export const scopeOf = ({ sourceId = null, ...rule }: z.output<typeof newMappingRule>): RuleScope => ({
  ...rule,
  sourceId,
});

export const touched = z
  .object({
    exceptions: z.int().meta({ description: 'Names that it fits.' }),
    entries: z.int().meta({ description: 'Entries that wait for them.' }),
    seconds: z.int().meta({ description: 'Labor of these.' }),
    names: z.array(z.string()).meta({ description: 'What sources say, the first few.' }),
  })
  .meta({ id: 'TouchedByRule' });
