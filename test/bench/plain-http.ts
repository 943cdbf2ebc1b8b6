/** Owns a client that costs next to nothing: requests made beforehand, sent over connections that stay open, one at a time each. */
import { connect, type Socket } from 'node:net';

export interface PlainHttp {
  /** Resolves with the status; `request` is the whole of it, head and body. Waits where all connections are taken. */
  send(request: Buffer): Promise<number>;
  close(): void;
}
interface Sending {
  request: Buffer;
  settle: PromiseWithResolvers<number>;
}

/** Reads answers without a body only: what comes with one is an error, and its text says which. */
export function openPlainHttp(address: URL, mostConnections: number): PlainHttp {
  const idle: Socket[] = [];
  const all = new Set<Socket>();
  const waiting: Sending[] = [];
  const under = new Map<Socket, Sending>();

  const give = (socket: Socket, sending: Sending) => {
    under.set(socket, sending);
    socket.write(sending.request);
  };
  const open = (): Socket => {
    const socket = connect({ host: address.hostname, port: Number(address.port), noDelay: true });
    all.add(socket);
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const sending = under.get(socket);
      if (!sending || !text.includes('\r\n\r\n')) return;
      if (!/\r\ncontent-length: 0\r\n/i.test(text)) {
        socket.destroy(new Error(`an answer with a body: ${text}`));
        return;
      }
      const status = Number(text.slice(9, 12));
      text = '';
      under.delete(socket);
      const next = waiting.shift();
      if (next) give(socket, next);
      else idle.push(socket);
      sending.settle.resolve(status);
    });
    socket.on('error', (error) => under.get(socket)?.settle.reject(error));
    socket.on('close', () => {
      all.delete(socket);
      under.get(socket)?.settle.reject(new Error('the connection was closed'));
    });
    return socket;
  };
  return {
    send: (request) => {
      const sending = { request, settle: Promise.withResolvers<number>() };
      const socket = idle.pop() ?? (all.size < mostConnections ? open() : undefined);
      if (socket) give(socket, sending);
      else waiting.push(sending);
      return sending.settle.promise;
    },
    close: () => {
      for (const socket of all) socket.destroy();
    },
  };
}
