/**
 * How the weights are fitted: numbers chosen by cross-validation, never by a dev or test set.
 * Called by train/main.ts and by the scorecard, which fits language weights of its own without the posts it measures on.
 */
import { LANGUAGES } from '../../shared/nlp/groups.ts';
import type { Recipe } from './crossValidate.ts';

/** What own posts count beside public ones: they are cleaner and of the domain, but more alike. By cross-validation. */
const OWN_FACTOR = 0.6;
const isOwn = (source: string): boolean => /^(?:posts|sample)/.test(source);

/** One for all language groups. */
export const SENTIMENT: Recipe = {
  classes: 3,
  epochs: 8,
  rate: 0.07,
  l2: 0.01,
  leastPosts: 2,
  mostFeatures: 50_000,
  seed: 3,
  factorOf: (source) => (isOwn(source) ? OWN_FACTOR : 1),
};
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
