/**
 * From log odds to a score, a label and a probability, and the explanation that adds up to them.
 * Called by sentiment.ts; whoever shows an explanation may recompute its score here.
 * Try it: npx vitest run --project unit tests/unit/nlp-explanation.test.ts
 */
import type { Explanation } from '../contracts/analysis.ts';
import type { Label } from '../contracts/words.ts';

/** Every number here that decides a result; hashed into the name of the model. */
export const SCORE_RULES = {
  /** Contributions listed one by one; the others, the smallest, are summed up in `rest`. */
  listed: 16,
  /** Weights are rounded to this many parts, so that stored explanations add up again exactly. */
  parts: 1e6,
  /** Log odds beyond this change nothing that can be stored. */
  largestOdds: 30,
} as const;

/** Log odds: for positive rather than negative, and for neither. */
export interface Odds {
  polarity: number;
  neutral: number;
}

export interface Verdict {
  readonly label: Exclude<Label, 'not_scored'>;
  /** Probability of positive minus that of negative, in [-1, 1]. */
  readonly score: number;
  /** Probability of the label, in [1/3, 1]. */
  readonly probability: number;
}

/** The three probabilities of log odds, and what they say. */
export function verdictOf({ polarity, neutral }: Odds): Verdict {
  const a = clamp(polarity, SCORE_RULES.largestOdds);
  const positive = Math.exp(a);
  const negative = Math.exp(-a);
  const neither = Math.exp(clamp(neutral, SCORE_RULES.largestOdds));
  const total = positive + negative + neither;
  const score = rounded((positive - negative) / total);
  if (neither >= positive && neither >= negative)
    return { label: 'neutral', score, probability: rounded(neither / total) };
  return positive > negative
    ? { label: 'positive', score, probability: rounded(positive / total) }
    : { label: 'negative', score, probability: rounded(negative / total) };
}

/** The score that an explanation stands for. */
export function recompute(explanation: Explanation): number {
  const odds = oddsOf(explanation);
  return explanation.neutral_bias === undefined ? clamp(odds.polarity, 1) : verdictOf(odds).score;
}

/** The sums of an explanation. */
export function oddsOf({ bias, neutral_bias = 0, contributions, rest, neutral_rest = 0 }: Explanation): Odds {
  let polarity = bias + rest;
  let neutral = neutral_bias + neutral_rest;
  for (const contribution of contributions) {
    polarity += contribution.weight;
    neutral += contribution.neutral ?? 0;
  }
  return { polarity, neutral };
}

const clamp = (value: number, most: number): number => Math.max(-most, Math.min(most, value));
/** Rounded as stored. `+ 0` turns -0 into 0, which JSON could not carry. */
export const rounded = (value: number): number => Math.round(value * SCORE_RULES.parts) / SCORE_RULES.parts + 0;
