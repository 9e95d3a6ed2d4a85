/** The negative-binomial detector: its tail is exact, its season learns as slowly as it says, silence is told from calm. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CountState,
  learnCount,
  nbTail,
  readCount,
  scoreCount,
  startCounts,
  zeroIsStrange,
} from '../../shared/alerts/counts.ts';
import { HOUR_MS, type ScopeHour, unknownHour } from '../../shared/alerts/hours.ts';

const golden = JSON.parse(readFileSync(new URL('../fixtures/alerts/golden.json', import.meta.url), 'utf8')) as {
  nb: { x: number; mean: number; size: number; minusLog10Tail: number }[];
};

describe('the tail', () => {
  test.each(golden.nb)('of $x or more, mean $mean, size $size', ({ x, mean, size, minusLog10Tail }) => {
    expect(nbTail(x, mean, 1 / size) / minusLog10Tail).toBeCloseTo(1, 6);
  });

  test('equals one less the sum below, wherever that can be told from one', () => {
    const range = { noNaN: true, noDefaultInfinity: true };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: 0.05, max: 300, ...range }),
        fc.double({ min: 0.02, max: 10, ...range }),
        (x, mean, dispersion) => {
          const size = 1 / dispersion;
          let term = (1 + mean / size) ** -size;
          let below = 0;
          for (let i = 0; i < x; i++) {
            below += term;
            term *= ((i + size) / (i + 1)) * (mean / (mean + size));
          }
          fc.pre(below < 1 - 1e-6 && below > 1e-12);
          expect(10 ** -nbTail(x, mean, dispersion)).toBeCloseTo(1 - below, 8);
        },
      ),
    );
  });

  test('stays finite and rises with the count, far beyond what a double can tell from one', () => {
    const scores = [1, 10, 100, 1_000, 10_000, 100_000].map((x) => nbTail(x, 10, 0.05));
    expect(scores).toEqual(scores.toSorted((a, b) => a - b));
    expect(scores.at(-1)).toBeGreaterThan(1_000);
    expect(scores.every(Number.isFinite)).toBe(true);
    expect([nbTail(0, 10, 1), nbTail(-3, 10, 1)]).toEqual([0, 0]);
  });
});

const hourAt = (t: number, ramadan = false): ScopeHour =>
  unknownHour(t * HOUR_MS, t % 24, (Math.floor(t / 24) % 7) + 1, ramadan);
/** Steps `count` hours of `countOf` and returns the state. */
function learned(weekly: boolean, count: number, countOf: (t: number) => number): CountState {
  const state = startCounts(weekly);
  for (let t = 0; t < count; t++) learnCount(state, hourAt(t), countOf(t), readCount(state, hourAt(t), countOf(t)));
  return state;
}

describe('what is expected', () => {
  test('follows the hour of day', () => {
    const state = learned(false, 28 * 24, (t) => (t % 24 < 8 ? 10 : 100));
    expect(readCount(state, hourAt(28 * 24 + 3), 0).mean).toBeLessThan(20);
    expect(readCount(state, hourAt(28 * 24 + 12), 0).mean).toBeGreaterThan(85);
  });

  test('knows the hour of week after four weeks, where it is asked to', () => {
    const monday = (t: number) => (Math.floor(t / 24) % 7 === 0 ? 300 : 100);
    const next = (weekly: boolean, weeks: number) =>
      readCount(learned(weekly, weeks * 168, monday), hourAt(weeks * 168 + 12), 0).mean;
    expect(next(true, 8) / next(false, 8)).toBeGreaterThan(1.3);
    expect(next(true, 3)).toBe(next(false, 3));
  });

  test('is learned anew for Ramadan, from the higher of the usual day and a flat one, and kept apart', () => {
    const state = learned(false, 28 * 24, (t) => (t % 24 < 8 ? 10 : 100));
    const night = hourAt(28 * 24 + 3, true);
    const first = readCount(state, night, 0).mean;
    const usual = [...state.day.sum];
    for (let t = 28 * 24; t < 42 * 24; t++) {
      const hour = hourAt(t, true);
      learnCount(state, hour, t % 24 < 8 ? 150 : 60, readCount(state, hour, 0));
    }
    expect(readCount(state, night, 0).mean).toBeGreaterThan(1.3 * readCount(state, hourAt(12, true), 0).mean);
    expect(first).toBeLessThan(60);
    expect(readCount(state, hourAt(3), 0).mean).toBeLessThan(30);
    expect(state.day.sum.every((sum, h) => sum <= (usual[h] ?? 0))).toBe(true);
  });

  test('is not moved by one spike, however high', () => {
    const calm = learned(false, 600, () => 50);
    const spiked = structuredClone(calm);
    learnCount(spiked, hourAt(600), 1_000_000, readCount(spiked, hourAt(600), 1_000_000));
    expect(spiked.level / calm.level).toBeLessThan(1.1);
  });
});

test('half a day is no history: nothing is scored in it', () => {
  const early = learned(false, 11, () => 10);
  const late = learned(false, 12, () => 10);
  expect(scoreCount(early, readCount(early, hourAt(11), 0), 5_000)).toBe(0);
  expect(scoreCount(late, readCount(late, hourAt(12), 0), 5_000)).toBeGreaterThan(2);
});

test.each([
  ['of a busy scope is strange', 60, true],
  ['of a quiet scope is not', 3, false],
] as const)('a silent hour %s', (_name, posts, strange) => {
  const state = learned(false, 600, (t) => posts + (t % 3) - 1);
  expect(zeroIsStrange(readCount(state, hourAt(601), 0))).toBe(strange);
});
