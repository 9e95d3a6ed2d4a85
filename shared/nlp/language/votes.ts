/**
 * How much a word speaks for each of the six languages: trained weights of the word and of the letters in it.
 * Called by detect.ts and by the training script. Accents count here: they tell languages apart.
 */
import { LANGUAGES } from '../groups.ts';
import { hashRuns, hashText, KIND, mix } from '../linear/hash.ts';
import type { Weights } from '../linear/weights.ts';
import { isSpelled, type Word } from '../wink/words.ts';

const LETTERS_TO = 4;
const LONGEST = 30;

/** True for tokens whose letters tell a language: no address, number or emoji, nothing all in capitals like a name. */
export const speaks = (word: Word): boolean => isSpelled(word.kind) && word.form !== '' && !word.form.startsWith('<');

/** Gives the features of a word; none for what tells nothing. */
export function visitLanguageFeatures(word: Word, visit: (feature: number) => void): void {
  if (!speaks(word)) return;
  const text = word.text.toLowerCase().replace(/^#/, '').slice(0, LONGEST);
  visit(mix(hashText(text), KIND.language));
  hashRuns(text, 1, LETTERS_TO, (hash, length) => visit(mix(hash, KIND.language ^ length)));
}

/** Every word counts the same, however long: its letters share its voice. */
export const featureValue = (features: number): number => 1 / Math.sqrt(Math.max(1, features));

/** Votes of a word for each of LANGUAGES, computed once a word. */
export function votesOf(word: Word, weights: Weights): Float64Array {
  if (word.votes) return word.votes;
  const votes = new Float64Array(LANGUAGES.length);
  word.votes = votes;
  let features = 0;
  visitLanguageFeatures(word, (feature) => {
    features += 1;
    const row = weights.row(feature);
    if (row < 0) return;
    for (let n = 0; n < LANGUAGES.length; n += 1) votes[n] = (votes[n] as number) + weights.steps(row, n);
  });
  const value = featureValue(features);
  for (let n = 0; n < LANGUAGES.length; n += 1) {
    votes[n] = (votes[n] as number) * value * (weights.header.scales[n] as number);
  }
  return votes;
}
