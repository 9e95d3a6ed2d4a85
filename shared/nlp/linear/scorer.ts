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
  perWordOf,
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
  /** True when the expert of own posts is the one to score a stretch; its sums need not be filled. */
  isOwn(stretch: Stretch): boolean;
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

const noScores = (): WordScores => ({
  known: false,
  wholes0: 0,
  wholes1: 0,
  negated0: 0,
  negated1: 0,
  letters0: 0,
  letters1: 0,
  gate: 0,
});

export const emptySums = (tokens: number): TokenSums => new Int32Array(tokens * SUMS);

/**
 * Which weights of a file score a text: those learned for posts like the public sets or for posts like the project's own
 * (see infra/train/experts.ts).
 */
export const EXPERT = { public: 0, own: 1 } as const;
type ExpertNumber = (typeof EXPERT)[keyof typeof EXPERT];
/** The output that speaks for the expert of own posts, after two of each expert. */
const GATE = 4;

/** The outputs of the weights must be `polarity` and `neutral` of each expert, then the gate. */
export function createScorer(group: Group, weights: Weights, expert: ExpertNumber): Scorer {
  const number = GROUPS.indexOf(group);
  const POLARITY = expert * 2;
  const NEUTRAL = POLARITY + 1;
  const { bias, scales } = weights.header;
  const [biasPolarity, biasNeutral, biasGate] = [bias[POLARITY] ?? 0, bias[NEUTRAL] ?? 0, bias[GATE] ?? 0];
  const [polarityScale, neutralScale, gateScale] = [scales[POLARITY] ?? 0, scales[NEUTRAL] ?? 0, scales[GATE] ?? 0];
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
    word.otherScores[number] ??= prepare(word, noScores());
    return word.otherScores[number];
  };

  // For both experts at once: finding a row costs more than reading it, and either may be asked next.
  function prepare(word: Word, scores: WordScores): WordScores {
    let [polarity, neutral, ownPolarity, ownNeutral] = [0, 0, 0, 0];
    hashLetters(word);
    for (let k = 0; k < RUNS.count; k += 1) {
      const row = weights.row(letterFeature(RUNS.hashes[k] as number));
      if (row < 0) continue;
      polarity += weights.steps(row, 0);
      neutral += weights.steps(row, 1);
      ownPolarity += weights.steps(row, 2);
      ownNeutral += weights.steps(row, 3);
    }
    const whole = weights.row(wordFeature(word));
    const stem = word.stemHash === 0 ? -1 : weights.row(stemFeature(word));
    const negated = weights.row(negatedFeature(word));
    const both = (output: number): number => stepsOf(whole, output) + stepsOf(stem, output);
    scores.known = whole >= 0 || stem >= 0;
    scores.wholes0 = pack(both(0), both(1));
    scores.wholes1 = pack(both(2), both(3));
    scores.negated0 = pack(stepsOf(negated, 0), stepsOf(negated, 1));
    scores.negated1 = pack(stepsOf(negated, 2), stepsOf(negated, 3));
    scores.letters0 = pack(polarity, neutral);
    scores.letters1 = pack(ownPolarity, ownNeutral);
    scores.gate = both(GATE);
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
      const whole = expert === 0 ? scores.wholes0 : scores.wholes1;
      const letters = expert === 0 ? scores.letters0 : scores.letters1;
      sums[at + OWN] = highOf(whole);
      sums[at + OWN + 1] = lowOf(whole);
      sums[at + LETTERS] = highOf(letters);
      sums[at + LETTERS + 1] = lowOf(letters);
      if (marks.negators[i] !== 0) {
        const negated = expert === 0 ? scores.negated0 : scores.negated1;
        sums[at + NEGATED] = highOf(negated);
        sums[at + NEGATED + 1] = lowOf(negated);
      }
      addFeature(pairFeature(words, i, from), sums, at + PAIRS);
      if (i + 1 === to) addFeature(endFeature(word), sums, at + PAIRS);
      if (i - 2 >= from) addFeature(skipFeature(words, i), sums, at + SKIPS);
    }
  };

  const isOwn: Scorer['isOwn'] = ({ words, marks, sentences }) => {
    let sum = 0;
    let tokens = 0;
    for (let n = 0; n < sentences.length; n += 1) {
      const sentence = sentences[n] as readonly [number, number];
      for (let i = sentence[0]; i < sentence[1]; i += 1) {
        const word = words[i] as Word;
        if (word.blank) continue;
        tokens += 1;
        sum += scoresOf(word).gate * (marks.factors[i] as number);
      }
    }
    return biasGate + sum * gateScale * perWordOf(tokens) > 0;
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

  const knows: Scorer['knows'] = (word) => scoresOf(word).known;
  return { group, weights, steps, isOwn, fill, odds, hitOdds, wholeOdds, knows };
}

/** Everything but the letters that one output is told of a token; `place` is that of its first sum. */
const sumOfWords = (sums: TokenSums, place: number): number =>
  (sums[place + OWN] as number) +
  (sums[place + NEGATED] as number) +
  (sums[place + PAIRS] as number) +
  (sums[place + SKIPS] as number);
