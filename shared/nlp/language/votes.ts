/**
 * How much a word speaks for each of the six languages: trained weights of the word and of the letters in it.
 * Called by detect.ts and by the training script. Accents count here: they tell languages apart.
 */
import { LANGUAGES } from '../groups.ts';
import { hashRuns, hashText, highOf, KIND, lowOf, mix, pack, RUNS } from '../linear/hash.ts';
import type { Weights } from '../linear/weights.ts';
import type { Word } from '../wink/words.ts';

const LETTERS_TO = 4;
const LONGEST = 30;

/** Gives the features of a word; none for what tells nothing. */
export function visitLanguageFeatures(word: Word, visit: (feature: number) => void): void {
  if (!word.speaks) return;
  const text = word.text.toLowerCase().replace(/^#/, '').slice(0, LONGEST);
  visit(mix(hashText(text), KIND.language));
  hashRuns(text, 1, LETTERS_TO);
  for (let i = 0; i < RUNS.count; i += 1) {
    visit(mix(RUNS.hashes[i] as number, KIND.language ^ (RUNS.lengths[i] as number)));
  }
}

/** Every word counts the same, however long: its letters share its voice. */
export const featureValue = (features: number): number => 1 / Math.sqrt(Math.max(1, features));

/** The value of each feature of a word, by how many it has; LONGEST bounds them. */
const VALUES = Array.from({ length: LETTERS_TO * (LONGEST + 2) + 2 }, (_, features) => featureValue(features));

// What is being summed up stands here, so that no closure is made for each word.
let table: Weights | undefined;
let features = 0;
const sums = new Int32Array(LANGUAGES.length);

function addVotes(feature: number): void {
  features += 1;
  const row = table === undefined ? -1 : table.row(feature);
  if (row < 0 || table === undefined) return;
  for (let n = 0; n < sums.length; n += 1) sums[n] = (sums[n] as number) + table.steps(row, n);
}

/** Notes the votes of a word for each of LANGUAGES: whole numbers, to be multiplied by the value and the scales. */
function prepare(word: Word, weights: Weights): void {
  table = weights;
  features = 0;
  sums.fill(0);
  visitLanguageFeatures(word, addVotes);
  word.voices = features;
  word.votes0 = pack(sums[0] as number, sums[1] as number);
  word.votes2 = pack(sums[2] as number, sums[3] as number);
  word.votes4 = pack(sums[4] as number, sums[5] as number);
}

/** Adds what a word that speaks says for each of LANGUAGES, found once a word. */
export function addVotesOf(word: Word, weights: Weights, to: Float64Array): void {
  if (word.voices === 0) prepare(word, weights);
  const value = VALUES[word.voices] as number;
  const { scales } = weights.header;
  to[0] = (to[0] as number) + highOf(word.votes0) * value * (scales[0] as number);
  to[1] = (to[1] as number) + lowOf(word.votes0) * value * (scales[1] as number);
  to[2] = (to[2] as number) + highOf(word.votes2) * value * (scales[2] as number);
  to[3] = (to[3] as number) + lowOf(word.votes2) * value * (scales[3] as number);
  to[4] = (to[4] as number) + highOf(word.votes4) * value * (scales[4] as number);
  to[5] = (to[5] as number) + lowOf(word.votes4) * value * (scales[5] as number);
}
