/**
 * How the weights are fitted: numbers chosen by cross-validation, never by a dev or test set.
 * Called by train/main.ts and by the scorecard, which fits language weights of its own without the posts it measures on.
 */
import { type Group, LANGUAGES } from '../../shared/nlp/groups.ts';
import type { Recipe } from './crossValidate.ts';
import type { ExpertRecipe } from './experts.ts';

/**
 * What own posts count for the expert of public ones, and the reverse: enough to lend each other words, too little to move
 * what each calls neutral. By cross-validation.
 */
const LENT = { ownToPublic: 0.1, publicToOwn: 0.5 };
/**
 * Of labels given with a probability of at least 0.8, this part must be right in every source of cross-validation: more
 * than promised, since new posts differ from those trained on, those of Darija most (its public test posts are far from
 * the ones to train on).
 */
export const SURE_RIGHT: Readonly<Record<Group, number>> = { fr: 0.9, ar: 0.9, ary: 0.94, en: 0.9, es: 0.9 };
const isOwn = (source: string): boolean => /^(?:posts|sample)/.test(source);

const SENTIMENT = {
  classes: 3,
  epochs: 8,
  rate: 0.07,
  l2: 0.01,
  leastPosts: 2,
  mostFeatures: 50_000,
  seed: 3,
};

/** For the sentiment of a language group. */
export const sentimentRecipe = (): ExpertRecipe => ({
  ...SENTIMENT,
  /** The labels of own posts are cleaner: they need less holding back. */
  l2Of: { public: 0.01, own: 0.003 },
  gateEpochs: 4,
  isOwn,
  factorsOf: (source) => (isOwn(source) ? { public: LENT.ownToPublic, own: 1 } : { public: 1, own: LENT.publicToOwn }),
});

/** For language identification. */
export const LANGUAGE: Recipe = {
  ...SENTIMENT,
  classes: LANGUAGES.length,
  epochs: 5,
  rate: 0.1,
  l2: 1e-5,
  mostFeatures: 40_000,
  leastPosts: 3,
  factorOf: () => 1,
};
