/** What a change is made of: exact sums, the example of the method, one topic a post; drivers and grown terms. */
import { describe, expect, test } from 'vitest';
import {
  decompose,
  type HourCell,
  type HourUse,
  MOST_SEGMENTS,
  matchParts,
  oneTopicEach,
  type Part,
} from '../../shared/alerts/decompose.ts';
import { drivenByOne, driversOf, type Group } from '../../shared/alerts/drivers.ts';
import { countTerms, grownTerms } from '../../shared/alerts/logOdds.ts';
import type { Driver, Segment } from '../../shared/contracts/alerts.ts';

const cell = (value: string, posts: number, negative: number, positive: number, hour = 0): HourCell => ({
  hour,
  value,
  posts,
  negative,
  positive,
});
const ONE_HOUR = (posts: number): HourUse[] => [{ hour: 0, posts, times: 1, weight: 1 }];
const named = (parts: Omit<Part, 'name'>[]): Part[] => parts.map((part) => ({ ...part, name: part.value }));
const total = (segments: Segment[]) => segments.reduce((sum, { within, mix }) => sum + within + mix, 0);
const round = (value: number) => Math.round(value * 1e4) / 1e4;

/** Numbers that look random and are the same each time. */
function stream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

describe('a change of net sentiment', () => {
  const before = [cell('delivery', 200, 60, 70), cell('price', 300, 90, 110), cell('app', 500, 100, 220)];
  const now = [cell('delivery', 260, 170, 40), cell('price', 90, 30, 30), cell('app', 150, 32, 64)];

  test('is split as in the worked example', () => {
    const parts = named(matchParts(before, now, ONE_HOUR(500)));
    const change = { metric: 'net', before: 0.15, now: -0.196 } as const;
    const segments = decompose('topic', parts, change);
    expect(segments.map(({ value, within, mix }) => [value, round(within), round(mix)])).toEqual([
      ['delivery', -0.198, -0.0646],
      ['app', -0.0107, -0.0499],
      ['price', -0.016, -0.0068],
    ]);
    expect(total(segments)).toBeCloseTo(-0.346, 9);
  });

  test('adds up exactly to what the alert says, also when its level differs from the matched hours', () => {
    const next = stream(7);
    for (let round = 0; round < 200; round += 1) {
      const cells = (most: number) =>
        Array.from({ length: Math.floor(next() * most) }, () => {
          const posts = 1 + Math.floor(next() * 40);
          const negative = Math.floor(next() * (posts + 1));
          const value = String.fromCharCode(97 + Math.floor(next() * 20));
          return cell(value, posts, negative, Math.floor(next() * (posts - negative + 1)), Math.floor(next() * 4));
        });
      const [earlier, later] = [cells(60), cells(30)];
      const uses = [0, 1, 2, 3].map((hour) => ({
        hour,
        posts: later.filter((one) => one.hour === hour).reduce((sum, one) => sum + one.posts, 0),
        times: 1 + (hour % 2),
        weight: next() * 20,
      }));
      const parts = named(matchParts(earlier, later, uses));
      for (const metric of ['net', 'posts', 'negative_posts'] as const) {
        const scale = metric === 'net' ? 1 : 50;
        const change = { metric, before: (next() - 0.5) * scale, now: (next() - 0.5) * scale };
        const segments = decompose('source', parts, change);
        if (parts.length === 0) {
          expect(segments).toEqual([]);
          continue;
        }
        expect(Math.abs(total(segments) - (change.now - change.before))).toBeLessThan(1e-9);
        expect(segments.length).toBeLessThanOrEqual(MOST_SEGMENTS);
        expect(new Set(segments.map(({ value }) => value)).size).toBe(segments.length);
      }
    }
  });

  test('lists at most eight values, and what is left out as other with the posts of all of them', () => {
    const many = Array.from({ length: 12 }, (_, i) => cell(`s${i}`, 10, i % 5, 2));
    const segments = decompose('source', named(matchParts(many, many, ONE_HOUR(120))), {
      metric: 'net',
      before: 0,
      now: -0.1,
    });
    expect(segments).toHaveLength(8);
    expect(segments.at(-1)).toMatchObject({ value: 'other', posts_before: 50, posts_now: 50 });
    expect(segments.reduce((sum, segment) => sum + segment.posts_now, 0)).toBe(120);
  });

  test('puts what is new wholly into the mix, and what is gone too', () => {
    const parts = named(
      matchParts(
        [cell('old', 50, 10, 20), cell('gone', 50, 10, 10)],
        [cell('old', 50, 10, 20), cell('new', 50, 50, 0)],
        ONE_HOUR(100),
      ),
    );
    const segments = decompose('topic', parts, { metric: 'net', before: 0.1, now: -0.4 });
    const by = Object.fromEntries(segments.map((segment) => [segment.value, segment]));
    expect(by.new).toMatchObject({ within: 0, net_before: null, net_now: -1 });
    expect(by.gone).toMatchObject({ within: 0, net_now: null, net_before: 0 });
    expect(by.new?.mix).toBeCloseTo(0.5 * (-1 + 0.15), 9);
    expect(total(segments)).toBeCloseTo(-0.5, 12);
  });

  test('is shared out by the posts of now when nothing is known of before', () => {
    const segments = decompose('topic', named(matchParts([], [cell('a', 30, 30, 0), cell('b', 10, 0, 10)], [])), {
      metric: 'net',
      before: 0.1,
      now: -0.5,
    });
    expect(segments.map(({ value, net_before }) => [value, net_before])).toEqual([
      ['a', null],
      ['b', null],
    ]);
    expect(total(segments)).toBeCloseTo(-0.6, 12);
  });

  test('compares with the same hours of day, each with the weight it has now', () => {
    // Mornings are good and evenings bad. The alert has three quarters of its posts in the evening.
    const earlier = [cell('fr', 100, 10, 50, 8), cell('ar', 300, 150, 30, 20)];
    const later = [cell('fr', 10, 1, 5, 8), cell('ar', 30, 15, 3, 20)];
    const uses = [
      { hour: 8, posts: 10, times: 1, weight: 10 },
      { hour: 20, posts: 30, times: 1, weight: 10 },
    ];
    const parts = matchParts(earlier, later, uses);
    expect(parts.map(({ value, share, expected }) => [value, share, expected.posts])).toEqual([
      ['fr', 0.25, 10],
      ['ar', 0.75, 30],
    ]);
    const level = 0.25 * 0.4 + 0.75 * -0.4;
    const segments = decompose('language', named(parts), { metric: 'net', before: level, now: level });
    for (const { within, mix } of segments) expect(Math.abs(within) + Math.abs(mix)).toBeLessThan(1e-12);
  });
});

