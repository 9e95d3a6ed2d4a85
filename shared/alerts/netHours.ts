/**
 * The hours that a watch of net sentiment remembers, and what is read of some of them taken together. Pure; watchNet.ts
 * keeps the hours and decides.
 */
import type { Evidence, RuleParameters } from '../contracts/alerts.ts';
import { HOUR_MS } from './hours.ts';
import { type Figures, INTERVAL_ERRORS, severityOf } from './life.ts';

/** Recovery is judged by the last hours that hold so many posts, but at least so many hours. */
export const RECOVERY_POSTS = 60;
const RECOVERY_HOURS = 6;
export const RECOVERY_FROM_HOURS = 3;
/** A scope too small for that is judged by fewer posts, once they are of two days. */
const RECOVERY_LATE_HOURS = 48;
const RECOVERY_LATE_POSTS = 15;

/** Hour with posts: start, posts, Σ labels, day's offset, baseline, half width of the band, variance. */
export type Recent = [at: number, n: number, s: number, offset: number, b: number, eps: number, ss: number];

/** Mean of hours, without the rhythm of the day. */
export function levelOf(hours: Recent[]): number {
  return hours.reduce((sum, [, n, s, offset]) => sum + s - n * offset, 0) / posts(hours);
}

/** The last of the hours after an alarm: those by which a recovery is judged. */
export function recoveryWindow(after: Recent[], at: number): Recent[] {
  let n = 0;
  let k = after.length;
  for (; k > 0; k--) {
    const hour = after[k - 1];
    if (!hour || (hour[0] <= at - RECOVERY_HOURS * HOUR_MS && n >= RECOVERY_POSTS)) break;
    n += hour[1];
  }
  return after.slice(k);
}

export function isEnough(window: Recent[], sinceAlarmMs: number): boolean {
  const n = posts(window);
  return n >= RECOVERY_POSTS || (n >= RECOVERY_LATE_POSTS && sinceAlarmMs >= RECOVERY_LATE_HOURS * HOUR_MS);
}

/** Whether the mean of `window` is on the usual side of the band's edge. */
export function isInside(window: Recent[], sign: -1 | 1): boolean {
  return window.reduce((sum, [, n, s, , b, eps]) => sum + sign * (s - n * b) - n * eps, 0) <= 0;
}

export function posts(hours: Recent[]): number {
  return hours.reduce((sum, [, n]) => sum + n, 0);
}

/** What is told of hours since a start; null without any. */
export function figuresOf(
  parameters: RuleParameters,
  hours: Recent[],
  at: number,
  statistic: number,
  chance: Evidence['chance'],
): Figures | null {
  const [first] = hours;
  if (!first) return null;
  const n = posts(hours);
  const before = hours.reduce((sum, [, k, , , b]) => sum + k * b, 0) / n;
  const now = hours.reduce((sum, [, , s]) => sum + s, 0) / n;
  const error = Math.sqrt(hours.reduce((sum, [, k, , , , , ss]) => sum + k * k * ss, 0)) / n;
  return {
    startedAt: first[0],
    hours: Math.round((at - first[0]) / HOUR_MS) + 1,
    before,
    now,
    low: Math.max(-1, now - INTERVAL_ERRORS * error),
    high: Math.min(1, now + INTERVAL_ERRORS * error),
    distinctPosts: n,
    statistic,
    severity: severityOf(parameters, Math.abs(before - now)),
    chance,
  };
}

/** Beyond two months the calibration does not hold, so nothing rarer is claimed. */
export function chanceOf(m: number): Evidence['chance'] {
  const days = Math.floor(m / 24);
  return days <= 60 ? { kind: 'once_in', days } : { kind: 'rarer_than', days: 60 };
}
