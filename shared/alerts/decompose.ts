/**
 * Splits a change into what each topic, source and language brought: because its own posts changed (`within`), and
 * because there are more or fewer of them (`mix`). Over all values of a dimension the two add up to the whole change.
 * Called by workers/alerts/evidence.ts. Pure. Try it: npx vitest run --project unit tests/unit/alerts-decompose.test.ts
 *
 * "Before" is the same hours of day in the 28 days before, each hour of day with the weight that it has now, younger days
 * with more weight (the detectors' half life of a week). The detectors' own level differs from it by a little; that
 * difference is laid evenly on all values, so that the sum is exactly `now − before` of the alert.
 */
import type { AlertMetric, Segment } from '../contracts/alerts.ts';

/** Posts of one value of a dimension at one local hour of day: scored ones, equal texts counted once. May be weighted. */
export interface HourCell {
  hour: number;
  value: string;
  posts: number;
  negative: number;
  positive: number;
}

/** One local hour of day of the alert: what is to be matched. */
export interface HourUse {
  hour: number;
  /** Posts of the alert in it. */
  posts: number;
  /** How many hours of the alert have this hour of day. */
  times: number;
  /** Weight of the hours before that were looked at, those without posts included. */
  weight: number;
}

export interface Sums {
  posts: number;
  negative: number;
  positive: number;
}

/** One value of a dimension, before and now. */
export interface Part {
  value: string;
  name: string;
  names?: Record<string, string>;
  /** Share of the matched posts before, in [0, 1]; and its part of the mean, share × own mean. */
  share: number;
  shareNet: number;
  /** Posts expected in as many hours. */
  expected: Sums;
  now: Sums;
}

export interface Change {
  metric: AlertMetric;
  before: number;
  now: number;
}

/** Most segments of a dimension, with `other`. */
export const MOST_SEGMENTS = 8;

const NONE: Readonly<Sums> = { posts: 0, negative: 0, positive: 0 };

/** Puts the cells of both periods together, value by value. Shares before add up to 1, or to 0 when there was nothing. */
export function matchParts(
  before: readonly HourCell[],
  now: readonly HourCell[],
  hours: readonly HourUse[],
): Omit<Part, 'name'>[] {
  const inHour = sumBy(before, (cell) => cell.hour, postsOf);
  const known = hours.filter((use) => (inHour.get(use.hour) ?? 0) > 0);
  const all = known.reduce((sum, use) => sum + use.posts, 0);
  const uses = new Map(hours.map((use) => [use.hour, use]));
  const parts = new Map<string, Omit<Part, 'name'>>();
  const partOf = (value: string) => {
    const part = parts.get(value) ?? { value, share: 0, shareNet: 0, expected: { ...NONE }, now: { ...NONE } };
    parts.set(value, part);
    return part;
  };
  for (const cell of before) {
    const use = uses.get(cell.hour);
    if (!use) continue;
    const part = partOf(cell.value);
    // Without posts now there is nothing to weigh hours by: they count alike.
    const weight = (all > 0 ? use.posts / all : 1 / known.length) / (inHour.get(cell.hour) || 1);
    part.share += weight * cell.posts;
    part.shareNet += weight * (cell.positive - cell.negative);
    if (use.weight > 0) addTo(part.expected, cell, use.times / use.weight);
  }
  for (const cell of now) addTo(partOf(cell.value).now, cell, 1);
  return [...parts.values()];
}

/**
 * Which topic a post counts under, so that topics do not overlap: of its topics the one that moved the whole most beyond
 * what its size before would; the lower id on a tie, `none` without a topic. By size of the effect alone a topic that is
 * in every post would always win and explain nothing. The same order holds for both periods. Values are sets: topic ids
 * joined by commas.
 */
export function oneTopicEach(
  sets: readonly Omit<Part, 'name'>[],
  { metric }: Pick<Change, 'metric'>,
): (set: string) => string {
  const total = (valueIn: (part: Omit<Part, 'name'>) => number) => sets.reduce((sum, part) => sum + valueIn(part), 0);
  const posts = total((part) => part.now.posts) || 1;
  const expected = total((part) => countOf(metric, part.expected)) || 1;
  const middle = total((part) => part.shareNet + netOf(part.now) / posts) / 2;
  const effectOf = (part: Omit<Part, 'name'>) =>
    metric === 'net'
      ? netOf(part.now) / posts - part.shareNet - middle * (part.now.posts / posts - part.share)
      : countOf(metric, part.now) - countOf(metric, part.expected);
  const sizeOf = (part: Omit<Part, 'name'>) =>
    metric === 'net' ? part.share : countOf(metric, part.expected) / expected;
  const change = total(effectOf);
  const excess = new Map<string, number>();
  for (const part of sets) {
    const own = effectOf(part) - sizeOf(part) * change;
    for (const topic of topicsIn(part.value)) excess.set(topic, (excess.get(topic) ?? 0) + own);
  }
  const rank = (topic: string) => Math.abs(excess.get(topic) ?? 0);
  return (set) => topicsIn(set).toSorted((a, b) => rank(b) - rank(a) || Number(a) - Number(b))[0] ?? 'none';
}