test('a change of a count is each value’s change of its own posts an hour', () => {
  const parts = named(
    matchParts(
      [cell('water', 100, 20, 10), cell('jobs', 300, 30, 60)],
      [cell('water', 90, 80, 0), cell('jobs', 30, 3, 6)],
      [{ hour: 0, posts: 120, times: 1, weight: 10 }],
    ),
  );
  const posts = decompose('topic', parts, { metric: 'posts', before: 40, now: 120 });
  expect(posts.map(({ value, within, mix }) => [value, within, mix])).toEqual([
    ['water', 80, 0],
    ['jobs', 0, 0],
  ]);
  const negative = decompose('topic', parts, { metric: 'negative_posts', before: 5, now: 83 });
  expect(negative.map(({ value, within }) => [value, round(within)])).toEqual([
    ['water', 78],
    ['jobs', 0],
  ]);
});

test('a post of several topics counts under the one that moved the whole most beyond its size, in both periods', () => {
  // Data centres (1) are in every post and do not move; posts about water (6) turn bad.
  const parts = matchParts(
    [cell('1', 500, 100, 200), cell('1,6', 100, 20, 40), cell('6', 50, 10, 20), cell('', 50, 10, 20)],
    [cell('1', 50, 10, 20), cell('1,6', 100, 80, 5), cell('6', 20, 15, 1), cell('', 5, 1, 2)],
    ONE_HOUR(175),
  );
  const keyOf = oneTopicEach(parts, { metric: 'net' });
  expect(['1', '1,6', '6', '', '1,2'].map(keyOf)).toEqual(['1', '6', '6', 'none', '1']);
});

