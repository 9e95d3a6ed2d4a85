/**
 * k-fold cross-validation of a recipe: each post is predicted by a model that has not seen it.
 * Called by train/main.ts and, for figures, by the scorecard. Deterministic for a seed.
 */

import type { LabelledPost } from './data.ts';
import { balancedWeights, numberFeatures, type Sparse, toExample } from './examples.ts';
import { type Fitted, learn, predict, randomFrom } from './fit.ts';
import { largestFeatures } from './prune.ts';

/** How a model is fitted, whatever it is fitted on. */
export interface Recipe {
  readonly classes: number;
  readonly epochs: number;
  readonly rate: number;
  readonly l2: number;
  /** Features that fewer posts have get no weight. */
  readonly leastPosts: number;
  readonly mostFeatures: number;
  readonly seed: number;
  readonly factorOf: (source: string) => number;
}

/** Fits, keeps the features that matter most, fits again on those alone. */
export function fitRecipe(posts: readonly LabelledPost[], features: readonly Sparse[], recipe: Recipe): Fitted {
  const weights = balancedWeights(posts, recipe.factorOf);
  const onColumns = (columns: ReadonlyMap<number, number>): Fitted => {
    const examples = posts.map((post, i) =>
      toExample(features[i] as Sparse, columns, post.label, weights[i] as number),
    );
    return { model: learn(examples, { ...recipe, columns: columns.size }), columns };
  };
  const columns = numberFeatures(features, recipe.leastPosts);
  if (columns.size <= recipe.mostFeatures) return onColumns(columns);
  return onColumns(largestFeatures(onColumns(columns), features, recipe.mostFeatures));
}

/** Probabilities of every post by a model fitted on the other folds. Posts with the same text share a fold. */
export const crossValidate = (
  posts: readonly LabelledPost[],
  features: readonly Sparse[],
  recipe: Recipe,
  folds: number,
): Float64Array[] =>
  crossValidateWith(posts, features, recipe.seed, folds, (insidePosts, insideFeatures) => {
    const fitted = fitRecipe(insidePosts, insideFeatures, recipe);
    return (other) => probabilities(fitted, other, recipe.classes);
  });

/** What `fitOn` makes of the other folds says of each post. */
export function crossValidateWith<T>(
  posts: readonly LabelledPost[],
  features: readonly Sparse[],
  seed: number,
  folds: number,
  fitOn: (posts: readonly LabelledPost[], features: readonly Sparse[]) => (features: Sparse) => T,
): T[] {
  const random = randomFrom(seed + 8);
  const foldOfText = new Map<string, number>();
  const foldOf = posts.map(({ text }) => {
    const fold = foldOfText.get(text) ?? Math.floor(random() * folds);
    foldOfText.set(text, fold);
    return fold;
  });
  const results = new Array<T>(posts.length);
  for (let fold = 0; fold < folds; fold += 1) {
    const inside = posts.map((_, i) => i).filter((i) => foldOf[i] !== fold);
    const judge = fitOn(
      inside.map((i) => posts[i] as LabelledPost),
      inside.map((i) => features[i] as Sparse),
    );
    for (const [i, other] of foldOf.entries()) {
      if (other === fold) results[i] = judge(features[i] as Sparse);
    }
  }
  return results;
}

export function probabilities({ model, columns }: Fitted, features: Sparse, classes: number): Float64Array {
  return predict(model, toExample(features, columns, 0, 1), new Float64Array(classes));
}

export function largest(values: Float64Array): number {
  let best = 0;
  for (let c = 1; c < values.length; c += 1) if ((values[c] as number) > (values[best] as number)) best = c;
  return best;
}
