/**
 * Two sets of weights a group, and which of them a post is scored with: those for posts that read like the project's own
 * (its subjects, its people) and those for posts that read like the public sets. What the two call neutral differs, and one
 * set of weights for both is worse for either. A mixture of experts with a hard gate (Jacobs et al. 1991, "Adaptive Mixtures
 * of Local Experts"; the aim is that of Daumé 2007, "Frustratingly Easy Domain Adaptation"). The gate is linear over words
 * and stems alone, so that a text is told apart before its pairs are looked up. Called by train/main.ts.
 */
import { crossValidateWith, type Recipe } from './crossValidate.ts';
import type { LabelledPost } from './data.ts';
import { balancedWeights, numberFeatures, type Sparse, toExample } from './examples.ts';
import { type Example, type Fit, learn, predict } from './fit.ts';
import { mostWorth, worthOf } from './prune.ts';

/** In the order of the outputs of a file of weights. */
export const EXPERTS = ['public', 'own'] as const;
export type Expert = (typeof EXPERTS)[number];

export interface ExpertRecipe extends Omit<Recipe, 'factorOf' | 'l2'> {
  readonly isOwn: (source: string) => boolean;
  /** What a post of a source counts for each expert. */
  readonly factorsOf: (source: string) => Readonly<Record<Expert, number>>;
  readonly l2Of: Readonly<Record<Expert, number>>;
  readonly gateEpochs: number;
}

export interface Experts {
  readonly columns: ReadonlyMap<number, number>;
  readonly fits: Readonly<Record<Expert, Fit>>;
  /** Classes: public, own. Weights of other features than words and stems are 0. */
  readonly gate: Fit;
}

export interface ExpertVerdict {
  readonly expert: Expert;
  readonly probabilities: Float64Array;
}

/** Features of posts, and which of them the gate sees. */
export interface ExpertFeatures {
  readonly features: readonly Sparse[];
  readonly seenByGate: ReadonlySet<number>;
}

/** Fits both experts, keeps the features that matter most to the two together, fits again on those alone. */
export function fitExperts(
  posts: readonly LabelledPost[],
  features: readonly Sparse[],
  seenByGate: ReadonlySet<number>,
  recipe: ExpertRecipe,
): Experts {
  const weights = {
    public: balancedWeights(posts, (source) => recipe.factorsOf(source).public),
    own: balancedWeights(posts, (source) => recipe.factorsOf(source).own),
  };
  const fitsOn = (columns: ReadonlyMap<number, number>): Experts['fits'] => {
    const examples = posts.map((post, i) => toExample(features[i] as Sparse, columns, post.label, 1));
    const fitOf = (expert: Expert): Fit =>
      learn(
        examples.map((example, i) => ({ ...example, weight: weights[expert][i] as number })),
        { ...recipe, columns: columns.size, l2: recipe.l2Of[expert] },
      );
    return { public: fitOf('public'), own: fitOf('own') };
  };
  const all = numberFeatures(features, recipe.leastPosts);
  const first = fitsOn(all);
  const isSmall = all.size <= recipe.mostFeatures;
  const columns = isSmall ? all : mostWorth(worthToBoth(first, all, features), recipe.mostFeatures);
  const gate = learn(gateExamples(posts, features, columns, seenByGate, recipe), {
    ...recipe,
    classes: EXPERTS.length,
    columns: columns.size,
    epochs: recipe.gateEpochs,
    l2: recipe.l2Of.public,
  });
  return { columns, fits: isSmall ? first : fitsOn(columns), gate };
}

function worthToBoth(
  fits: Experts['fits'],
  columns: ReadonlyMap<number, number>,
  features: readonly Sparse[],
): Map<number, number> {
  const [forPublic, forOwn] = EXPERTS.map((expert) => worthOf({ model: fits[expert], columns }, features));
  return new Map([...columns.keys()].map((f) => [f, (forPublic?.get(f) ?? 0) + (forOwn?.get(f) ?? 0)]));
}

/** Examples of which expert is meant, both counting the same. */
function gateExamples(
  posts: readonly LabelledPost[],
  features: readonly Sparse[],
  columns: ReadonlyMap<number, number>,
  seenByGate: ReadonlySet<number>,
  { isOwn }: ExpertRecipe,
): Example[] {
  const seen = new Map([...columns].filter(([feature]) => seenByGate.has(feature)));
  const own = posts.filter(({ source }) => isOwn(source)).length;
  return posts.map(({ source }, i) => {
    const label = isOwn(source) ? 1 : 0;
    const alike = label === 1 ? own : posts.length - own;
    return toExample(features[i] as Sparse, seen, label, posts.length / 2 / alike);
  });
}

/** Scores features with the expert that the gate chooses. */
export function askExperts({ columns, fits, gate }: Experts, features: Sparse): ExpertVerdict {
  const example = toExample(features, columns, 0, 1);
  const [forPublic = 0, forOwn = 0] = predict(gate, example, new Float64Array(EXPERTS.length));
  const expert = forOwn > forPublic ? 'own' : 'public';
  const fit = fits[expert];
  return { expert, probabilities: predict(fit, example, new Float64Array(fit.bias.length)) };
}

/** What every post is given by experts fitted on the other folds. */
export const crossValidateExperts = (
  posts: readonly LabelledPost[],
  { features, seenByGate }: ExpertFeatures,
  recipe: ExpertRecipe,
  folds: number,
): ExpertVerdict[] =>
  crossValidateWith(posts, features, recipe.seed, folds, (insidePosts, insideFeatures) => {
    const experts = fitExperts(insidePosts, insideFeatures, seenByGate, recipe);
    return (other) => askExperts(experts, other);
  });