describe('drivers', () => {
  const group = (kind: Group['kind'], key: string, posts: number, negative: number, positive: number): Group => ({
    kind,
    key,
    posts,
    negative,
    positive,
    post_id: '1',
  });
  const whole = { posts: 100, negative: 50, positive: 30, metric: 'net', signal: 'net_down', now: -0.2 } as const;

  test('are those without whom a fall would be smaller, three of each kind, the biggest first', () => {
    const found = driversOf(
      [
        group('thread', 'good', 20, 0, 20),
        group('thread', 'bad', 40, 38, 0),
        group('thread', 'one post', 1, 1, 0),
        group('author', 'a', 10, 10, 0),
        ...[4, 5, 6, 7].map((posts) => group('author', `b${posts}`, posts, posts, 0)),
      ],
      whole,
    );
    expect(found.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'thread bad',
      'author a',
      'author b7',
      'author b6',
    ]);
    expect(found[0]).toMatchObject({ posts: 40, net: -0.95, without: (30 - 12) / 60 });
  });

  test('for a rise are those that lift it, for counts those with most posts', () => {
    const groups = [group('thread', 'good', 20, 0, 20), group('thread', 'bad', 40, 38, 0)];
    expect(driversOf(groups, { ...whole, signal: 'net_up' }).map(({ key }) => key)).toEqual(['good']);
    const counted = driversOf(groups, { ...whole, metric: 'posts', signal: 'posts', now: 50 });
    expect(counted.map(({ key, without }) => [key, without])).toEqual([
      ['bad', 30],
      ['good', 40],
    ]);
    expect(driversOf(groups, { ...whole, metric: 'negative_posts', signal: 'negative_posts', now: 25 })).toMatchObject([
      { key: 'bad', without: 6 },
    ]);
  });

  const driver = (kind: Driver['kind'], without: number | null): Driver => ({
    kind,
    key: 'k',
    posts: 5,
    net: -1,
    without,
    post_id: null,
  });
  const fall = { signal: 'net_down', before: 0.1, now: -0.2, band: 0.1 } as const;
  test.each([
    [
      'one thread, when without it the figure is usual',
      [driver('thread', 0.05), driver('author', -0.1)],
      fall,
      'thread',
    ],
    ['an author, when no thread does', [driver('thread', -0.1), driver('author', 0.02)], fall, 'author'],
    ['a thread that all posts belong to', [driver('thread', null)], fall, 'thread'],
    ['nobody, when several together do it', [driver('thread', -0.1), driver('author', -0.1)], fall, null],
    ['only the biggest thread', [driver('thread', -0.1), driver('thread', 0.1)], fall, null],
    ['nobody, when the figure is usual as it is', [driver('thread', 0.1)], { ...fall, now: 0.05 }, null],
    [
      'a rise looks the other way',
      [driver('thread', 12)],
      { signal: 'posts', before: 10, now: 40, band: 5 } as const,
      'thread',
    ],
    ['nobody, without drivers', [], fall, null],
  ] as const)('driven by %s', (_name, drivers, figures, kind) => {
    expect(drivenByOne(drivers, figures)).toBe(kind);
  });
});

describe('grown terms', () => {
  const posts = (terms: string[], times: number, cluster?: string) =>
    Array.from({ length: times }, (_, i) => ({ terms, cluster: cluster ?? `${terms.join()}-${i}` }));
  const usual = [...posts(['prix', 'hausse'], 200), ...posts(['emploi'], 200), ...posts(['eau'], 20)];

  test('are those that are commoner than before, best first; equal ones are not news', () => {
    const now = [
      ...posts(['eau', 'eau coupure', 'coupure'], 30),
      ...posts(['prix', 'hausse'], 20),
      ...posts(['emploi'], 20),
    ];
    const found = grownTerms(countTerms(now), countTerms(usual), 8);
    expect(found.map(({ term }) => term).sort()).toEqual(['coupure', 'eau']);
    expect(found.every(({ score, posts: count }) => score >= 2 && count === 30)).toBe(true);
  });

  test('a thread that repeats a word says it once', () => {
    const now = [...posts(['panne'], 30, 'one thread'), ...posts(['prix', 'hausse'], 20)];
    expect(grownTerms(countTerms(now), countTerms(usual), 8)).toEqual([]);
  });

  test('nothing grows out of nothing', () => {
    expect(grownTerms(countTerms([]), countTerms([]), 8)).toEqual([]);
    const same = countTerms(posts(['a'], 5));
    expect(grownTerms(same, countTerms([]), 8)).toEqual([]);
  });
});
