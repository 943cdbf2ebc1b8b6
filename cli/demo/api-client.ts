/** Owns the demo's way to the hub: the same HTTP API that everybody uses, with an Idempotency-Key on every command. */
import axios, { type AxiosInstance } from 'axios';

export interface ApiClient {
  get<T>(path: string, query?: Record<string, string | number>): Promise<T>;
  /** The key makes a command that was killed half-way safe to send again: the stored answer comes back. */
  post<T>(path: string, body: unknown, idempotencyKey: string): Promise<T>;
  patch<T>(path: string, body: unknown): Promise<T>;
}

interface Problem {
  title?: string;
  detail?: string;
  whatToDo?: string;
  code?: string;
}

const timeoutMs = 30_000;
const retries = 20;

export function createApiClient(url: string, key: string): ApiClient {
  const http: AxiosInstance = axios.create({
    baseURL: `${url}/api/v1`,
    timeout: timeoutMs,
    headers: { authorization: `Bearer ${key}` },
    validateStatus: () => true,
  });
  const call = async <T>(
    method: 'get' | 'post' | 'patch',
    path: string,
    options: { data?: unknown; params?: unknown; headers?: Record<string, string> },
  ) => {
    for (let attempt = 1; ; attempt += 1) {
      const response = await http.request<T & Problem>({ method, url: path, ...options });
      if (response.status < 300) return response.data;
      // A command of a killed process may still count as under way for a moment.
      if (response.status === 409 && response.data.code === 'idempotency.in_flight' && attempt < retries) {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        continue;
      }
      const { title, detail, whatToDo } = response.data;
      throw new Error(
        `${method.toUpperCase()} ${path} answered ${response.status}: ${[title, detail, whatToDo].filter(Boolean).join(' ')}`,
      );
    }
  };
  return {
    get: (path, query) => call('get', path, { params: query }),
    post: (path, body, idempotencyKey) =>
      call('post', path, { data: body, headers: { 'idempotency-key': idempotencyKey } }),
    patch: (path, body) => call('patch', path, { data: body }),
  };
}
