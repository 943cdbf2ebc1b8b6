/** Owns the choice of TCP ports for servers that listen on this machine. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/**
 * A port that is free now and that the system will not hand to anybody else for a while.
 *
 * Linux picks such ports at random, so the one just given back could be given out again at once. A connection closed
 * from the listening side first leaves the port in TIME_WAIT: no automatic choice takes it for 60 s, while a server that
 * asks for it by number gets it (the same trick as in Temporal's SDK, `ephemeral_server/mod.rs`).
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  if (process.platform === 'linux') {
    const client = connect(port, host);
    client.on('error', () => undefined);
    client.resume();
    await once(client, 'close');
  }
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** Whether a server could listen on the port now. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/**
 * The wanted port, or a free one for 0.
 * @throws when the wanted port is taken; `setting` names what to change
 */
export async function choosePort(wanted: number, setting: string, host = '127.0.0.1'): Promise<number> {
  if (wanted === 0) return freePort(host);
  if (await isPortFree(wanted, host)) return wanted;
  throw new Error(`Port ${wanted} is in use. Set ${setting} to another port, or to 0 for any free one.`);
}
