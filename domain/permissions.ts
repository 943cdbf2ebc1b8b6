/** Owns the named permissions, which of them a role bundles, and how the scopes of an API key are read. */

/** What may be done, by resource. A permission is `<resource>.<verb>`; add one here before a route names it. */
const verbs = {
  workspace: ['read', 'update', 'move_clock'],
  people: ['read', 'create', 'update', 'forget'],
  members: ['read', 'create', 'update', 'delete'],
  roles: ['read', 'update'],
  teams: ['read', 'create', 'update', 'delete'],
  sellers: ['read', 'create', 'update'],
  payment_terms: ['read', 'create', 'update', 'delete'],
  series: ['read', 'create', 'update'],
  periods: ['read', 'create', 'update', 'override'],
  clients: ['read', 'create', 'update', 'delete'],
  contracts: ['read', 'create', 'update'],
  purchase_orders: ['read', 'create', 'update'],
  projects: ['read', 'create', 'update'],
  milestones: ['accept'],
  tasks: ['read', 'create', 'update'],
  products: ['read', 'create', 'update'],
  rate_cards: ['read', 'create', 'update'],
  markups: ['read', 'create', 'update', 'delete'],
  price_lists: ['read', 'create', 'update', 'delete'],
  currency_rates: ['read', 'create'],
  margins: ['read'],
  cost_rates: ['read', 'create', 'update'],
  strategies: ['read', 'create', 'update', 'delete'],
  tax_rates: ['read', 'create', 'update'],
  connections: ['read', 'create', 'update', 'sync', 'authorise', 'override', 'disconnect'],
  mapping_rules: ['read', 'create', 'update', 'delete'],
  entries: ['read', 'create', 'update', 'approve', 'release'],
  imports: ['read', 'create'],
  quarantine: ['read', 'resolve'],
  exceptions: ['read', 'resolve'],
  tickets: ['read', 'create', 'update', 'approve'],
  contractor_invoices: ['read', 'create', 'update', 'submit', 'approve', 'cancel'],
  contractor_payments: ['read', 'create', 'reverse'],
  payee_accounts: ['read', 'create', 'confirm', 'reveal'],
  documents: ['read', 'create', 'update', 'review', 'delete'],
  runs: ['read', 'create', 'cancel', 'approve'],
  items: ['read', 'release', 'adjust', 'write_off'],
  invoices: ['read', 'update', 'issue', 'discard', 'void', 'credit', 'sync', 'sign_off'],
  payments: ['read', 'create', 'apply', 'reverse', 'confirm', 'refund', 'write_off'],
  reminders: ['read', 'update', 'send'],
  work: ['read'],
  operations: ['read', 'cancel'],
  webhooks: ['read', 'create', 'update', 'delete'],
  reports: ['read'],
  opening_balances: ['read', 'create', 'sign_off'],
  events: ['read'],
  notifications: ['read', 'update'],
  audit: ['read', 'export'],
  api_keys: ['read', 'create', 'revoke'],
} as const;

type Verbs = typeof verbs;
export type Resource = keyof Verbs;
export type Permission = { [R in Resource]: `${R}.${Verbs[R][number]}` }[Resource];

/**
 * What may be held for one's own rows only, written `tickets.read:own`: rows of one's person, for a client member rows of
 * their client. A permission listed here has routes that say `own: true`.
 */
const ownable = [
  'members.read',
  'projects.read',
  'milestones.accept',
  'entries.read',
  'entries.create',
  'entries.update',
  'tickets.read',
  'tickets.create',
  'tickets.update',
  'contractor_invoices.read',
  'contractor_invoices.create',
  'contractor_invoices.update',
  'contractor_invoices.submit',
  'contractor_invoices.cancel',
  'contractor_payments.read',
  'payee_accounts.read',
  'payee_accounts.create',
  'documents.read',
  'documents.create',
  'documents.update',
  'documents.delete',
  'items.read',
  'invoices.read',
  'invoices.sign_off',
  'payments.read',
  'payments.confirm',
  'work.read',
] as const satisfies readonly Permission[];

type OwnScope = `${(typeof ownable)[number]}:own`;
/** A permission, one for own rows only, all permissions of a resource (`clients.*`), or everything (`*`). */
export type Scope = Permission | OwnScope | `${Resource}.*` | '*';

export const permissions = Object.entries(verbs).flatMap(([resource, list]) =>
  list.map((verb) => `${resource}.${verb}`),
) as Permission[];
export const scopes: readonly Scope[] = [
  '*',
  ...Object.keys(verbs).map((resource) => `${resource as Resource}.*` as const),
  ...permissions,
  ...ownable.map((permission) => `${permission}:own` as const),
];

const known = new Set<string>(permissions);
export const isPermission = (text: string): text is Permission => known.has(text);

