/**
 * Multiplies the features of a text with the trained weights of its group.
 * Called by sentiment.ts. Two outputs: how much speaks for positive rather than negative (`polarity`), and how much for
 * neither (`neutral`), both in log odds. Try it: npx vitest run --project unit tests/unit/nlp-explanation.test.ts
 *
 * The sums are those of features.ts. What a word brings by itself is computed once a word and group; what each token of a
 * text brings is computed once a text (TokenSums), and the whole text, its sentences and its clauses add it up.
 */
import { GROUPS, type Group } from '../groups.ts';
import type { Marks } from '../lexicon/annotate.ts';
import type { Odds } from '../score.ts';
import { letterFeatures, type Word, type WordScores } from '../wink/words.ts';
import {
  endFeature,
  HIT_FEATURES,
  hitFeatures,
  hitScale,
  negatedFeature,
  pairFeature,
  type Stretch,
  scalesOf,
  skipFeature,
  stemFeature,
  visitShape,
  wordFeature,
} from './features.ts';
import type { Weights } from './weights.ts';

/** What tokens bring, in steps of the weights: two whole numbers a token, polarity then neutral. */
export interface TokenSums {
  /** The word by itself. */
  readonly own: Int32Array;
  /** What a negation makes of it. */
  readonly negated: Int32Array;
  /** With the word before it (and the end of the sentence after it), with the word before that. */
  readonly pairs: Int32Array;
  readonly skips: Int32Array;
  readonly letters: Int32Array;
}

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

export const emptySums = (tokens: number): TokenSums => ({
  own: new Int32Array(tokens * 2),
  negated: new Int32Array(tokens * 2),
  pairs: new Int32Array(tokens * 2),
  skips: new Int32Array(tokens * 2),
  letters: new Int32Array(tokens * 2),
});

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
  const scoresOf = (word: Word): WordScores =>
    word.scoresGroup === number ? (word.scores as WordScores) : (word.otherScores?.[number] ?? prepare(word));

  function prepare(word: Word): WordScores {
    let lettersPolarity = 0;
    let lettersNeutral = 0;
    letterFeatures(word, (feature) => {
      const row = weights.row(feature);
      if (row < 0) return;
      lettersPolarity += weights.steps(row, POLARITY);
      lettersNeutral += weights.steps(row, NEUTRAL);
    });
    const own = weights.row(wordFeature(word));
    const stem = word.stemHash === 0 ? -1 : weights.row(stemFeature(word));
    const negated = weights.row(negatedFeature(word));
    const scores: WordScores = {
      known: own >= 0 || stem >= 0,
      polarity: stepsOf(own, POLARITY) + stepsOf(stem, POLARITY),
      neutral: stepsOf(own, NEUTRAL) + stepsOf(stem, NEUTRAL),
      negatedPolarity: stepsOf(negated, POLARITY),
      negatedNeutral: stepsOf(negated, NEUTRAL),
      lettersPolarity,
      lettersNeutral,
    };
    if (word.scoresGroup < 0) {
      word.scoresGroup = number;
      word.scores = scores;
    } else {
      word.otherScores ??= [];
      word.otherScores[number] = scores;
    }
    return scores;
  }

  const addFeature = (feature: number, to: Int32Array, token: number): void => {
    const row = weights.row(feature);
    if (row < 0) return;
    const place = token * 2;
    to[place] = (to[place] as number) + weights.steps(row, POLARITY);
    to[place + 1] = (to[place + 1] as number) + weights.steps(row, NEUTRAL);
  };

  const fill: Scorer['fill'] = (words, marks, from, to, { own, negated, pairs, skips, letters }) => {
    for (let i = from; i < to; i += 1) {
      const word = words[i] as Word;
      if (word.form === '') continue;
      const scores = scoresOf(word);
      const place = i * 2;
      own[place] = scores.polarity;
      own[place + 1] = scores.neutral;
      letters[place] = scores.lettersPolarity;
      letters[place + 1] = scores.lettersNeutral;
      if (marks.negators[i] !== 0) {
        negated[place] = scores.negatedPolarity;
        negated[place + 1] = scores.negatedNeutral;
      }
      addFeature(pairFeature(words, i, from), pairs, i);
      if (i + 1 === to) addFeature(endFeature(word), pairs, i);
      if (i - 2 >= from) addFeature(skipFeature(words, i), skips, i);
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
    const odds = { polarity: biasPolarity, neutral: biasNeutral };
    visitShape(hits, tokens, (feature, value) => {
      odds.polarity += at(feature, POLARITY) * value;
      odds.neutral += at(feature, NEUTRAL) * value;
    });
    return odds;
  };

  const odds: Scorer['odds'] = (stretch, { own, negated, pairs, skips, letters }) => {
    const { marks, sentences } = stretch;
    const { tokens, perWord, perLetters } = scalesOf(stretch);
    const [polarityStep, neutralStep] = steps;
    const sum = wholeOdds(marks, tokens);
    for (const [from, to] of sentences) {
      for (let i = from; i < to; i += 1) {
        const factor = marks.factors[i] as number;
        const p = i * 2;
        const n = p + 1;
        const wordly = (own[p] as number) + (negated[p] as number) + (pairs[p] as number) + (skips[p] as number);
        const plain = (own[n] as number) + (negated[n] as number) + (pairs[n] as number) + (skips[n] as number);
        sum.polarity += factor * polarityStep * (wordly * perWord + (letters[p] as number) * perLetters);
        sum.neutral += factor * neutralStep * (plain * perWord + (letters[n] as number) * perLetters);
      }
    }
    const scale = hitScale(marks.hits);
    for (const [n, hit] of marks.hits.entries()) {
      const brought = hitOdds(stretch, n, hit.negated, hit.factor, scale * (marks.factors[hit.first] as number));
      sum.polarity += brought.polarity;
      sum.neutral += brought.neutral;
    }
    return sum;
  };

  return { group, weights, steps, fill, odds, hitOdds, wholeOdds, knows: (word) => scoresOf(word).known };
}
