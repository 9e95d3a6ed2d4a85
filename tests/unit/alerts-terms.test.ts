/** Emerging terms: counting, packing, what is expected of a term, which are told, which are one topic. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mulberry32 } from '../../infra/sample/random.ts';
import { nbTail } from '../../shared/alerts/counts.ts';
import {
  countTerms,
  distinctTexts,
  hashTerm,
  lookUp,
  packCounts,
  type TermCounts,
  type TermPost,
} from '../../shared/alerts/termPairs.ts';
import {
  expectTerm,
  findCandidates,
  leastUnits,
  logOdds,
  mergeTerms,
  type ScoredTerm,
  scoreCandidates,
  toSignal,
} from '../../shared/alerts/terms.ts';

const aPost = (terms: string[], overrides: Partial<TermPost> = {}): TermPost => ({
  unit: `unit ${Math.random()}`,
  author: `author ${Math.random()}`,
  textKey: `text ${Math.random()}`,
  hashes: Uint32Array.from(terms, hashTerm),
  ...overrides,
});

const asMap = ({ hashes, counts }: TermCounts) => new Map([...hashes].map((hash, i) => [hash, counts[i]]));

describe('counting', () => {
  test('a thread or author that uses a term twice counts once', () => {
    const posts = [aPost(['eau', 'gaz'], { unit: 'a' }), aPost(['eau'], { unit: 'a' }), aPost(['eau'], { unit: 'b' })];
    const counts = countTerms(posts);
    expect(asMap(counts).get(hashTerm('eau'))).toBe(2);
    expect(asMap(counts).get(hashTerm('gaz'))).toBe(1);
    expect([...counts.hashes]).toEqual([hashTerm('eau'), hashTerm('gaz')].toSorted((a, b) => a - b));
    expect(counts.total).toBe(3);
  });

  test('of copies the first is kept', () => {
    const posts = [aPost(['eau'], { textKey: '1', unit: 'a' }), aPost(['eau'], { textKey: '1', unit: 'b' })];
    expect(distinctTexts(posts)).toEqual([posts[0]]);
  });

  test('no post is no term', () => {
    expect(countTerms([])).toEqual({ hashes: new Uint32Array(), counts: new Uint32Array(), total: 0 });
  });

  test('hashes of different terms differ, and are those of yesterday', () => {
    const hashes = Array.from({ length: 20_000 }, (_, i) => hashTerm(`mot ${i}`));
    expect(new Set(hashes).size).toBe(20_000);
    expect(Math.max(...hashes)).toBeGreaterThan(2 ** 31);
    expect(hashTerm('délestage')).toBe(1_433_841_259);
  });

  test('packed windows say the same of any terms', () => {
    const count = fc.tuple(
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 100_000 })),
    );
    const window = fc.uniqueArray(count, { maxLength: 40, selector: ([hash]) => hash });
    fc.assert(
      fc.property(
        fc.array(window, { maxLength: 5 }),
        fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 })),
        (windows, others) => {
          const sorted = windows.map((pairs) => pairs.toSorted(([a], [b]) => a - b));
          const packed = sorted.map((pairs) =>
            packCounts({
              hashes: Uint32Array.from(pairs, ([hash]) => hash),
              counts: Uint32Array.from(pairs, ([, n]) => n),
              total: pairs.reduce((sum, [, n]) => sum + n, 0),
            }),
          );
          const asked = Uint32Array.from(
            new Set([...others, ...windows.flat().map(([hash]) => hash)].filter((_, i) => i % 3 !== 1)),
          ).sort();
          const { totals, counts } = lookUp(packed, asked);
          expect([...totals]).toEqual(windows.map((pairs) => pairs.reduce((sum, [, n]) => sum + n, 0)));
          asked.forEach((hash, term) => {
            const found = [...counts.subarray(term * windows.length, (term + 1) * windows.length)];
            expect(found).toEqual(windows.map((pairs) => pairs.find(([own]) => own === hash)?.[1] ?? 0));
          });
        },
      ),
    );
  });
});

const WINDOWS = 112;
const totals = Float64Array.from({ length: WINDOWS }, (_, i) => 1000 + 150 * (i % 8));
const baselineOf = (...terms: ((window: number) => number)[]) => ({
  totals,
  counts: Uint32Array.from(terms.flatMap((term) => Array.from({ length: WINDOWS }, (_, i) => term(i)))),
});

// Expected, dispersion and score as computed apart, with numpy and scipy's incomplete beta function.
test.each([
  ['a steady term', (i: number) => (i * 7) % 5, 20, 2.0843091334894615, 0.09105661545549765, 9.18729503809413],
  ['a term never used', () => 0, 6, 0.00468384074941452, 0.5, 14.944435194767776],
  [
    'a term of the last days',
    (i: number) => (i < 100 ? 0 : 12),
    40,
    2.7072599531615924,
    4.574503778974893,
    2.4197476855918967,
  ],
  ['a term that comes in waves', (i: number) => (i % 8 === 3 ? 9 : 0), 20, 1.1850117096018735, 5, 2.4619417418308447],
])('expected, spread and chance: %s', (_name, counts, x, expected, dispersion, score) => {
  const term = expectTerm(
    baselineOf(() => 3, counts),
    1,
    1600,
  );
  expect(term.expected).toBeCloseTo(expected, 10);
  expect(term.dispersion).toBeCloseTo(dispersion, 10);
  expect(nbTail(x, term.expected, term.dispersion)).toBeCloseTo(score, 6);
});

const candidate = (overrides: Partial<ScoredTerm> = {}) => ({ hash: 1, x: 12, authors: 12, posts: [], ...overrides });

describe('which are told', () => {
  test('a new one is, with its odds', () => {
    const [found] =
      scoreCandidates(
        [candidate()],
        1600,
        baselineOf(() => 0),
      ) ?? [];
    expect(found).toMatchObject({ hash: 1, x: 12, authors: 12 });
    expect(found?.score).toBeGreaterThan(20);
    expect(found?.odds).toBeGreaterThan(3);
  });

  test.each([
    ['less than three times the expected', 30, () => 10],
    ['a term as often as always', 12, () => 8],
    ['six of a term that comes in waves', 6, (i: number) => (i % 8 === 3 ? 9 : 0)],
  ])('%s is not', (_name, x, counts) => {
    expect(scoreCandidates([candidate({ x })], 1600, baselineOf(counts))).toEqual([]);
  });

  test('nothing is said before a week of windows has posts', () => {
    const { counts } = baselineOf(() => 0);
    const young = (windows: number) => ({ counts, totals: totals.map((of, i) => (i < WINDOWS - windows ? 0 : of)) });
    expect(scoreCandidates([candidate()], 1600, young(55))).toBeUndefined();
    expect(scoreCandidates([candidate()], 1600, young(56))).toHaveLength(1);
  });

  test('five threads or authors are enough among few posts, more among many', () => {
    expect(leastUnits(10)).toBe(5);
    expect(leastUnits(600)).toBe(5);
    expect(leastUnits(2_400)).toBe(10);
  });

  test.each([
    ['five of five authors', 5, 5, 1],
    ['four of four authors', 4, 4, 0],
    ['five of two authors', 5, 2, 0],
  ])('%s', (_name, units, authors, found) => {
    const posts = Array.from({ length: units }, (_, i) => aPost(['eau'], { author: `author ${i % authors}` }));
    const candidates = findCandidates(posts, countTerms(posts));
    expect(candidates).toHaveLength(found);
    if (found > 0) expect(candidates[0]).toEqual({ hash: hashTerm('eau'), x: 5, authors: 5, posts: [0, 1, 2, 3, 4] });
  });
});

test('log-odds rank what is new before what is common, and change sign where a term gets rarer', () => {
  expect(logOdds(12, 1_600, 0, 170_000)).toBeGreaterThan(logOdds(40, 1_600, 2_000, 170_000));
  expect(logOdds(40, 1_600, 2_000, 170_000)).toBeGreaterThan(0);
  expect(logOdds(1, 1_600, 2_000, 170_000)).toBeLessThan(0);
});

describe('topics', () => {
  const term = (hash: number, posts: number[], overrides: Partial<ScoredTerm> = {}): ScoredTerm => ({
    hash,
    x: posts.length,
    authors: posts.length,
    posts,
    expected: 0.1,
    score: 6,
    odds: 4,
    ...overrides,
  });
  const hashes = (terms: ScoredTerm[]) => mergeTerms(terms).map((topic) => topic.map(({ hash }) => hash));

  test('terms that share more than 60 % of the posts of the rarer one are one topic', () => {
    const water = term(1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], { score: 9 });
    expect(hashes([water, term(2, [0, 1, 2, 3, 10])])).toEqual([[1, 2]]);
    expect(hashes([water, term(2, [0, 1, 2, 10, 11])])).toEqual([[1], [2]]);
  });

  test('chains do not join what has nothing in common', () => {
    const chain = [
      term(1, [0, 1, 2, 3, 4], { score: 9 }),
      term(2, [2, 3, 4, 5, 6]),
      term(3, [5, 6, 7, 8, 9], { score: 5 }),
    ];
    expect(hashes([...chain, term(4, [1, 2, 3, 4, 5])])).toEqual([[1, 4], [2], [3]]);
  });

  test('the most telling term gives name and figures, the most unlikely one the score', () => {
    const [topic = []] = mergeTerms([
      term(1, [0, 1, 2, 3, 4, 5], { score: 9, odds: 4 }),
      term(2, [0, 1, 2, 3, 4], { score: 7, odds: 5, expected: 0.2 }),
      term(3, [0, 1, 2, 3, 4], { score: 6, odds: 3 }),
    ]);
    const names = new Map([
      [1, 'panne'],
      [2, 'panne d’eau'],
      [3, 'panne'],
    ]);
    expect(toSignal(topic, ({ hash }) => names.get(hash) ?? '')).toEqual({
      term: 'panne d’eau',
      terms: ['panne d’eau', 'panne'],
      x: 5,
      authors: 5,
      expected: 0.2,
      score: 9,
    });
  });

  test('of many topics the most unlikely are told, in any order of the terms the same', () => {
    const many = Array.from({ length: 30 }, (_, i) => term(i, [i * 10, i * 10 + 1], { score: 5 + i }));
    expect(hashes(many)).toEqual(Array.from({ length: 20 }, (_, i) => [29 - i]));
    expect(hashes(many.toReversed())).toEqual(hashes(many));
  });
});

/** A stream as in the published simulations, smaller: words by rank, shares that wander, threads counted once. */
function stream(seed: number, hours: number, postsAnHour: number): Uint32Array[] {
  const random = mulberry32(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const poisson = (mean: number) => {
    if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
    let [n, p] = [0, random()];
    for (const least = Math.exp(-mean); p > least; n += 1) p *= random();
    return n;
  };
  const shares = Array.from({ length: 1_000 }, (_, i) => 1 / (i + 1) ** 1.05);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const wander = shares.map(() => 0);
  return Array.from({ length: hours }, (_, hour) => {
    const posts = postsAnHour * (1 + 0.6 * Math.sin((2 * Math.PI * ((hour % 24) - 9)) / 24));
    return Uint32Array.from(shares, (share, i) => {
      wander[i] = 0.98 * (wander[i] ?? 0) + 0.05 * normal();
      return poisson((posts * 8 * share * Math.exp(wander[i] ?? 0)) / whole);
    });
  });
}

test('in a stream of 50 posts an hour, a term of five posts an hour is found and hardly another', () => {
  const HOURS = 18 * 24;
  const hours = stream(5, HOURS, 50);
  const NEW = 700;
  const START = HOURS - 10;
  for (let hour = START; hour < START + 6; hour += 1) {
    const counts = hours[hour];
    if (counts) counts[NEW] = (counts[NEW] ?? 0) + 5;
  }
  const sum = (from: number, to: number) => {
    const counts = new Uint32Array(1_000);
    for (const hour of hours.slice(from, to)) {
      hour.forEach((n, i) => {
        counts[i] = (counts[i] ?? 0) + n;
      });
    }
    const hashes = Uint32Array.from([...counts.keys()].filter((i) => counts[i]));
    return {
      hashes,
      counts: Uint32Array.from(hashes, (i) => counts[i] ?? 0),
      total: counts.reduce((a, b) => a + b, 0),
    };
  };
  const windows = Array.from({ length: HOURS / 3 }, (_, i) => packCounts(sum(i * 3, i * 3 + 3)));
  const told = new Set<number>();
  let found: number | undefined;
  for (let hour = 14 * 24 + 6; hour < HOURS; hour += 1) {
    const now = sum(hour - 2, hour + 1);
    const candidates = [...now.hashes].flatMap((hash, i) => {
      const x = now.counts[i] ?? 0;
      return x >= 5 ? [{ hash, x, authors: x, posts: [] }] : [];
    });
    const end = Math.floor((hour - 2) / 3);
    const baseline = lookUp(
      windows.slice(end - WINDOWS, end),
      Uint32Array.from(candidates, ({ hash }) => hash),
    );
    for (const { hash, score } of scoreCandidates(candidates, now.total, baseline) ?? []) {
      if (score < 5) continue;
      if (hash === NEW && hour >= START) found ??= hour;
      else told.add(hash);
    }
  }
  expect(found).toBeDefined();
  expect((found ?? HOURS) - START).toBeLessThan(3);
  expect(told.size).toBeLessThanOrEqual(1);
});
