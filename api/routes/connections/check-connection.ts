/** Owns refusing a connection that its connector could not work with. */
import { invalidField } from '../../../domain/refusal.ts';
import type { ApiDeps } from '../../deps.ts';

/** Refuses an unknown connector, and settings that it lacks or does not know. */
export function requireKnownSettings(
  deps: ApiDeps,
  connectorId: string,
  settings: Readonly<Record<string, string>>,
): void {
  const connector = deps.connectors.get(connectorId);
  if (!connector)
    throw invalidField(
      '/connector',
      'connection.unknown_connector',
      `There is no connector "${connectorId}".`,
      `Use one of ${[...deps.connectors.keys()].join(', ')}.`,
    );
  for (const [name, purpose] of Object.entries(connector.settings))
    if (!settings[name])
      throw invalidField(
        '/settings',
        'connection.setting_missing',
        `The setting ${name} is missing: ${purpose}.`,
      );
  for (const name of Object.keys(settings))
    if (!(name in connector.settings) && !(name in (connector.optionalSettings ?? {})))
      throw invalidField(
        `/settings/${name}`,
        'connection.setting_unknown',
        `${connector.name} has no setting ${name}.`,
        `Known are ${Object.keys({ ...connector.settings, ...connector.optionalSettings }).join(', ') || 'none'}.`,
      );
}

/** The host receives the connection's secrets, so that naming one is the operator's decision, not a caller's. */
export function requireOverrideAllowed(deps: ApiDeps, baseUrlOverride: string | null | undefined): void {
  if (!baseUrlOverride || deps.allowBaseUrlOverride) return;
  throw invalidField(
    '/baseUrlOverride',
    'connection.override_not_allowed',
    "This hub sends secrets to the vendors' own hosts only.",
    'Leave it out, or let the operator allow other hosts.',
  );
}
