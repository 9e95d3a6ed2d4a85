/**
 * What is measured of labels: confusion, F1 by class, accuracy, coverage, calibration. Called by the training and
 * evaluation scripts. Try it: npx vitest run --project unit tests/unit/nlp-measure.test.ts
 */

/** One post: true class, predicted class, probability given to the prediction; `predicted` -1 where not scored. */
export interface Judged {
  readonly truth: number;
  readonly predicted: number;
  readonly probability: number;
}

export interface Measures {
  readonly posts: number;
  /** confusion[truth][predicted] */
  readonly confusion: number[][];
  /** Mean of the classes' F1, 0 to 100; of classes that occur. */
  readonly macroF1: number;
  readonly accuracy: number;
  /** Part of the posts that were scored, 0 to 100. */
  readonly coverage: number;
  /** Expected calibration error over ten bins (Guo et al. 2017), 0 to 100, of scored posts. */
  readonly ece: number;
  /** Of posts with probability >= 0.8: how many, and which part is right (0 to 100; NaN for none). */
  readonly sure: { readonly posts: number; readonly right: number };
}

/** A post not scored counts as `fallback` (neutral for sentiment). */
export function measure(judged: readonly Judged[], classes: number, fallback = 1): Measures {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const { truth, predicted } of judged) {
    const row = confusion[truth] as number[];
    const column = predicted < 0 ? fallback : predicted;
    row[column] = (row[column] ?? 0) + 1;
  }
  const scored = judged.filter(({ predicted }) => predicted >= 0);
  const right = confusion.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  const sure = scored.filter(({ probability }) => probability >= 0.8);
  return {
    posts: judged.length,
    confusion,
    macroF1: macroF1(confusion),
    accuracy: percent(right, judged.length),
    coverage: percent(scored.length, judged.length),
    ece: calibrationError(scored),
    sure: { posts: sure.length, right: percent(sure.filter(isRight).length, sure.length) },
  };
}

const isRight = ({ truth, predicted }: Judged): boolean => truth === predicted;
const percent = (part: number, whole: number): number => (100 * part) / whole;

function macroF1(confusion: readonly (readonly number[])[]): number {
  const scores = confusion.flatMap((row, i) => {
    const truths = row.reduce((sum, n) => sum + n, 0);
    const predictions = confusion.reduce((sum, other) => sum + (other[i] ?? 0), 0);
    return truths === 0 ? [] : [(2 * (row[i] ?? 0)) / (truths + predictions)];
  });
  return percent(
    scores.reduce((sum, score) => sum + score, 0),
    scores.length,
  );
}

const BINS = 10;

function calibrationError(scored: readonly Judged[]): number {
  let error = 0;
  for (let bin = 0; bin < BINS; bin += 1) {
    const inside = scored.filter(({ probability }) => Math.min(BINS - 1, Math.floor(probability * BINS)) === bin);
    if (inside.length === 0) continue;
    const confidence = inside.reduce((sum, { probability }) => sum + probability, 0) / inside.length;
    error += Math.abs(confidence - inside.filter(isRight).length / inside.length) * inside.length;
  }
  return percent(error, scored.length);
}
