/** Owns the mapping file: how the columns of one kind of CSV file become the fields of a source entry. */

import { z } from 'zod';
import { approvalStates } from '../work-entry.ts';
import { clockFormats } from './parse-clock.ts';
import { compileDayPattern, defaultPivotYear } from './parse-day.ts';
import { decimalFormats } from './parse-decimal.ts';
import { hoursFormats } from './parse-hours.ts';
import { templateColumns } from './template-columns.ts';

const columnName = z.string().trim().min(1).max(200);
const optional = z.boolean().default(false);

/**
 * Where a field's text comes from. A `*` in a column name stands for anything: `Billable Rate (*)` finds
 * `Billable Rate (EUR)`, and `fromHeader` gives what the `*` stood for, `EUR`.
 */
const textSource = z
  .union(
    [
      columnName.transform((name) => ({ columns: [name], optional: false })),
      z
        .array(columnName)
        .min(1)
        .max(20)
        .transform((columns) => ({ columns, optional: false })),
      z
        .strictObject({ column: z.union([columnName, z.array(columnName).min(1).max(20)]), optional })
        .transform(({ column, optional: isOptional }) => ({
          columns: [column].flat(),
          optional: isOptional,
        })),
      z.strictObject({ constant: z.string().max(500) }),
      z.strictObject({ template: z.string().min(1).max(500), optional }),
      z.strictObject({ fromHeader: columnName, optional }),
    ],
    {
      error:
        'give a column name, a list of names of which the first one present is used, {"column": …, "optional": true}, ' +
        '{"constant": "text"}, {"template": "{Column A}/{Column B}"} or {"fromHeader": "Rate (*)"}',
    },
  )
  .refine((source) => !('template' in source) || templateColumns(source.template).length > 0, {
    error: 'a template names at least one column in braces, e.g. "{Task Number}/{Developer}"',
  });
export type TextSource = z.output<typeof textSource>;

const partySources = {
  externalId: textSource.optional(),
  code: textSource.optional(),
  name: textSource.optional(),
};
const party = z
  .strictObject(partySources)
  .refine(({ externalId, code, name }) => externalId ?? code ?? name, {
    error: 'map at least one of externalId, code, name',
  });

export const identityFields = [
  'workDate',
  'startTime',
  'person',
  'client',
  'project',
  'task',
  'notes',
  'hours',
] as const;
export type IdentityField = (typeof identityFields)[number];

const zone = z
  .string()
  .refine(isZone, { error: 'is not a time zone; use an IANA name such as "Europe/Oslo", or null' })
  .nullable();

const word = z.string().trim().toLowerCase().max(100);

/**
 * A mapping file, strict: an unknown key is an error, so that a typing mistake never silently maps nothing.
 * - `key.natural`: the column or template that names a line for good. Two lines with one natural key: the second is refused.
 * - `key.identity` (where the file has no such column): the fields that make a line what it is. Their hash is the
 *   key, with an occurrence number for lines that share them. Leave out what may be corrected later (hours): a
 *   corrected line must come back as a new version of the same entry, not as a second entry.
 */
