/** Owns which origins are ours: a browser's request from any other changes nothing. */

const loopback = ['127.0.0.1', 'localhost', '[::1]'];

/** The origin of our public address; on a person's own machine under each of its names. */
export function ownOrigins(publicUrl: string): string[] {
  const { origin, hostname, protocol, port } = new URL(publicUrl);
  if (!loopback.includes(hostname)) return [origin];
  const end = port === '' ? '' : `:${port}`;
  return loopback.map((name) => `${protocol}//${name}${end}`);
}
