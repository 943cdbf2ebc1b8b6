/** Owns how a mapping rule is read and written over the API. */
import { z } from 'zod';
import { targetKinds } from '../../../domain/match.ts';
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

export const newMappingRule = z.object({
  sourceId: id.nullish(),
  targetKind,
  matchBy: z.enum(matchBys),
  // Many stars make a pattern slow on long names.
  matchValue: name
    .refine((text) => text.split('*').length <= 5, 'at most four *')
    .meta({ description: 'What the source says; a pattern may hold *.' }),
  targetId: id.meta({ description: 'Our client, project, task or person.' }),
});
export const mappingRuleChange = z.object({ targetId: id });
