/**
 * How long a server asks to be left alone, from whichever of the usual headers it sends.
 * Called by fetcher.ts. Try it: `retryAfterMs({ 'retry-after': '120' }, new Date())` is 120000.
 */

const MIN_WAIT_MS = 1_000;
/** A server may ask for longer; a day later it is asked again. */
const MAX_WAIT_MS = 24 * 3_600_000;
const RESET_HEADERS = ['ratelimit-reset', 'x-ratelimit-reset', 'x-rate-limit-reset'];
const REMAINING_HEADERS = ['ratelimit-remaining', 'x-ratelimit-remaining', 'x-rate-limit-remaining'];

/**
 * Milliseconds between 1 s and 24 h, or undefined when no header says. `Retry-After` as seconds or date comes first,
 * then a rate limit's reset as Unix seconds, seconds from now, or an ISO date.
 */
export function retryAfterMs(headers: Record<string, string>, now: Date): number | undefined {
  const retryAfter = headers['retry-after'];
  const asked = retryAfter === undefined ? undefined : secondsOrDateMs(retryAfter, now);
  if (asked !== undefined) return clamp(asked);
  for (const name of RESET_HEADERS) {
    const value = headers[name];
    const wait = value === undefined ? undefined : secondsOrDateMs(value, now);
    if (wait !== undefined) return clamp(wait);
  }
  return undefined;
}

/** True when the server says that this answer was the last one for now. */
export function isUsedUp(headers: Record<string, string>): boolean {
  return REMAINING_HEADERS.some((name) => headers[name]?.trim() === '0');
}

function secondsOrDateMs(value: string, now: Date): number | undefined {
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) {
    const number = Number(text);
    if (number > 1e12) return number - now.getTime();
    // a billion seconds is 31 years as a wait, and 2001 as a date
    if (number > 1e9) return number * 1000 - now.getTime();
    return number * 1000;
  }
  const date = /^-?\d/.test(text) && !/^\d{4}-\d{2}/.test(text) ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : date - now.getTime();
}

function clamp(waitMs: number): number {
  return Math.round(Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, waitMs)));
}
