/** Owns GET /connectors. */
import { z } from 'zod';
import { targetOptions } from '../../../connectors/kit/define.ts';
import type { ConnectorFacts } from '../../deps.ts';
import { defineRoute } from '../../kit/route.ts';
import { secretsOf } from '../connections/check-connection.ts';

const named = (what: string) =>
  z.record(z.string(), z.string()).meta({ description: `${what} → what it is for.` });
const settings = named('Setting');
const signIns = ['token', 'authorization_code', 'client_credentials', 'refresh_token'] as const;

const connector = z.object({
  id: z.string(),
  name: z.string(),
  settings,
  optionalSettings: settings,
  secrets: named('Secret'),
  signsInBy: z.array(z.enum(signIns)),
  chooseAccount: z.boolean().meta({ description: 'A sign-in may reach several organisations: choose one.' }),
  limit: z.object({ requests: z.int(), perSeconds: z.number() }).nullable(),
  time: z
    .object({
      changes: z
        .boolean()
        .meta({ description: 'Tells what changed since; else a window is read each time.' }),
      tellsDeletions: z.boolean(),
      tellsApproval: z.boolean(),
      rescanDays: z.int(),
      marksBilled: z.boolean(),
    })
    .nullable()
    .meta({ description: 'Time entries are read from it.' }),
  takesTime: z.boolean().meta({ description: 'Time entries from elsewhere are written to it.' }),
  takesFiles: z.boolean().meta({ description: 'Entries are sent to us; nothing is called there.' }),
  invoices: z
    .object({
      numberMaxLength: z.int(),
      writes: z.array(z.string()),
      declines: z.record(z.string(), z.string()).meta({ description: 'What it cannot take → why.' }),
      dimension: z.string().nullable().meta({ description: 'Its word for project codes and cost centres.' }),
    })
    .nullable(),
  lookUps: z.array(z.string()).meta({ description: 'Lists that can be mapped from.' }),
  webhooks: z
    .object({
      subscribes: z.boolean().meta({ description: 'We ask for them; else a person sets them up there.' }),
      setUp: z.string().nullable(),
    })
    .nullable(),
});

export const listConnectors = defineRoute({
  name: 'list-connectors',
  method: 'get',
  path: '/connectors',
  summary: 'List the platforms that can be connected, and what each can do',
  permission: 'connections.read',
  responses: { 200: z.object({ items: z.array(connector) }) },
  handler: async ({ deps }) => ({
    status: 200,
    body: { items: [...deps.connectors.values()].map(toView) },
  }),
});

function toView(facts: ConnectorFacts): z.input<typeof connector> {
  const { timeSource, invoiceTarget, webhooks, auth, rateLimit } = facts;
  return {
    id: facts.id,
    name: facts.name,
    settings: { ...facts.settings },
    optionalSettings: { ...facts.optionalSettings },
    secrets: { ...secretsOf(facts) },
    signsInBy: [
      ...(!auth?.oauth || auth.secrets ? (['token'] as const) : []),
      ...(auth?.oauth?.grants ?? []),
    ],
    chooseAccount: facts.accounts !== undefined,
    limit: rateLimit ? { requests: rateLimit.requests, perSeconds: rateLimit.perSeconds } : null,
    time: timeSource
      ? {
          changes: timeSource.changedSince !== undefined,
          tellsDeletions: timeSource.tellsDeletions,
          tellsApproval: timeSource.tellsApproval,
          rescanDays: timeSource.rescan.days,
          marksBilled: facts.billedMarks !== undefined,
        }
      : null,
    takesTime: facts.timeTarget !== undefined,
    takesFiles: facts.entryReader !== undefined,
    invoices: invoiceTarget
      ? {
          numberMaxLength: invoiceTarget.numberMaxLength,
          writes: ['invoices', ...targetOptions.filter((option) => invoiceTarget[option] !== undefined)],
          declines: { ...invoiceTarget.declines },
          dimension: invoiceTarget.dimension?.name ?? null,
        }
      : null,
    lookUps: Object.keys(facts.lookUps ?? {}),
    webhooks: webhooks
      ? { subscribes: webhooks.subscribe !== undefined, setUp: webhooks.setUp ?? null }
      : null,
  };
}
