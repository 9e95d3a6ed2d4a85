/**
 * Multiplies the features of a text with the trained weights of its group.
 * Called by sentiment.ts. Two outputs: how much speaks for positive rather than negative (`polarity`), and how much for
 * neither (`neutral`), both in log odds. Try it: npx vitest run --project unit tests/unit/nlp-explanation.test.ts
 *
 * The sums are those of features.ts. What a word brings by itself is computed once a word and group; what each token of a
 * text brings is computed once a text (TokenSums), and the whole text, its sentences and its clauses add it up.
 */
import { GROUPS, type Group } from '../groups.ts';
import type { Hit, Marks } from '../lexicon/annotate.ts';
import type { Odds } from '../score.ts';
import { hashLetters, letterFeature, type Word, type WordScores } from '../wink/words.ts';
import {
  endFeature,
  HIT_FEATURES,
  hitFeatures,
  hitScale,
  lengthFeature,
  negatedFeature,
  pairFeature,
  SHAPE_COUNTS,
  type Stretch,
  scalesOf,
  sidesFeature,
  skipFeature,
  stemFeature,
  wordFeature,
} from './features.ts';
import { highOf, lowOf, pack, RUNS } from './hash.ts';
import type { Weights } from './weights.ts';

/**
 * What tokens bring, in steps of the weights: SUMS whole numbers a token. One array for all, so that what belongs to a
 * token stands together in memory; each number for neutral follows the one for polarity.
 */
export type TokenSums = Int32Array;
export const SUMS = 10;
/** Places in the sums of a token: the word by itself. */
export const OWN = 0;
/** What a negation makes of it. */
export const NEGATED = 2;
/** With the word before it (and the end of the sentence after it), with the word before that. */
export const PAIRS = 4;
export const SKIPS = 6;
export const LETTERS = 8;

export interface Scorer {
  readonly group: Group;
  readonly weights: Weights;
  /** What a step of the token sums is worth: for polarity, for neutral. */
  readonly steps: readonly [polarity: number, neutral: number];
  /** Fills the sums of the tokens `from` to `to` (exclusive), one sentence. */
  fill(words: readonly Word[], marks: Marks, from: number, to: number, sums: TokenSums): void;
  /** Log odds of a stretch whose tokens were filled. */
  odds(stretch: Stretch, sums: TokenSums): Odds;
  /** What the `n`th hit of a stretch brings, negated and intensified as told; `scale` is what it counts. */
  hitOdds(stretch: Stretch, n: number, negated: boolean, factor: number, scale: number): Odds;
  /** What belongs to a stretch as a whole: the bias, how many hits there are. */
  wholeOdds(marks: Marks, tokens: number): Odds;
  /** True when the weights know the word as a whole. */
  knows(word: Word): boolean;
}

const [POLARITY, NEUTRAL] = [0, 1];

export const emptySums = (tokens: number): TokenSums => new Int32Array(tokens * SUMS);

