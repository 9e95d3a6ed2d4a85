/** Net sentiment: one function, whose interval means what it says. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { netChange, netSentiment } from '../../shared/contracts/net.ts';

const counts = fc
  .tuple(fc.nat(5_000), fc.nat(5_000), fc.nat(5_000))
  .map(([positive, negative, neutral]) => ({ positive, negative, scored: positive + negative + neutral }));
const some = counts.filter(({ scored }) => scored > 0);

test('nothing scored has no net', () => {
  expect(netSentiment({ positive: 0, negative: 0, scored: 0 })).toBeNull();
});

test('net is positive less negative over scored, neutral posts included', () => {
  expect(netSentiment({ positive: 30, negative: 10, scored: 80 })?.net).toBe(0.25);
});

test('the interval is the one of Bonett and Price, computed by hand', () => {
  // p1 = 31/82, p2 = 11/82, d = 20/82; half = 1.96 * sqrt((42/82 - (20/82)^2) / 82)
  const half = 1.96 * Math.sqrt((42 / 82 - (20 / 82) ** 2) / 82);
  const net = netSentiment({ positive: 30, negative: 10, scored: 80 });
  expect(net?.low).toBeCloseTo(20 / 82 - half, 12);
  expect(net?.high).toBeCloseTo(20 / 82 + half, 12);
});

test('the net lies in its interval, and both within [-1, 1]', () => {
  fc.assert(
    fc.property(some, (of) => {
      const { net, low, high } = netSentiment(of) ?? { net: 9, low: 9, high: 9 };
      expect(low).toBeGreaterThanOrEqual(-1);
      expect(high).toBeLessThanOrEqual(1);
      expect(low).toBeLessThanOrEqual(net + 1e-12);
      expect(high).toBeGreaterThanOrEqual(net - 1e-12);
    }),
  );
});

test('exchanging positive and negative mirrors net and interval', () => {
  fc.assert(
    fc.property(some, ({ positive, negative, scored }) => {
      const [a, b] = [
        netSentiment({ positive, negative, scored }),
        netSentiment({ positive: negative, negative: positive, scored }),
      ];
      expect((a?.net ?? 1) + (b?.net ?? 1)).toBeCloseTo(0, 12);
      expect((a?.low ?? 1) + (b?.high ?? 1)).toBeCloseTo(0, 12);
    }),
  );
});

test('ten times the posts in the same shares make the interval narrower', () => {
  fc.assert(
    fc.property(some, ({ positive, negative, scored }) => {
      const width = (times: number) => {
        const net = netSentiment({ positive: positive * times, negative: negative * times, scored: scored * times });
        return (net?.high ?? 0) - (net?.low ?? 0);
      };
      expect(width(10)).toBeLessThan(width(1));
    }),
  );
});

/** Small, fast and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test.each([
  [10, 0.3, 0.3],
  [20, 0.6, 0.1],
  [50, 0.1, 0.05],
  [200, 0.45, 0.35],
  [30, 0.9, 0.05],
])('of %i posts (positive %d, negative %d), 95 in 100 intervals hold the truth', (scored, p, q) => {
  const random = randomOf(42);
  const runs = 4_000;
  let held = 0;
  for (let run = 0; run < runs; run++) {
    let [positive, negative] = [0, 0];
    for (let i = 0; i < scored; i++) {
      const u = random();
      if (u < p) positive += 1;
      else if (u < p + q) negative += 1;
    }
    const net = netSentiment({ positive, negative, scored });
    if (net && net.low <= p - q && p - q <= net.high) held += 1;
  }
  expect(held / runs).toBeGreaterThan(0.93);
  expect(held / runs).toBeLessThan(0.99);
});

test('a change has an interval around it, and none without both sides', () => {
  const [now, before] = [
    netSentiment({ positive: 10, negative: 40, scored: 60 }),
    netSentiment({ positive: 30, negative: 20, scored: 60 }),
  ];
  const change = netChange(now, before);
  expect(change?.change).toBeCloseTo(-40 / 60, 12);
  expect(change?.low).toBeLessThan(change?.change ?? 0);
  expect(change?.high).toBeGreaterThan(change?.change ?? 0);
  expect(netChange(now, null)).toBeNull();
});