/** Segments of a dimension, the biggest first, at most eight; the sum of `within` and `mix` is `now − before` exactly. */
export function decompose(dimension: Segment['dimension'], parts: readonly Part[], change: Change): Segment[] {
  if (parts.length === 0) return [];
  const split = change.metric === 'net' ? splitNet : splitCount;
  const sized = split(parts, change)
    .map((figures, index) => ({ part: parts[index] as Part, size: Math.abs(figures.within + figures.mix) }))
    .toSorted((a, b) => b.size - a.size || (a.part.value < b.part.value ? -1 : 1))
    .map(({ part }) => part);
  const listed = sized.length > MOST_SEGMENTS ? sized.slice(0, MOST_SEGMENTS - 1) : sized;
  const rest = sized.slice(listed.length);
  const all = rest.length > 0 ? [...listed, together(rest)] : listed;
  return split(all, change).map((figures, index) => toSegment(dimension, all[index] as Part, figures));
}

interface Split {
  within: number;
  mix: number;
}

/** Of a mean: within = mean share × own change, mix = change of share × distance of its mean from the whole's. */
function splitNet(parts: readonly Part[], { before, now }: Change): Split[] {
  const posts = parts.reduce((sum, part) => sum + part.now.posts, 0);
  const shares = parts.reduce((sum, part) => sum + part.share, 0);
  const rows = parts.map((part) => {
    const share1 = posts > 0 ? part.now.posts / posts : part.share;
    const share0 = shares > 0 ? part.share : share1;
    const mean1 = part.now.posts > 0 ? netOf(part.now) / part.now.posts : undefined;
    const mean0 = part.share > 0 ? part.shareNet / part.share : undefined;
    // What is new, or gone, has no change of its own: all of it is mix.
    return { share0, share1, mean0: mean0 ?? mean1 ?? before, mean1: mean1 ?? mean0 ?? now };
  });
  const level0 = before - rows.reduce((sum, row) => sum + row.share0 * row.mean0, 0);
  const level1 = now - rows.reduce((sum, row) => sum + row.share1 * row.mean1, 0);
  const middle = (before + now) / 2;
  return rows.map(({ share0, share1, ...row }) => {
    const [mean0, mean1] = [row.mean0 + level0, row.mean1 + level1];
    return {
      within: ((share0 + share1) / 2) * (mean1 - mean0),
      mix: (share1 - share0) * ((mean0 + mean1) / 2 - middle),
    };
  });
}

/** Of a count: the change of each value's own posts an hour. */
function splitCount(parts: readonly Part[], { metric, before, now }: Change): Split[] {
  const total = (of: (part: Part) => Sums) => parts.reduce((sum, part) => sum + countOf(metric, of(part)), 0);
  const [all0, all1] = [total((part) => part.expected), total((part) => part.now)];
  return parts.map((part) => {
    const share0 = all0 > 0 ? countOf(metric, part.expected) / all0 : undefined;
    const share1 = all1 > 0 ? countOf(metric, part.now) / all1 : undefined;
    const even = 1 / parts.length;
    return { within: now * (share1 ?? share0 ?? even) - before * (share0 ?? share1 ?? even), mix: 0 };
  });
}

function together(parts: readonly Part[]): Part {
  const whole: Part = {
    value: 'other',
    name: 'other',
    share: 0,
    shareNet: 0,
    expected: { ...NONE },
    now: { ...NONE },
  };
  for (const part of parts) {
    whole.share += part.share;
    whole.shareNet += part.shareNet;
    addTo(whole.expected, part.expected, 1);
    addTo(whole.now, part.now, 1);
  }
  return whole;
}

function toSegment(dimension: Segment['dimension'], part: Part, { within, mix }: Split): Segment {
  return {
    dimension,
    value: part.value,
    name: part.name,
    ...(part.names ? { names: part.names } : {}),
    posts_before: part.expected.posts,
    posts_now: part.now.posts,
    net_before: part.share > 0 ? clamp(part.shareNet / part.share) : null,
    net_now: part.now.posts > 0 ? clamp(netOf(part.now) / part.now.posts) : null,
    within,
    mix,
  };
}

const postsOf = (sums: Sums) => sums.posts;
const netOf = (sums: Sums) => sums.positive - sums.negative;
const countOf = (metric: AlertMetric, sums: Sums) => (metric === 'negative_posts' ? sums.negative : sums.posts);
const topicsIn = (set: string) => (set === '' ? [] : set.split(','));
const clamp = (value: number) => Math.min(1, Math.max(-1, value));

function addTo(sums: Sums, more: Sums, times: number): void {
  sums.posts += more.posts * times;
  sums.negative += more.negative * times;
  sums.positive += more.positive * times;
}

function sumBy<T, K>(items: readonly T[], key: (item: T) => K, value: (item: T) => number): Map<K, number> {
  const sums = new Map<K, number>();
  for (const item of items) sums.set(key(item), (sums.get(key(item)) ?? 0) + value(item));
  return sums;
}