/** The outputs of the weights must be `polarity` and `neutral`. */
export function createScorer(group: Group, weights: Weights): Scorer {
  const number = GROUPS.indexOf(group);
  const [biasPolarity = 0, biasNeutral = 0] = weights.header.bias;
  const [polarityScale = 0, neutralScale = 0] = weights.header.scales;
  const steps = [polarityScale, neutralScale] as const;
  const at = (feature: number, output: number): number => {
    const row = weights.row(feature);
    return row < 0 ? 0 : weights.at(row, output);
  };
  const stepsOf = (row: number, output: number): number => (row < 0 ? 0 : weights.steps(row, output));
  const scoresOf = (word: Word): WordScores => {
    if (word.scoresGroup === number) return word;
    if (word.scoresGroup < 0) {
      word.scoresGroup = number;
      prepare(word, word);
      return word;
    }
    word.otherScores ??= [];
    word.otherScores[number] ??= prepare(word, { known: false, own: 0, negated: 0, letterSteps: 0 });
    return word.otherScores[number];
  };

  function prepare(word: Word, scores: WordScores): WordScores {
    let lettersPolarity = 0;
    let lettersNeutral = 0;
    hashLetters(word);
    for (let k = 0; k < RUNS.count; k += 1) {
      const row = weights.row(letterFeature(RUNS.hashes[k] as number));
      if (row < 0) continue;
      lettersPolarity += weights.steps(row, POLARITY);
      lettersNeutral += weights.steps(row, NEUTRAL);
    }
    const own = weights.row(wordFeature(word));
    const stem = word.stemHash === 0 ? -1 : weights.row(stemFeature(word));
    const negated = weights.row(negatedFeature(word));
    scores.known = own >= 0 || stem >= 0;
    scores.own = pack(stepsOf(own, POLARITY) + stepsOf(stem, POLARITY), stepsOf(own, NEUTRAL) + stepsOf(stem, NEUTRAL));
    scores.negated = pack(stepsOf(negated, POLARITY), stepsOf(negated, NEUTRAL));
    scores.letterSteps = pack(lettersPolarity, lettersNeutral);
    return scores;
  }

  const addFeature = (feature: number, sums: TokenSums, place: number): void => {
    const row = weights.row(feature);
    if (row < 0) return;
    sums[place] = (sums[place] as number) + weights.steps(row, POLARITY);
    sums[place + 1] = (sums[place + 1] as number) + weights.steps(row, NEUTRAL);
  };

  const fill: Scorer['fill'] = (words, marks, from, to, sums) => {
    for (let i = from; i < to; i += 1) {
      const word = words[i] as Word;
      const at = i * SUMS;
      for (let k = 0; k < SUMS; k += 1) sums[at + k] = 0;
      if (word.blank) continue;
      const scores = scoresOf(word);
      sums[at + OWN] = highOf(scores.own);
      sums[at + OWN + 1] = lowOf(scores.own);
      sums[at + LETTERS] = highOf(scores.letterSteps);
      sums[at + LETTERS + 1] = lowOf(scores.letterSteps);
      if (marks.negators[i] !== 0) {
        sums[at + NEGATED] = highOf(scores.negated);
        sums[at + NEGATED + 1] = lowOf(scores.negated);
      }
      addFeature(pairFeature(words, i, from), sums, at + PAIRS);
      if (i + 1 === to) addFeature(endFeature(word), sums, at + PAIRS);
      if (i - 2 >= from) addFeature(skipFeature(words, i), sums, at + SKIPS);
    }
  };

  const hitOdds: Scorer['hitOdds'] = ({ words, marks }, n, negated, factor, scale) => {
    let polarity = 0;
    let neutral = 0;
    hitFeatures(words, marks.hits, n, negated, factor, scale);
    for (let k = 0; k < HIT_FEATURES.count; k += 1) {
      const row = weights.row(HIT_FEATURES.features[k] as number);
      if (row < 0) continue;
      polarity += weights.at(row, POLARITY) * (HIT_FEATURES.values[k] as number);
      neutral += weights.at(row, NEUTRAL) * (HIT_FEATURES.values[k] as number);
    }
    return { polarity, neutral };
  };

  const wholeOdds: Scorer['wholeOdds'] = ({ hits }, tokens) => {
    const sides = sidesFeature(hits);
    const length = lengthFeature(tokens);
    let polarity = biasPolarity + at(sides, POLARITY) * SHAPE_COUNTS;
    let neutral = biasNeutral + at(sides, NEUTRAL) * SHAPE_COUNTS;
    if (length !== undefined) {
      polarity += at(length, POLARITY) * SHAPE_COUNTS;
      neutral += at(length, NEUTRAL) * SHAPE_COUNTS;
    }
    return { polarity, neutral };
  };

  const odds: Scorer['odds'] = (stretch, sums) => {
    const { marks, sentences } = stretch;
    const { tokens, perWord, perLetters } = scalesOf(stretch);
    let { polarity, neutral } = wholeOdds(marks, tokens);
    for (let s = 0; s < sentences.length; s += 1) {
      const sentence = sentences[s] as readonly [number, number];
      for (let i = sentence[0]; i < sentence[1]; i += 1) {
        const factor = marks.factors[i] as number;
        const p = i * SUMS;
        const wordly = sumOfWords(sums, p) * perWord + (sums[p + LETTERS] as number) * perLetters;
        const plain = sumOfWords(sums, p + 1) * perWord + (sums[p + LETTERS + 1] as number) * perLetters;
        polarity += factor * polarityScale * wordly;
        neutral += factor * neutralScale * plain;
      }
    }
    const scale = hitScale(marks.hits);
    for (let n = 0; n < marks.hits.length; n += 1) {
      const hit = marks.hits[n] as Hit;
      const brought = hitOdds(stretch, n, hit.negated, hit.factor, scale * (marks.factors[hit.first] as number));
      polarity += brought.polarity;
      neutral += brought.neutral;
    }
    return { polarity, neutral };
  };

  return { group, weights, steps, fill, odds, hitOdds, wholeOdds, knows: (word) => scoresOf(word).known };
}

/** Everything but the letters that one output is told of a token; `place` is that of its first sum. */
const sumOfWords = (sums: TokenSums, place: number): number =>
  (sums[place + OWN] as number) +
  (sums[place + NEGATED] as number) +
  (sums[place + PAIRS] as number) +
  (sums[place + SKIPS] as number);
