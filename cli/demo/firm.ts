/** Owns the demo's firm: a small marine engineering office, its clients, and three months of deterministic time. */

export const firm = {
  name: 'Halvorsen Marine Engineering',
  country: 'US',
  zone: 'America/Los_Angeles',
  currency: 'USD',
  address: {
    lines: ['1100 Westlake Avenue N'],
    city: 'Seattle',
    region: 'WA',
    postalCode: '98109',
    country: 'US',
  },
  email: 'accounts@halvorsen.example',
  registrationNumber: 'UBI 604 118 227',
  bankAccount: {
    label: 'Operating account',
    holder: 'Halvorsen Marine Engineering',
    bank: 'Elliott Bay Savings',
    accountNumber: '0042 118 227',
  },
  series: '{CLIENT}-{YYYY}-{NNNN}',
} as const;

export interface DemoProject {
  code: string;
  name: string;
}
export interface DemoClient {
  code: string;
  name: string;
  email: string;
  city: string;
  /** Dollars an hour, whole cents as text. */
  rate: string;
  projects: DemoProject[];
}

export const clients: DemoClient[] = [
  {
    code: 'NPF',
    name: 'North Pacific Ferries',
    email: 'ap@npferries.example',
    city: 'Seattle',
    rate: '128.00',
    projects: [
      { code: 'NPF-101', name: 'Hull survey MV Kittitas' },
      { code: 'NPF-102', name: 'Stern tube refit' },
      { code: 'NPF-103', name: 'Ballast retrofit' },
    ],
  },
  {
    code: 'ORC',
    name: 'Orca Offshore',
    email: 'invoices@orcaoffshore.example',
    city: 'Anacortes',
    rate: '142.50',
    projects: [
      { code: 'ORC-7', name: 'Crane foundation' },
      { code: 'ORC-8', name: 'Mooring analysis' },
    ],
  },
  {
    code: 'PSD',
    name: 'Puget Sound Dredging',
    email: 'office@psdredging.example',
    city: 'Tacoma',
    rate: '117.25',
    projects: [
      { code: 'PSD-3', name: 'Spud carriage' },
      { code: 'PSD-4', name: 'Pump room layout' },
    ],
  },
  {
    code: 'SLK',
    name: 'Salish Kelp Co-operative',
    email: 'hello@salishkelp.example',
    city: 'Port Townsend',
    rate: '98.40',
    projects: [
      { code: 'SLK-1', name: 'Harvest barge concept' },
      { code: 'SLK-2', name: 'Line hauler' },
    ],
  },
];

export const people = [
  ['Astrid', 'Halvorsen'],
  ['Ben', 'Okafor'],
  ['Carla', 'Mendes'],
  ['Dmitri', 'Volkov'],
  ['Ella', 'Tanaka'],
  ['Femi', 'Adeyemi'],
  ['Grace', 'Lindqvist'],
  ['Hiro', 'Nakamura'],
] as const;

const tasks = ['Design', 'Calculation', 'Site visit', 'Drawing', 'Class approval'] as const;

export interface DemoEntry {
  id: number;
  person: number;
  client: number;
  project: number;
  task: string;
  day: string;
  /** Hundredths of an hour. */
  centihours: number;
  status: 'approved' | 'submitted';
  billable: boolean;
  /** Invoiced inside Harvest long ago: arrives as settled elsewhere. */
  billedThere: boolean;
  running: boolean;
  notes: string;
}

/** The same numbers on every machine: a small linear congruential generator, not randomness. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

const dayCount = 89;

/** The Monday some thirteen weeks and a bit before `today`, so that all work of the demo lies in the past. */
export function firstDayBefore(today: Date): string {
  const start = new Date(
    Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate() - dayCount - 7),
  );
  start.setUTCDate(start.getUTCDate() - ((start.getUTCDay() + 6) % 7));
  return start.toISOString().slice(0, 10);
}

/** About 700 entries of eight people over thirteen weeks, weekdays only; the last days are not yet approved. */
export function makeEntries(firstDay: string): DemoEntry[] {
  const startMs = Date.parse(`${firstDay}T00:00:00Z`);
  const next = sequence(20_261_031);
  const entries: DemoEntry[] = [];
  let id = 2_831_000_001;
  for (let offset = 0; offset < dayCount; offset += 1) {
    const date = new Date(startMs + offset * 86_400_000);
    if (date.getUTCDay() === 0 || date.getUTCDay() === 6) continue;
    const day = date.toISOString().slice(0, 10);
    for (let person = 0; person < people.length; person += 1) {
      if (next(12) === 0) continue;
      const parts = 1 + next(2);
      for (let part = 0; part < parts; part += 1) {
        const client = next(clients.length);
        const project = next(clients[client]!.projects.length);
        const task = tasks[next(tasks.length)]!;
        entries.push({
          id: id++,
          person,
          client,
          project,
          task,
          day,
          centihours: parts === 1 ? 600 + 25 * next(13) : 250 + 25 * next(9),
          status: offset < dayCount - 6 ? 'approved' : 'submitted',
          billable: next(40) !== 0,
          billedThere: false,
          running: false,
          notes: `${task}, ${clients[client]!.projects[project]!.name}`,
        });
      }
    }
  }
  // The stories that a finance lead meets every month.
  entries[3]!.billedThere = true;
  entries[4]!.billedThere = true;
  const long = entries.find((entry, index) => index > 300 && entry.billable)!;
  long.centihours = 2_600;
  long.notes = 'Sea trial, day and night';
  entries.push({
    ...entries[entries.length - 1]!,
    id: id++,
    status: 'submitted',
    running: true,
    billable: true,
    billedThere: false,
    centihours: 40,
    notes: 'timer still running',
  });
  return entries;
}

export interface Expected {
  /** Entries that arrive, whatever becomes of them. */
  entries: number;
  /** Entries and hours that must end up on invoices. */
  billed: number;
  centihours: number;
  /** Entries that arrive and must not be billed: invoiced elsewhere already, and not billable of the rest. */
  settledElsewhere: number;
  notBillable: number;
  /** Per client code, in cents; and the sum. */
  cents: Record<string, number>;
  totalCents: number;
}

/** What must come out, computed from the raw numbers only: no code of the hub is used. */
export function expectedOf(entries: DemoEntry[]): Expected {
  const approved = entries.filter((entry) => entry.status === 'approved' && !entry.running);
  const billed = approved.filter((entry) => entry.billable && !entry.billedThere);
  const cents: Record<string, number> = {};
  for (const [index, client] of clients.entries()) {
    const rateCents = Math.round(Number(client.rate) * 100);
    cents[client.code] = client.projects.reduce((sum, _project, projectIndex) => {
      const hours = billed
        .filter((entry) => entry.client === index && entry.project === projectIndex)
        .reduce((total, entry) => total + entry.centihours, 0);
      // Whole numbers: hundredths of hours × cents = hundredths of cents, rounded half up once per line.
      return sum + Math.floor((hours * rateCents + 50) / 100);
    }, 0);
  }
  return {
    entries: approved.length,
    billed: billed.length,
    settledElsewhere: approved.filter((entry) => entry.billedThere).length,
    notBillable: approved.filter((entry) => !entry.billable && !entry.billedThere).length,
    centihours: billed.reduce((sum, entry) => sum + entry.centihours, 0),
    cents,
    totalCents: Object.values(cents).reduce((sum, value) => sum + value, 0),
  };
}
