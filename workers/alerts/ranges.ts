/** Ranges of hours put together, cut and shared out. Pure; workers/alerts/scopes.ts decides with them what to count. */
import { HOUR_MS, type TimeRange } from '../../shared/store/buckets.ts';

/** The range of one hour. */
export const hourAt = (hour: Date): TimeRange => ({ from: hour, to: new Date(hour.getTime() + HOUR_MS) });

/** The same hours without overlaps, oldest first. */
export function merge(ranges: readonly TimeRange[]): TimeRange[] {
  const merged: TimeRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.from.getTime() - b.from.getTime())) {
    const last = merged.at(-1);
    if (last && range.from <= last.to) last.to = range.to > last.to ? range.to : last.to;
    else merged.push({ ...range });
  }
  return merged;
}

/** What of them lies within. */
export function clip(ranges: readonly TimeRange[], within: TimeRange): TimeRange[] {
  return ranges
    .map(({ from, to }) => ({ from: from > within.from ? from : within.from, to: to < within.to ? to : within.to }))
    .filter(({ from, to }) => from < to);
}

/** The first `hours` of them, and the rest. */
export function take(ranges: readonly TimeRange[], hours: number): [TimeRange[], TimeRange[]] {
  const taken: TimeRange[] = [];
  let left = hours * HOUR_MS;
  for (const [index, { from, to }] of ranges.entries()) {
    const middle = new Date(Math.min(to.getTime(), from.getTime() + left));
    taken.push({ from, to: middle });
    left -= middle.getTime() - from.getTime();
    if (left > 0) continue;
    const rest = ranges.slice(index + 1);
    return [taken, middle < to ? [{ from: middle, to }, ...rest] : rest];
  }
  return [taken, []];
}

/** From the first of them to the end of the last; undefined when there are none. */
export function span(ranges: readonly (TimeRange | undefined)[]): TimeRange | undefined {
  const some = ranges.filter((range) => range !== undefined);
  if (some.length === 0) return undefined;
  return {
    from: new Date(Math.min(...some.map(({ from }) => from.getTime()))),
    to: new Date(Math.max(...some.map(({ to }) => to.getTime()))),
  };
}
