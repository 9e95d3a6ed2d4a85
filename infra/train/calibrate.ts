/**
 * Makes probabilities mean what they say: one temperature a group (Guo et al. 2017, "On Calibration of Modern Neural
 * Networks"), from predictions of cross-validation. Called by train/main.ts.
 */

import { largest } from './crossValidate.ts';
import type { LabelledPost } from './data.ts';

/** Labels given with at least this probability are sure. */
const SURE = 0.8;
const LEAST_POSTS = 30;

/**
 * The temperature, at least the one with the best likelihood, at which the part `sureRight` of the sure labels is right in
 * each source.
 * In (0, 4]; probabilities are `softmax(log p / temperature)`.
 */
export function temperatureOf(
  posts: readonly LabelledPost[],
  predicted: readonly Float64Array[],
  sureRight: number,
): number {
  const sources = [...new Set(posts.map(({ source }) => source))];
  let best = { temperature: 1, loss: Number.POSITIVE_INFINITY };
  for (let temperature = 0.5; temperature <= 4; temperature += 0.05) {
    const loss = lossAt(posts, predicted, temperature);
    if (loss < best.loss) best = { temperature, loss };
  }
  for (let { temperature } = best; temperature < 4; temperature += 0.05) {
    const heldUp = sources.every((source) => {
      const sure = posts.flatMap((post, i) => {
        const heated = heat(predicted[i] as Float64Array, temperature);
        const label = largest(heated);
        return post.source === source && (heated[label] as number) >= SURE ? [label === post.label] : [];
      });
      return sure.length < LEAST_POSTS || sure.filter(Boolean).length >= sureRight * sure.length;
    });
    if (heldUp) return temperature;
  }
  return 4;
}

export function heat(probabilities: Float64Array, temperature: number): Float64Array {
  const heated = probabilities.map((p) => Math.max(1e-12, p) ** (1 / temperature));
  const total = heated.reduce((sum, value) => sum + value, 0);
  return heated.map((value) => value / total);
}

function lossAt(posts: readonly LabelledPost[], predicted: readonly Float64Array[], temperature: number): number {
  return posts.reduce(
    (sum, post, i) =>
      sum - Math.log(Math.max(1e-9, heat(predicted[i] as Float64Array, temperature)[post.label] as number)),
    0,
  );
}
