/** When a delivery is tried again: the schedule of Standard Webhooks, with jitter, or as the receiver asks. */
import { expect, test } from 'vitest';
import { nextAttempt, pacesOf } from '../../workers/alerts/retry.ts';

const SECONDS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const waitAfter = (failed: number, random = 0) => nextAttempt({ failed, paced: 0 }, undefined, random);

test('ten attempts: at once, then after 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h', () => {
  expect(SECONDS.map((_, index) => waitAfter(index + 1))).toEqual(SECONDS.map((seconds) => seconds * 1_000));
  expect(waitAfter(10)).toBeUndefined();
});

test('jitter only lengthens, by a fifth at most', () => {
  SECONDS.forEach((seconds, index) => {
    for (const random of [0, 0.3, 0.999]) {
      const waitMs = waitAfter(index + 1, random) ?? 0;
      expect(waitMs).toBeGreaterThanOrEqual(seconds * 1_000);
      expect(waitMs).toBeLessThanOrEqual(seconds * 1_200);
    }
  });
});

test('what the receiver asks for is kept, up to a day, and uses up no attempt', () => {
  expect(nextAttempt({ failed: 9, paced: 1 }, 90_000, 0)).toBe(90_000);
  expect(nextAttempt({ failed: 10, paced: 1 }, 90_000, 0)).toBe(90_000);
  expect(nextAttempt({ failed: 0, paced: 1 }, 7 * 86_400_000, 0.9)).toBe(86_400_000);
});

test('a receiver that always asks for a second is asked less and less often, and not for ever', () => {
  let paced = 0;
  let waitedMs = 0;
  const waits: number[] = [];
  for (;;) {
    paced += pacesOf(1_000);
    const waitMs = nextAttempt({ failed: 0, paced }, 1_000, 0);
    if (waitMs === undefined) break;
    waits.push(waitMs);
    waitedMs += waitMs;
  }
  expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
  expect(Math.max(...waits)).toBe(900_000);
  expect(waitedMs / 3_600_000).toBeGreaterThan(70);
  expect(waitedMs / 3_600_000).toBeLessThan(80);
});

test('one that asks for a whole day each time gets three or four', () => {
  const waits = [1, 2, 3, 4].map((n) => nextAttempt({ failed: 0, paced: n * pacesOf(86_400_000) }, 86_400_000, 0));
  expect(waits).toEqual([86_400_000, 86_400_000, 86_400_000, undefined]);
});
