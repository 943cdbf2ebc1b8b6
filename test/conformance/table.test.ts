/** Owns that the page of platforms says what the registry says. */
import { expect, test } from 'vitest';
import { connectors } from '../../connectors/kit/registry.ts';
import { connectorsPage } from '../../connectors/kit/table.ts';

test('docs/CONNECTORS.md is what the registry says', async () => {
  await expect(connectorsPage(connectors.values())).toMatchFileSnapshot('../../docs/CONNECTORS.md');
});
