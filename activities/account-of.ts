/** Owns which of a connection's settings say of which account it is. */
import { connectors } from '../connectors/kit/registry.ts';
import type { Connection } from '../store/connections.ts';

export function accountOf({ connector, settings }: Connection): Record<string, string> {
  const { settings: needed = {}, looseSettings = [] } = connectors.get(connector) ?? {};
  const names = Object.keys(needed).filter((setting) => !looseSettings.includes(setting));
  return Object.fromEntries(names.map((setting) => [setting, settings[setting] ?? '']));
}
