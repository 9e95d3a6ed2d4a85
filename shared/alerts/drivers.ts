/**
 * Which threads and authors drive a figure, and what it would be without them. Called by workers/alerts/evidence.ts. Pure.
 * Try it: npx vitest run --project unit tests/unit/alerts-decompose.test.ts
 */
import type { AlertMetric, Driver, Signal } from '../contracts/alerts.ts';
import type { Sums } from './decompose.ts';

/** Posts of one thread or author since the start: scored ones, equal texts counted once an hour. */
export interface Group extends Sums {
  kind: Driver['kind'];
  key: string;
  post_id: string | null;
}

/** All posts since the start, and the figure they make: a mean, or posts an hour. */
export interface Whole extends Sums {
  metric: AlertMetric;
  signal: Signal;
  now: number;
}

/** Threads and authors listed, of each. */
const MOST = 3;
/** Influence of a group that is all there is: more than any mean can move. */
const WHOLE = 4;
/** One post is nobody's wave. */
const LEAST_POSTS = 2;

/** The three threads and the three authors without whom the figure would be nearest to what it was, biggest first. */
export function driversOf(groups: readonly Group[], whole: Whole): Driver[] {
  const listed = groups
    .filter((group) => countOf(whole.metric, group) >= LEAST_POSTS)
    .map((group) => ({ group, influence: influenceOf(group, whole) }))
    .filter(({ influence }) => influence > 0)
    .toSorted((a, b) => b.influence - a.influence || (a.group.key < b.group.key ? -1 : 1))
    .map(({ group }) => toDriver(group, whole));
  return (['thread', 'author'] as const).flatMap((kind) =>
    listed.filter((driver) => driver.kind === kind).slice(0, MOST),
  );
}

/**
 * The kind of driver without which the figure would be inside the usual range, or null: also when the figure is inside as
 * it is. A driver that all posts belong to is one: without it there is nothing outside.
 */
export function drivenByOne(
  drivers: readonly Driver[],
  { signal, before, now, band }: { signal: Signal; before: number; now: number; band: number },
): Driver['kind'] | null {
  const sign = signal === 'net_down' ? -1 : 1;
  const outside = (value: number) => sign * (value - before) > band;
  if (!outside(now)) return null;
  const first = (kind: Driver['kind']) => drivers.find((driver) => driver.kind === kind);
  const inside = (kind: Driver['kind']) => {
    const driver = first(kind);
    return driver !== undefined && (driver.without === null || !outside(driver.without));
  };
  return inside('thread') ? 'thread' : inside('author') ? 'author' : null;
}

/** By how much the figure moves back without the group; leave-one-out, (s − n·x) / (N − n) for a mean. */
function influenceOf(group: Group, whole: Whole): number {
  if (whole.metric === 'net') {
    const sign = whole.signal === 'net_down' ? 1 : -1;
    const without = withoutGroup(group, whole);
    const now = meanOf(whole) ?? 0;
    return without === null ? WHOLE : sign * (without - now);
  }
  return countOf(whole.metric, group);
}

function withoutGroup(group: Sums, whole: Whole): number | null {
  if (whole.metric !== 'net') {
    const all = countOf(whole.metric, whole);
    return all > 0 ? whole.now * Math.max(0, 1 - countOf(whole.metric, group) / all) : 0;
  }
  return meanOf({
    posts: whole.posts - group.posts,
    negative: whole.negative - group.negative,
    positive: whole.positive - group.positive,
  });
}

function toDriver(group: Group, whole: Whole): Driver {
  const { kind, key, posts, post_id } = group;
  return { kind, key, posts, net: meanOf(group), without: withoutGroup(group, whole), post_id };
}

const meanOf = ({ posts, negative, positive }: Sums) => (posts > 0 ? (positive - negative) / posts : null);
const countOf = (metric: AlertMetric, sums: Sums) => (metric === 'negative_posts' ? sums.negative : sums.posts);