export const importMappingSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, {
    error: 'use lower-case letters, digits and dashes, e.g. "harvest-detailed"',
  }),
  /** Comments, sources, what to know before using it. */
  about: z.array(z.string()).default([]),
  file: z
    .strictObject({
      delimiter: z.union([z.literal('auto'), z.literal([',', ';', '\t', '|'])]).default('auto'),
      /** `auto`: a byte order mark decides, else UTF-8. */
      encoding: z.enum(['auto', 'utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'latin1']).default('auto'),
      /** The line that holds the column names; lines before it are not read. 0: none, `columns` names them. */
      headerLine: z.int().min(0).max(50).default(1),
      columns: z.array(columnName).min(1).max(500).optional(),
    })
    .refine((file) => (file.headerLine === 0) === (file.columns !== undefined), {
      error: '"columns" goes with "headerLine": 0, and the other way round',
    })
    .prefault({}),
  key: z
    .union(
      [
        z.strictObject({ natural: textSource }),
        z.strictObject({ identity: z.array(z.enum(identityFields)).min(1) }),
      ],
      { error: `give {"natural": "Column"} or {"identity": [some of ${identityFields.join(', ')}]}` },
    )
    .default({ identity: ['workDate', 'startTime', 'person', 'client', 'project', 'task', 'notes'] }),
  fields: z.strictObject({
    workDate: textSource,
    hours: textSource,
    /** Clock columns become instants only with a zone; without one they still serve the identity. */
    startTime: textSource.optional(),
    endTime: textSource.optional(),
    /** The day of `endTime`; without it an end before the start is on the next day. */
    endDate: textSource.optional(),
    person: z
      .strictObject({ ...partySources, email: textSource.optional() })
      .refine(({ externalId, code, name, email }) => externalId ?? code ?? name ?? email, {
        error: 'map at least one of externalId, code, name, email',
      }),
    client: party.optional(),
    project: party.optional(),
    task: party.optional(),
    position: textSource.optional(),
    notes: textSource.optional(),
    billable: textSource.optional(),
    approval: textSource.optional(),
    billedElsewhere: textSource.optional(),
    rate: textSource.optional(),
    cost: textSource.optional(),
    currency: textSource.optional(),
    /**
     * A line with an amount is an expense and no hours, in the line's currency; empty or zero: it is hours. `inputTax` is the
     * part of the amount that the tax office gives back, `receiptOn` the day of the receipt where it is not the work date.
     */
    expense: z
      .strictObject({
        amount: textSource,
        inputTax: textSource.optional(),
        receiptOn: textSource.optional(),
      })
      .optional(),
  }),
  formats: z
    .strictObject({
      day: z
        .string()
        .refine((pattern) => pattern === 'auto' || compileDayPattern(pattern) !== null, {
          error:
            'use "auto" or one year (YYYY, YY), month (MM, Mon) and day (DD), e.g. "DD-Mon-YY" or "MM/DD/YYYY"',
        })
        .default('auto'),
      pivotYear: z.int().min(0).max(100).default(defaultPivotYear),
      monthNames: z.array(z.string().min(3)).length(12).nullable().default(null),
      hours: z.enum(hoursFormats).default('auto'),
      clock: z.enum(clockFormats).default('auto'),
      money: z.enum(decimalFormats).default('auto'),
    })
    .prefault({}),
  words: z
    .strictObject({
      yes: z.array(word).default(['yes', 'y', 'true', '1', 'x']),
      no: z.array(word).default(['no', 'n', 'false', '0']),
      /** What the words of the approval column mean; `""` is an empty cell. */
      approval: z.record(word, z.enum(approvalStates)).default({}),
    })
    .prefault({}),
  /** What holds where the file says nothing. `approval` is the mapping's policy: handing in the file approves it, or not. */
  defaults: z
    .strictObject({
      billable: z.boolean().default(true),
      approval: z.enum(approvalStates).default('unsubmitted'),
      zone: zone.default(null),
      currency: z
        .string()
        .regex(/^[A-Z]{3}$/, { error: 'use an ISO 4217 code such as "EUR", or null' })
        .nullable()
        .default(null),
    })
    .prefault({}),
  policy: z
    .strictObject({
      negativeHours: z.enum(['quarantine', 'accept']).default('quarantine'),
      /** A line of no hours bills nothing, but keeps its key for the day its hours are filled in. */
      zeroHours: z.enum(['quarantine', 'accept']).default('accept'),
    })
    .prefault({}),
  createMissing: z.array(z.enum(['client', 'project', 'task', 'person'])).default([]),
});
export type ImportMapping = z.output<typeof importMappingSchema>;
export type ImportMappingFile = z.input<typeof importMappingSchema>;

/** A mapping file that cannot be used; `problems` has one line per mistake, each with its path. */
export class MappingInvalid extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The mapping cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'MappingInvalid';
    this.problems = problems;
  }
}

/** Checks the parsed JSON of a mapping file; throws `MappingInvalid` with every mistake at once. */
export function readMapping(json: unknown): ImportMapping {
  const result = importMappingSchema.safeParse(json);
  if (result.success) return result.data;
  throw new MappingInvalid(
    result.error.issues.map((issue) => {
      const path = issue.path.length === 0 ? 'the mapping' : issue.path.join('.');
      return `${path}: ${issue.message}`;
    }),
  );
}

/** What a person may state beside a ready mapping, because the vendor's export depends on the account's settings. */
export interface MappingSettings {
  dayFormat?: string;
  hoursFormat?: string;
  clockFormat?: string;
  zone?: string;
  /** Names the client of every line, in place of what the mapping says. */
  client?: string;
  /** The approval of every line, in place of what the mapping and its approval column say. */
  approval?: string;
}

/** The mapping file with the settings laid over it, not yet checked: pass the result to `readMapping`. */
export function withSettings(file: ImportMappingFile, settings: MappingSettings): unknown {
  const { dayFormat, hoursFormat, clockFormat, zone: zoneName, client, approval } = settings;
  const { approval: approvalSource, ...fields } = file.fields;
  return {
    ...file,
    fields: {
      ...fields,
      ...(approval === undefined && approvalSource !== undefined && { approval: approvalSource }),
      ...(client !== undefined && { client: { name: { constant: client } } }),
    },
    formats: {
      ...file.formats,
      ...(dayFormat !== undefined && { day: dayFormat }),
      ...(hoursFormat !== undefined && { hours: hoursFormat }),
      ...(clockFormat !== undefined && { clock: clockFormat }),
    },
    defaults: {
      ...file.defaults,
      ...(zoneName !== undefined && { zone: zoneName }),
      ...(approval !== undefined && { approval }),
    },
  };
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
