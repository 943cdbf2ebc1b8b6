/** Owns the table of platforms and what each can do, as Markdown, made from the registry alone. */
import { type Connector, type TargetOption, targetOptions } from './define.ts';

const optionWords: Record<TargetOption, string> = {
  creditNotes: 'Credit notes',
  creditApplications: 'Their application',
  refunds: 'Refunds',
  writeOffs: 'Write-offs',
  vendors: 'Vendors',
  bills: 'Contractor bills',
  billPayments: 'Bill payments',
  updateInvoice: 'Update',
  voidInvoice: 'Void',
  emailInvoice: 'E-mail',
  paymentLinks: 'Payment link',
};
const lookUpWords = { person: 'people', client: 'clients', project: 'projects', task: 'tasks' } as const;

type Column = readonly [title: string, cell: (connector: Connector) => string];
const no = '–';
const when = (holds: boolean | undefined, words = 'yes') => (holds ? words : no);

const sourceColumns: Column[] = [
  ['Platform', ({ name, id }) => `[${name}](../connectors/${id}/README.md)`],
  [
    'New and changed',
    ({ timeSource }) => (timeSource!.changedSince ? 'feed of changes' : 'window each time'),
  ],
  [
    'Deletions',
    ({ timeSource }) => (timeSource!.tellsDeletions ? 'told by the feed' : 'found by re-reading'),
  ],
  [
    'Re-read',
    ({ timeSource }) => `${timeSource!.rescan.days} days, ${everyWords(timeSource!.rescan.everyMinutes)}`,
  ],
  ['Approval', ({ timeSource }) => (timeSource!.tellsApproval ? 'read' : 'by the ownership card')],
  ['Marks billed', ({ billedMarks }) => when(billedMarks !== undefined, `${billedMarks?.mostAtOnce} a call`)],
  [
    'Look-ups',
    ({ lookUps = {} }) => listed(Object.keys(lookUps).map((kind) => lookUpWords[kind as 'person'])),
  ],
];

const targetColumns: Column[] = [
  ['Platform', ({ name, id }) => `[${name}](../connectors/${id}/README.md)`],
  ['Number', ({ invoiceTarget }) => `${invoiceTarget!.numberMaxLength} characters`],
  ...targetOptions.map(
    (option): Column => [
      optionWords[option],
      ({ invoiceTarget }) => when(invoiceTarget![option] !== undefined),
    ],
  ),
  ['Time pushed', ({ timeTarget }) => when(timeTarget !== undefined)],
  ['Dimension', ({ invoiceTarget }) => invoiceTarget!.dimension?.name ?? no],
];

const accessColumns: Column[] = [
  ['Platform', ({ name }) => name],
  ['Sign-in', signInWords],
  ['Webhooks', webhookWords],
  ['Our limit', ({ rateLimit }) => `${rateLimit.requests} calls in ${secondsWords(rateLimit.perSeconds)}`],
  ['Learns from headers', ({ quotaOf }) => when(quotaOf !== undefined)],
  ['Without an answer', ({ timeoutMs }) => `given up after ${secondsWords(timeoutMs / 1_000)}`],
  ['Told to slow down', ({ throttleMs }) => `its own wait, else ${secondsWords(throttleMs / 1_000)}`],
];

/** The whole page. */
export function connectorsPage(connectors: Iterable<Connector>): string {
  const all = [...connectors].sort((one, other) => one.name.localeCompare(other.name, 'en'));
  const called = all.filter((connector) => !connector.entryReader);
  const targets = called.filter(({ invoiceTarget }) => invoiceTarget);
  const readers = all.filter(({ entryReader }) => entryReader);
  return [
    '# Platforms',
    '',
    'Made from the registry (`connectors/kit/table.ts`); after a change: `npx vitest run test/conformance/table.test.ts -u`.',
    '',
    '## Sources of time',
    '',
    table(
      sourceColumns,
      called.filter(({ timeSource }) => timeSource),
    ),
    '',
    '## Targets of invoices',
    '',
    table(targetColumns, targets),
    '',
    'What a platform does not take is put into the posting file of the connection:',
    '',
    ...targets.flatMap(({ name, invoiceTarget }) =>
      Object.entries(invoiceTarget!.declines).map(
        ([option, reason]) => `- ${name}, ${optionWords[option as TargetOption].toLowerCase()}: ${reason}`,
      ),
    ),
    '',
    '## Access and limits',
    '',
    table(accessColumns, called),
    '',
    ...(readers.length === 0
      ? []
      : [
          '## Entries that are brought to us',
          '',
          ...readers.map(({ id, name }) => `- [${name}](../connectors/${id}/README.md)`),
          '',
        ]),
  ].join('\n');
}

function table(columns: readonly Column[], rows: readonly Connector[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(columns.map(([title]) => title)),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(columns.map(([, cell]) => cell(row)))),
  ].join('\n');
}

function signInWords({ auth }: Connector): string {
  const { oauth } = auth;
  const grants = oauth?.grants.map(
    (grant) =>
      ({
        authorization_code: 'OAuth 2 in the browser',
        client_credentials: 'OAuth 2 client credentials',
        refresh_token: 'pasted refresh token',
      })[grant],
  );
  const typed = Object.keys(auth.secrets ?? (oauth ? {} : { accessToken: '' })).map((name) => `\`${name}\``);
  return listed([...(grants ?? []), ...typed]);
}

function webhookWords({ webhooks }: Connector): string {
  if (!webhooks) return no;
  return webhooks.subscribe ? 'subscribed by us' : 'set up by a person there';
}

function everyWords(minutes: number): string {
  return minutes % 60 === 0 ? `every ${minutes / 60} h` : `every ${minutes} min`;
}

function secondsWords(seconds: number): string {
  if (seconds >= 3_600 && seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  if (seconds > 60 && seconds % 60 === 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}

const listed = (words: readonly string[]) => (words.length === 0 ? no : words.join(', '));
