import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { choosePort, freePort, isPortFree } from '../runtime/ports.ts';

test('a free port can be listened on, and is not given out twice in a row', async () => {
  const ports: number[] = [];
  for (let i = 0; i < 200; i += 1) ports.push(await freePort());
  expect(new Set(ports).size).toBe(ports.length);
  expect(await isPortFree(ports[0]!)).toBe(true);
});

test('a port in use is refused with the setting to change', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as { port: number };
    expect(await isPortFree(port)).toBe(false);
    await expect(choosePort(port, 'SLIPWAY_PORT')).rejects.toThrow(/in use. Set SLIPWAY_PORT/);
    expect(await choosePort(0, 'SLIPWAY_PORT')).not.toBe(port);
  } finally {
    server.close();
  }
});