/** What somebody may do. No permission is in both. */
export interface Grants {
  /** For all rows of the workspace. */
  permissions: ReadonlySet<Permission>;
  /** For their own rows only. */
  ownPermissions: ReadonlySet<Permission>;
}

/** What scopes stand for. A scope this version does not know grants nothing. */
export function toGrants(granted: readonly string[]): Grants {
  const all = expandScopes(granted);
  const own = ownable.filter((permission) => granted.includes(`${permission}:own`) && !all.has(permission));
  return { permissions: all, ownPermissions: new Set(own) };
}

/** The permissions for all rows that scopes stand for. */
export function expandScopes(granted: readonly string[]): ReadonlySet<Permission> {
  if (granted.includes('*')) return new Set(permissions);
  return new Set(
    granted.flatMap((scope) =>
      scope.endsWith('.*')
        ? permissions.filter((permission) => permission.startsWith(scope.slice(0, -1)))
        : isPermission(scope)
          ? [scope]
          : [],
    ),
  );
}

const holds = ({ permissions, ownPermissions }: Grants, permission: Permission) =>
  permissions.has(permission) || ownPermissions.has(permission);

/** What both give: a key of a member never does more than the member may. */
export function withinBoth(one: Grants, other: Grants): Grants {
  const both = permissions.filter((permission) => holds(one, permission) && holds(other, permission));
  const forAll = (permission: Permission) =>
    one.permissions.has(permission) && other.permissions.has(permission);
  return {
    permissions: new Set(both.filter(forAll)),
    ownPermissions: new Set(both.filter((permission) => !forAll(permission))),
  };
}

/** The scopes among `wanted` that go beyond `held`: nobody hands out more than they have. */
export function exceeding(wanted: readonly string[], held: Grants): Scope[] {
  const { permissions: forAll, ownPermissions: forOwn } = toGrants(wanted);
  return [
    ...[...forAll].filter((permission) => !held.permissions.has(permission)),
    ...[...forOwn]
      .filter((permission) => !holds(held, permission))
      .map((permission) => `${permission}:own` as Scope),
  ];
}

export const roles = ['contractor', 'employee', 'manager', 'admin', 'client'] as const;
export type Role = (typeof roles)[number];

/** Who one is, and what one is told. */
const oneself: Scope[] = ['workspace.read', 'members.read:own', 'notifications.*'];
const ownWork: Scope[] = [
  ...oneself,
  'projects.read',
  'tasks.read',
  'entries.read:own',
  'entries.create:own',
  'entries.update:own',
  'tickets.read:own',
  'tickets.create:own',
  'tickets.update:own',
  'documents.read:own',
  'documents.create:own',
  'documents.update:own',
];

/** Role → scopes, where a workspace has not set its own. */
export const roleScopes: Readonly<Record<Role, readonly Scope[]>> = {
  admin: ['*'],
  manager: [
    ...oneself,
    ...(
      [
        'members',
        'roles',
        'teams',
        'people',
        'clients',
        'contracts',
        'sellers',
        'series',
        'periods',
        'strategies',
        'connections',
        'contractor_payments',
        'payee_accounts',
        'work',
        'reports',
        'events',
      ] as const
    ).map((resource) => `${resource}.read` as const),
    'projects.*',
    'tasks.*',
    'products.*',
    'rate_cards.*',
    'markups.*',
    'price_lists.*',
    'currency_rates.*',
    'margins.read',
    'cost_rates.*',
    'tax_rates.*',
    'payment_terms.*',
    'purchase_orders.*',
    'mapping_rules.*',
    'entries.*',
    'imports.*',
    'quarantine.*',
    'exceptions.*',
    'tickets.*',
    'contractor_invoices.*',
    'documents.read',
    'documents.create',
    'documents.update',
    'documents.review',
    'runs.*',
    'items.read',
    'items.release',
    'items.adjust',
    'invoices.read',
    'invoices.update',
    'invoices.issue',
    'invoices.discard',
    'invoices.sync',
    'payments.read',
    'payments.create',
    'payments.apply',
    'reminders.read',
    'opening_balances.read',
    'opening_balances.create',
    'operations.*',
  ],
  employee: ownWork,
  contractor: [
    ...ownWork,
    'contractor_invoices.read:own',
    'contractor_invoices.create:own',
    'contractor_invoices.update:own',
    'contractor_invoices.submit:own',
    'contractor_invoices.cancel:own',
    'contractor_payments.read:own',
    'payee_accounts.read:own',
    'payee_accounts.create:own',
  ],
  client: [
    'members.read:own',
    'notifications.*',
    'projects.read:own',
    'milestones.accept:own',
    'work.read:own',
    'items.read:own',
    'invoices.read:own',
    'invoices.sign_off:own',
    'payments.read:own',
    'payments.confirm:own',
  ],
};
