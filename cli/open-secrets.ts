/** Owns opening the secrets of a database: only with the key that they are sealed with. */
import { join } from 'node:path';
import { type Config, ConfigError, loadSecretKey, secretKeyCheck } from '../config.ts';
import { createSecretBox } from '../runtime/secrets.ts';
import type { SecretBox } from '../store/connections.ts';
import type { Database } from '../store/database.ts';
import { agreeOnSecretKey } from '../store/secret-check.ts';

/** Throws ConfigError when the secrets in this database are sealed with another key: syncs would fail one by one. */
export async function openSecrets(config: Config, database: Database): Promise<SecretBox> {
  const key = loadSecretKey(config);
  if (await agreeOnSecretKey(database, secretKeyCheck(key))) return createSecretBox(new Map([[1, key]]));
  const given = config.secretKey ? 'SLIPWAY_SECRET_KEY' : join(config.dataDir, 'secret.key');
  throw new ConfigError([
    `${given} is not the key that this database's secrets are sealed with: give the one that its other processes and ` +
      'earlier starts had (SLIPWAY_SECRET_KEY, or secret.key in their data folder)',
  ]);
}
