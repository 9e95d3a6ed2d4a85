/** Figures of labels against numbers computed by hand. */
import { describe, expect, test } from 'vitest';
import { type Judged, measure } from '../../infra/train/measure.ts';

const judge = (truth: number, predicted: number, probability: number): Judged => ({ truth, predicted, probability });

/** Negative 0, neutral 1, positive 2; one post not scored. */
const SIX = [
  judge(0, 0, 0.9),
  judge(0, 1, 0.4),
  judge(1, 1, 0.6),
  judge(1, -1, 0),
  judge(2, 2, 0.85),
  judge(2, 0, 0.95),
];

describe('six posts of three classes', () => {
  const figures = measure(SIX, 3);

  test('are counted by truth and by label, what is not scored as neutral', () => {
    expect(figures.posts).toBe(6);
    expect(figures.confusion).toEqual([
      [1, 1, 0],
      [0, 2, 0],
      [1, 0, 1],
    ]);
  });

  test('have the mean of the F1 of the classes', () => {
    // 2·1/(2+2), 2·2/(2+3), 2·1/(2+1)
    expect(figures.macroF1).toBeCloseTo((100 * (0.5 + 0.8 + 2 / 3)) / 3, 10);
  });

  test('have an accuracy over all posts, a coverage of those scored', () => {
    expect(figures.accuracy).toBeCloseTo((100 * 4) / 6, 10);
    expect(figures.coverage).toBeCloseTo((100 * 5) / 6, 10);
  });

  test('have a calibration error over bins of a tenth', () => {
    // 0.9 and 0.95 share a bin: one right where 1.85 are promised. 0.4 is wrong; 0.6 and 0.85 are right.
    expect(figures.ece).toBeCloseTo((100 * (0.85 + 0.4 + 0.4 + 0.15)) / 5, 10);
  });

  test('have three labels given for sure, two of them right', () => {
    expect(figures.sure.posts).toBe(3);
    expect(figures.sure.right).toBeCloseTo(200 / 3, 10);
  });
});

test('all right and sure is 100 in everything, and no calibration error', () => {
  expect(measure([judge(0, 0, 1), judge(1, 1, 1), judge(2, 2, 1)], 3)).toEqual({
    posts: 3,
    confusion: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    macroF1: 100,
    accuracy: 100,
    coverage: 100,
    ece: 0,
    sure: { posts: 3, right: 100 },
  });
});

test('a class that never occurs does not count, not even when it was predicted', () => {
  // F1 of class 0: 2·1/(2+1); class 2 has no post.
  expect(measure([judge(0, 0, 0.5), judge(0, 2, 0.5)], 3).macroF1).toBeCloseTo(200 / 3, 10);
});

test('a class that is never hit has an F1 of 0', () => {
  expect(measure([judge(0, 0, 0.5), judge(1, 0, 0.5)], 2).macroF1).toBeCloseTo((100 * (2 / 3)) / 2, 10);
});

test('what a post not scored counts as can be chosen', () => {
  expect(measure([judge(0, -1, 0)], 2, 0).accuracy).toBe(100);
  expect(measure([judge(0, -1, 0)], 2, 1).accuracy).toBe(0);
});

test('a probability of 0.8 is sure, one below is not', () => {
  expect(measure([judge(0, 0, 0.8), judge(0, 1, 0.7999)], 2).sure).toEqual({ posts: 1, right: 100 });
});

test('without sure labels there is no part of them that is right', () => {
  const { sure, coverage } = measure([judge(0, -1, 0)], 3);
  expect(sure).toEqual({ posts: 0, right: Number.NaN });
  expect(coverage).toBe(0);
});
