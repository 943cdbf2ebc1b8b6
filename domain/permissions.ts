/** Owns the named permissions, which of them a role bundles, and how the scopes of an API key are read. */

/** What may be done, by resource. A permission is `<resource>.<verb>`; add one here before a route names it. */
const verbs = {
  workspace: ['read', 'update'],
  people: ['read', 'create', 'update'],
  members: ['read', 'create', 'update'],
  sellers: ['read', 'create', 'update'],
  series: ['read', 'create', 'update'],
  clients: ['read', 'create', 'update', 'delete'],
  contracts: ['read', 'create', 'update'],
  projects: ['read', 'create', 'update'],
  tasks: ['read', 'create', 'update'],
  products: ['read', 'create', 'update'],
  rate_cards: ['read', 'create', 'update'],
  strategies: ['read', 'create', 'update', 'delete'],
  connections: ['read', 'create', 'update', 'sync'],
  mapping_rules: ['read', 'create', 'update', 'delete'],
  entries: ['read', 'create', 'update', 'approve', 'release'],
  imports: ['read', 'create'],
  quarantine: ['read', 'resolve'],
  exceptions: ['read', 'resolve'],
  tickets: ['read', 'create', 'update', 'approve'],
  contractor_invoices: ['read', 'create', 'approve'],
  runs: ['read', 'create', 'cancel'],
  items: ['read', 'release', 'write_off'],
  invoices: ['read', 'update', 'issue', 'discard', 'void', 'credit', 'sync'],
  payments: ['read', 'create', 'apply', 'reverse'],
  operations: ['read', 'cancel'],
  webhooks: ['read', 'create', 'update', 'delete'],
  reports: ['read'],
  events: ['read'],
  api_keys: ['read', 'create', 'revoke'],
} as const;

type Verbs = typeof verbs;
export type Resource = keyof Verbs;
export type Permission = { [R in Resource]: `${R}.${Verbs[R][number]}` }[Resource];
/** A permission, all permissions of a resource (`clients.*`), or everything (`*`). */
export type Scope = Permission | `${Resource}.*` | '*';

export const permissions = Object.entries(verbs).flatMap(([resource, list]) =>
  list.map((verb) => `${resource}.${verb}`),
) as Permission[];
export const scopes: readonly Scope[] = [
  '*',
  ...Object.keys(verbs).map((resource) => `${resource as Resource}.*` as const),
  ...permissions,
];

const known = new Set<string>(permissions);
export const isPermission = (text: string): text is Permission => known.has(text);

/** The permissions that scopes stand for. A scope this version does not know grants nothing. */
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

/** The permissions among `wanted` that `held` lacks: nobody hands out more than they have. */
export function exceeding(wanted: readonly string[], held: ReadonlySet<Permission>): Permission[] {
  return [...expandScopes(wanted)].filter((permission) => !held.has(permission));
}

export const roles = ['contractor', 'employee', 'manager', 'admin', 'client'] as const;
export type Role = (typeof roles)[number];

const ownWork: Scope[] = [
  'entries.read',
  'entries.create',
  'entries.update',
  'tickets.read',
  'tickets.create',
  'tickets.update',
];
const surroundings: Scope[] = ['workspace.read', 'projects.read', 'tasks.read'];

/** Role → scopes. What a member may see of others' rows is decided beside this, by the row's owner. */
export const roleScopes: Readonly<Record<Role, readonly Scope[]>> = {
  admin: ['*'],
  manager: [
    ...ownWork,
    ...surroundings,
    ...(
      [
        'people',
        'clients',
        'contracts',
        'sellers',
        'series',
        'rate_cards',
        'strategies',
        'connections',
      ] as const
    ).map((resource) => `${resource}.read` as const),
    'projects.*',
    'tasks.*',
    'products.*',
    'mapping_rules.*',
    'entries.*',
    'imports.*',
    'quarantine.*',
    'exceptions.*',
    'tickets.*',
    'contractor_invoices.*',
    'runs.*',
    'items.read',
    'items.release',
    'invoices.read',
    'invoices.update',
    'payments.read',
    'operations.*',
    'reports.read',
    'events.read',
  ],
  employee: [...ownWork, ...surroundings],
  contractor: [...ownWork, ...surroundings, 'contractor_invoices.read', 'contractor_invoices.create'],
  client: ['workspace.read', 'projects.read', 'invoices.read', 'payments.read'],
};
