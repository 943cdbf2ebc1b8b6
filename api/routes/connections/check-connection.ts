/** Owns refusing a connection that its connector could not work with, and saying what one in set-up still lacks. */
import { invalidField, Refusal } from '../../../domain/refusal.ts';
import type { ApiDeps, ConnectorFacts } from '../../deps.ts';
import { type Actor, requirePermission } from '../../kit/auth.ts';

type Named = Readonly<Record<string, string>>;

/** Refuses an unknown connector. */
export function requireConnector(deps: ApiDeps, connectorId: string): ConnectorFacts {
  const connector = deps.connectors.get(connectorId);
  if (connector) return connector;
  throw invalidField(
    '/connector',
    'connection.unknown_connector',
    `There is no connector "${connectorId}".`,
    `Use one of ${[...deps.connectors.keys()].join(', ')}.`,
  );
}

/** Refuses settings that a connector does not know, and missing ones that neither its sign-in nor its accounts could tell. */
export function requireKnownSettings(deps: ApiDeps, connectorId: string, settings: Named): void {
  const connector = requireConnector(deps, connectorId);
  for (const name of tellsSettings(connector) ? [] : missingSettings(connector, settings))
    throw invalidField(
      '/settings',
      'connection.setting_missing',
      `The setting ${name} is missing: ${connector.settings[name]}.`,
    );
  const known = { ...connector.settings, ...connector.optionalSettings };
  for (const name of Object.keys(settings))
    if (!(name in known))
      throw invalidField(
        `/settings/${name}`,
        'connection.setting_unknown',
        `${connector.name} has no setting ${name}.`,
        `Known are ${Object.keys(known).join(', ') || 'none'}.`,
      );
}

/** Refuses secrets under names that nothing would ever read. */
export function requireKnownSecrets(deps: ApiDeps, connectorId: string, names: readonly string[]): void {
  const connector = requireConnector(deps, connectorId);
  const known = secretsOf(connector);
  for (const name of names)
    if (!(name in known))
      throw invalidField(
        `/secrets/${name}`,
        'connection.secret_unknown',
        `${connector.name} has no secret ${name}.`,
        `Known are ${Object.keys(known).join(', ')}.`,
      );
}

const forOAuth = {
  clientId: "Id of your own app at the platform, for signing in in a browser or with the app's own rights",
  clientSecret: 'Secret of that app',
  accessToken: 'Token that is sent with every call; the sign-in brings it',
  refreshToken: 'Token that brings new access tokens; the sign-in brings it',
};
const forAll = {
  webhookSecret: 'What webhooks of the platform are signed with',
  clientCertificate: 'Certificate that we show to the platform, in PEM, where it asks for one',
  clientKey: 'Key of that certificate, in PEM',
  trustedCertificate: "Certificate of an authority of your own that signs the platform's, in PEM",
};

/** Secret → what it is for. */
export function secretsOf({ auth }: ConnectorFacts): Named {
  const entered = auth?.secrets ?? (auth?.oauth ? {} : { accessToken: 'Token that is sent with every call' });
  return { ...(auth?.oauth ? forOAuth : {}), ...entered, ...forAll };
}

const missingSettings = ({ settings }: ConnectorFacts, given: Named) =>
  Object.keys(settings).filter((name) => !given[name]);

/** Settings may be missing at first where the platform tells them. */
function tellsSettings({ auth, accounts }: ConnectorFacts): boolean {
  return Boolean(accounts ?? auth?.oauth?.settingsFromCallback ?? auth?.oauth?.settingsFromToken);
}

/** What a connection still needs before it can start, in words; nothing: it may. */
export function lackingOf(
  connector: ConnectorFacts,
  settings: Named,
  secretNames: readonly string[],
): string[] {
  const settingsLacking = missingSettings(connector, settings).map(
    (name) => `the setting ${name} (${connector.settings[name]})`,
  );
  return [...authorisationLacking(connector, secretNames), ...settingsLacking];
}

function authorisationLacking({ auth }: ConnectorFacts, names: readonly string[]): string[] {
  if (!auth) return [];
  const entered = Object.keys(auth.secrets ?? (auth.oauth ? {} : { accessToken: '' }));
  const isEntered = entered.every((name) => names.includes(name));
  if (!auth.oauth)
    return isEntered
      ? []
      : entered.filter((name) => !names.includes(name)).map((name) => `the secret ${name}`);
  const { grants } = auth.oauth;
  const ownRights =
    grants.includes('client_credentials') && names.includes('clientId') && names.includes('clientSecret');
  const hasToken = names.includes('accessToken') || names.includes('refreshToken');
  if (hasToken || ownRights || (entered.length > 0 && isEntered)) return [];
  return grants.includes('authorization_code')
    ? ['a sign-in (POST /connections/:connectionId/authorise)']
    : ['a token, or the clientId and clientSecret of an app of yours'];
}

/** Refuses to start what could not work, and says what is missing. */
export function requireReady(
  deps: ApiDeps,
  connection: { connector: string; settings: Named },
  secretNames: readonly string[],
): void {
  const lacking = lackingOf(requireConnector(deps, connection.connector), connection.settings, secretNames);
  if (lacking.length === 0) return;
  throw new Refusal({
    code: 'connection.not_ready',
    message: `This connection still needs ${lacking.join(' and ')}.`,
    whatToDo: 'Complete it, then start it.',
    details: { lacking },
  });
}

/** The host receives the connection's secrets, so that naming one takes an admin and the operator's consent. */
export function requireOverrideAllowed(
  deps: ApiDeps,
  actor: Actor,
  baseUrlOverride: string | null | undefined,
): void {
  if (!baseUrlOverride) return;
  requirePermission(actor, 'connections.override');
  if (deps.allowBaseUrlOverride || deps.connectionSetup.allowsHost(baseUrlOverride)) return;
  throw invalidField(
    '/baseUrlOverride',
    'connection.override_not_allowed',
    "This hub sends secrets to the vendors' own hosts only.",
    'Leave it out, or let the operator allow other hosts (SLIPWAY_VENDOR_HOSTS).',
  );
}
