/**
 * How long a feed may be left alone: longer the longer nothing came, never shorter than it asks for.
 * Pure. Called by sources/feed.ts. Try it: `quietAfter({ changedAt, floorMs: 300_000 }, now)`.
 */

const MIN_MS = 5 * 60_000;
const MAX_MS = 6 * 3_600_000;
/** A quarter of the silence so far: the wait doubles about every three visits that bring nothing. */
const SHARE_OF_SILENCE = 4;

/** What the feed itself asks for, in milliseconds between 5 min and 6 h: its own words or its `Cache-Control`. */
export function floorMs(feedQuietMs: number | undefined, headers: Record<string, string>): number {
  const [, seconds] = /(?:^|[\s,])max-age\s*=\s*"?(\d+)/i.exec(headers['cache-control'] ?? '') ?? [];
  return clamp(Math.max(feedQuietMs ?? 0, Number(seconds ?? 0) * 1000));
}

/** After a visit that brought nothing. `changedAt` is ISO 8601: when something last came. */
export function quietAfter(state: { changedAt: string; floorMs: number }, now: Date): number {
  const silenceMs = now.getTime() - Date.parse(state.changedAt);
  return clamp(Math.max(state.floorMs, silenceMs / SHARE_OF_SILENCE || 0));
}

/** After a visit that brought news: half of what it would have been without. */
export function quietAfterNews(before: { changedAt: string } | null, floor: number, now: Date): number {
  const wouldBeMs = before ? quietAfter({ changedAt: before.changedAt, floorMs: floor }, now) : 0;
  return clamp(Math.max(floor, wouldBeMs / 2));
}

function clamp(ms: number): number {
  return Math.round(Math.min(MAX_MS, Math.max(MIN_MS, ms)));
}
