/** Owns speaking to an S3-compatible store: requests signed with AWS Signature Version 4, path-style, one bucket. */
import { createHash, createHmac } from 'node:crypto';
import { Refusal } from '../domain/refusal.ts';

/** Where a bucket is and who may use it; `url` ends with the bucket's name. */
export interface S3Settings {
  url: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}
export interface S3Bucket {
  put(key: string, body: Blob, sha256: string): Promise<void>;
  /** Null: there is no such object. */
  get(key: string): Promise<AsyncIterable<Uint8Array> | null>;
  /** When it was last written; null: there is no such object. */
  writtenAt(key: string): Promise<Date | null>;
  /** No error where there is none. */
  remove(key: string): Promise<void>;
  /** All objects, page by page. */
  list(): AsyncGenerator<{ key: string; writtenAt: Date }>;
}

const timeoutMs = 60_000;
/** Whoever downloads may be slow. */
const readTimeoutMs = 600_000;
const emptyHash = createHash('sha256').digest('hex');

export function createS3Bucket(settings: S3Settings, fetchWith: typeof fetch = fetch): S3Bucket {
  const send = async (method: string, path: string, body?: { content: Blob; sha256: string }) => {
    const url = new URL(`${settings.url}${path}`);
    const headers = signS3(settings, { method, url, sha256: body?.sha256 ?? emptyHash, at: new Date() });
    const response = await fetchWith(url, {
      method,
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(method === 'GET' ? readTimeoutMs : timeoutMs),
      ...(body && { body: body.content }),
    }).catch(() => null);
    if (response?.ok) return response;
    await response?.body?.cancel();
    if (response?.status === 404) return null;
    throw unavailable(response?.status ?? null);
  };
  return {
    put: async (key, content, sha256) => {
      if ((await send('PUT', `/${key}`, { content, sha256 })) === null) throw unavailable(404);
    },
    get: async (key) => (await send('GET', `/${key}`))?.body ?? null,
    writtenAt: async (key) => {
      const response = await send('HEAD', `/${key}`);
      return response && new Date(response.headers.get('last-modified') ?? Number.NaN);
    },
    remove: async (key) => {
      await send('DELETE', `/${key}`);
    },
    list: async function* () {
      for (let from: string | undefined = ''; from !== undefined; ) {
        const query: string = from === '' ? '' : `&continuation-token=${encodeURIComponent(from)}`;
        const response: Response | null = await send('GET', `?list-type=2${query}`);
        if (response === null) throw unavailable(404);
        const text = await response.text();
        for (const [, entry] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
          const key = tag(entry!, 'Key');
          const writtenAt = tag(entry!, 'LastModified');
          if (key !== undefined && writtenAt !== undefined) yield { key, writtenAt: new Date(writtenAt) };
        }
        from = tag(text, 'NextContinuationToken');
      }
    },
  };
}

const tag = (xml: string, name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];

/**
 * The headers of a signed request (AWS, "Signature Calculations for the Authorization Header: Transferring Payload in a
 * Single Chunk"). `headers` are further ones, in small letters, that are signed too.
 */
export function signS3(
  { region, accessKeyId, secretAccessKey }: Omit<S3Settings, 'url'>,
  request: { method: string; url: URL; sha256: string; at: Date; headers?: Record<string, string> },
): Record<string, string> {
  const { method, url, sha256, at, headers = {} } = request;
  const stamp = at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = stamp.slice(0, 8);
  const signed: Record<string, string> = {
    ...headers,
    host: url.host,
    'x-amz-content-sha256': sha256,
    'x-amz-date': stamp,
  };
  const names = Object.keys(signed).sort((a, b) => (a < b ? -1 : 1));
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort((a, b) => (a < b ? -1 : 1));
  const canonical = [
    method,
    url.pathname,
    query.join('&'),
    ...names.map((name) => `${name}:${signed[name]!.trim()}`),
    '',
    names.join(';'),
    sha256,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = [
    'AWS4-HMAC-SHA256',
    stamp,
    scope,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n');
  const mac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const key = ['s3', 'aws4_request'].reduce(mac, mac(mac(`AWS4${secretAccessKey}`, day), region));
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const { host: _, ...sent } = signed;
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`,
  };
}

const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const unavailable = (status: number | null) =>
  new Refusal({
    code: 'file.store_unavailable',
    status: 503,
    message: 'The store of files does not answer as it should.',
    whatToDo: 'Repeat it in a minute; an admin checks SLIPWAY_FILES_S3_URL.',
    details: { storeStatus: status },
    retryAfterSeconds: 30,
  });
