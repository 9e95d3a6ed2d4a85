/**
 * Chooses the features worth a place in a file of weights: those that move results most over the posts trained on.
 * Called by crossValidate.ts and experts.ts.
 */
import type { Sparse } from './examples.ts';
import type { Fitted } from './fit.ts';

/** The `most` features that are worth most, numbered anew. */
export const largestFeatures = (fitted: Fitted, all: readonly Sparse[], most: number): Map<number, number> =>
  mostWorth(worthOf(fitted, all), most);

/** Spread of the weights of each feature × root of what they were multiplied with. */
export function worthOf({ model, columns }: Fitted, all: readonly Sparse[]): Map<number, number> {
  const energy = new Map<number, number>();
  for (const features of all) {
    for (const [feature, value] of features) energy.set(feature, (energy.get(feature) ?? 0) + value * value);
  }
  const classes = model.bias.length;
  const width = columns.size;
  const worth = new Map<number, number>();
  for (const [feature, column] of columns) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c += 1) {
      const weight = model.weights[c * width + column] as number;
      low = Math.min(low, weight);
      high = Math.max(high, weight);
    }
    worth.set(feature, (high - low) * Math.sqrt(energy.get(feature) ?? 0));
  }
  return worth;
}

export function mostWorth(worth: ReadonlyMap<number, number>, most: number): Map<number, number> {
  const ranked = [...worth].sort(([a, worthOfA], [b, worthOfB]) => worthOfB - worthOfA || a - b);
  return new Map(ranked.slice(0, most).map(([feature], i) => [feature, i]));
}
