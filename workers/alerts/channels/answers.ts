/**
 * What an answer over HTTP means where a kind of channel knows nothing better. Called by the kinds of channels.
 * Try it: `outcomeOf('example.ma', { status: 429, headers: { 'retry-after': '60' }, text: '' }, new Date())`.
 */
import { retryAfterMs } from '../../fetch/wait.ts';
import type { Outcome } from './channel.ts';
import type { Answer } from './outside.ts';

export const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

/**
 * What a status means where a kind knows nothing better: 2xx is success and nothing else is. 410 ends the channel, a wait
 * that is asked for is honoured, and all the rest is tried again.
 */
export function outcomeOf(host: string, { status, headers }: Answer, now: Date): Outcome {
  const says = `${host} answers ${status}`;
  if (status >= 200 && status < 300) return { result: 'sent', status, says };
  if (status === 410) return { result: 'broken', status, says: `${says}: the receiver is gone for good` };
  if (status >= 300 && status < 400)
    return { result: 'later', status, isSure: true, says: `${says}, a redirect: give the channel the final address` };
  const waitMs = status === 429 || status === 503 ? retryAfterMs(headers, now) : undefined;
  // Behind a gateway the receiver may have heard it all the same.
  const isSure = status !== 502 && status !== 504;
  const why = status === 429 ? ': too many messages' : status >= 500 ? ': trouble at the receiver' : ': not accepted';
  return { result: 'later', status, isSure, says: says + why, ...(waitMs === undefined ? {} : { waitMs }) };
}

/** Host of an address, for words. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : 'the receiver';
}

/** The answer as JSON; an empty object when it is something else. */
export function jsonOf({ text }: Answer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
