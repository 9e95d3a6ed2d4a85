/**
 * Chooses the features worth a place in a file of weights: those that move results most over the posts trained on.
 * Called by crossValidate.ts.
 */
import type { Sparse } from './examples.ts';
import type { Fitted } from './fit.ts';

/** The `most` features by spread of weights × root of what they were multiplied with, numbered anew. */
export function largestFeatures({ model, columns }: Fitted, all: readonly Sparse[], most: number): Map<number, number> {
  const energy = new Map<number, number>();
  for (const features of all) {
    for (const [feature, value] of features) energy.set(feature, (energy.get(feature) ?? 0) + value * value);
  }
  const classes = model.bias.length;
  const width = columns.size;
  const ranked = [...columns].map(([feature, column]) => {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c += 1) {
      const weight = model.weights[c * width + column] as number;
      low = Math.min(low, weight);
      high = Math.max(high, weight);
    }
    return { feature, worth: (high - low) * Math.sqrt(energy.get(feature) ?? 0) };
  });
  ranked.sort((a, b) => b.worth - a.worth || a.feature - b.feature);
  return new Map(ranked.slice(0, most).map(({ feature }, i) => [feature, i]));
}
