/**
 * A client of a running Sada that uses nothing but its HTTP API, as a customer's program would: it waits when it is told
 * to slow down. Called by tests/e2e/*.test.ts. Try it: `const { body } = await clientOf(sada.url).get('/v1/sources')`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of the body
  body: any;
}

export interface Client {
  ask(path: string, init?: RequestInit): Promise<Reply>;
  /** Throws unless the answer is 200. */
  get(path: string): Promise<Reply>;
  /** Throws unless the answer is of the 200s. */
  post(path: string, json: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** The rows of a CSV answer, by column. */
  csv(path: string): Promise<Record<string, string>[]>;
}

/** Longest wait that a refusal may ask for, in seconds: the limits count by the minute. */
const MAX_WAIT_S = 61;

export function clientOf(url: string): Client {
  const ask: Client['ask'] = async (path, init) => {
    for (;;) {
      const response = await fetch(url + path, { redirect: 'manual', ...init });
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await response.arrayBuffer());
      if (response.status === 429) {
        await sleep(Math.min(MAX_WAIT_S, Number(response.headers.get('retry-after') ?? 1)) * 1_000);
        continue;
      }
      const isJson = /^application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '');
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson && text ? JSON.parse(text) : undefined,
      };
    }
  };
  const well = (method: string, path: string, reply: Reply) => {
    if (reply.status >= 200 && reply.status < 300) return reply;
    throw new Error(`${method} ${path}: ${reply.status} ${reply.text.slice(0, 500)}`);
  };
  return {
    ask,
    get: async (path) => well('GET', path, await ask(path)),
    async post(path, json, headers = {}) {
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(json),
      };
      return well('POST', path, await ask(path, init));
    },
    async csv(path) {
      const { text } = well('GET', path, await ask(path, { headers: { accept: 'text/csv' } }));
      return parse(text, { bom: true, columns: true });
    },
  };
}
