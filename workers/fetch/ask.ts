/**
 * One request and its answer, with a time limit over both. Knows nothing of politeness, redirects or robots.
 * Called by fetcher.ts. Try it: `ask({ agent: new Agent(), url, headers: {}, maxBytes: 1e6, timeoutMs: 5000, … })`.
 */
import type { Dispatcher } from 'undici';
import { SourceError } from '../../shared/errors.ts';
import { readBody } from './body.ts';

const HEADERS_TIMEOUT_MS = 10_000;
const HAS_NO_USE_FOR_BODY = (status: number) => status >= 300;

export interface Ask {
  agent: Dispatcher;
  url: URL;
  /** Names in lower case. */
  headers: Record<string, string>;
  maxBytes: number;
  /** Keep the first `maxBytes` instead of throwing `too_large`. */
  cut: boolean;
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** Empty for any status from 300: it is not read then. */
  body: Uint8Array;
}

/** Throws SourceError `timeout`, `too_large` or `malformed`, or whatever undici throws. */
export async function ask({ agent, url, headers, maxBytes, cut, timeoutMs, signal }: Ask): Promise<Answer> {
  const host = url.hostname;
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const late = new SourceError('timeout', `${host} did not answer within ${Math.ceil(timeoutMs / 1000)} s`);
  const timer = setTimeout(() => stop.abort(late), timeoutMs);
  try {
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers,
      signal: stop.signal,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, timeoutMs),
      bodyTimeout: timeoutMs,
    });
    const flat = flatHeaders(response.headers);
    const answer = { status: response.statusCode, headers: flat };
    response.body.on('error', () => {}); // destroyed below, or reported by readBody
    if (HAS_NO_USE_FOR_BODY(response.statusCode)) {
      response.body.destroy();
      return { ...answer, body: new Uint8Array() };
    }
    if (!cut && Number(flat['content-length'] ?? 0) > maxBytes) {
      response.body.destroy();
      throw new SourceError('too_large', `${host} announces more than ${Math.round(maxBytes / 1000)} kB`);
    }
    return { ...answer, body: await readBody(response.body, flat['content-encoding'], { host, maxBytes, cut }) };
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

function flatHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
