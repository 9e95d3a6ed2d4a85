/**
 * From weighted matches to a score, a label, a probability and an explanation that adds up to the score.
 * Called by english.ts and analyse.ts; pure arithmetic (no exp or log: the same result on every machine).
 * Try it: npx vitest run --project unit tests/unit/nlp-sentiment.test.ts
 */
import type { Contribution, Explanation } from '../contracts/analysis.ts';
import type { Label } from '../contracts/words.ts';

/** Every number that decides a result; hashed into the name of the model. */
export const SCORE_RULES = {
  /** A score nearer to 0 than this is neutral. */
  neutralBelow: 0.15,
  /** "not good" is bad, but less so than "good" is good. */
  negationFactor: 0.7,
  lowestProbability: 0.34,
  highestProbability: 0.9,
  /** Contributions listed one by one; the others, the smallest, are summed up in `rest`. */
  listed: 40,
  /** Weights are rounded to this many parts, so that stored explanations add up again exactly. */
  parts: 1e6,
} as const;

/** One scored span of a text, before aggregation. Offsets in UTF-16 code units, weight in [-1, 1]. */
export interface Match {
  readonly start: number;
  readonly end: number;
  readonly weight: number;
  readonly reason: 'lexicon' | 'emoji';
  /** Number of the sentence it stands in. */
  readonly sentence: number;
  /** Where the word stands that negates this one. */
  readonly negator?: { readonly start: number; readonly end: number } | undefined;
}

export interface Scored {
  readonly score: number;
  readonly probability: number;
  readonly explanation: Explanation;
  /** Scores of the sentences where something was matched, by number of the sentence. */
  readonly sentences: ReadonlyMap<number, number>;
}

/** `not_scored` exactly when there is no score. */
export function labelOf(score: number | null): Label {
  if (score === null) return 'not_scored';
  if (Math.abs(score) < SCORE_RULES.neutralBelow) return 'neutral';
  return score < 0 ? 'negative' : 'positive';
}

/**
 * Rises with the strength of the score and with the number of matches, within [0.34, 0.9].
 * Not calibrated yet: it orders results, it is not the share of them that is right.
 */
export function probabilityOf(score: number, matches: number): number {
  const { lowestProbability: low, highestProbability: high } = SCORE_RULES;
  return round(low + (high - low) * Math.min(1, Math.abs(score)) * (matches / (matches + 1)));
}

/** The mean of the sentences where something was matched, each the mean of its matches. Nothing matched: no score. */
export function aggregate(matches: readonly Match[]): Scored | null {
  if (matches.length === 0) return null;
  const bySentence = new Map<number, Match[]>();
  for (const match of matches) {
    const group = bySentence.get(match.sentence);
    if (group) group.push(match);
    else bySentence.set(match.sentence, [match]);
  }
  const contributions: Contribution[] = [];
  const sentences = new Map<number, number>();
  for (const [sentence, group] of bySentence) {
    sentences.set(sentence, clamp(mean(group.map(weightInContext))));
    for (const match of group) contributions.push(...contributionsOf(match, 1 / (group.length * bySentence.size)));
  }
  const explanation = explain(contributions);
  const score = recompute(explanation);
  return { score, probability: probabilityOf(score, matches.length), explanation, sentences };
}

/** The score that an explanation stands for. */
function recompute({ bias, contributions, rest }: Explanation): number {
  return clamp(contributions.reduce((sum, { weight }) => sum + weight, bias + rest));
}

/** Mean of scores; null of none. */
export function meanScore(scores: readonly number[]): number | null {
  return scores.length === 0 ? null : clamp(round(mean(scores)));
}

const weightInContext = ({ weight, negator }: Match): number =>
  negator ? -SCORE_RULES.negationFactor * weight : weight;

/** The word with its own weight, and the negator with what it changed: hiding either would mislead. */
function contributionsOf({ start, end, weight, reason, negator }: Match, share: number): Contribution[] {
  const own: Contribution = { start, end, weight: round(weight * share), reason };
  if (!negator) return [own];
  const changed = -(1 + SCORE_RULES.negationFactor) * weight * share;
  return [own, { start: negator.start, end: negator.end, weight: round(changed), reason: 'negation' }];
}

function explain(contributions: Contribution[]): Explanation {
  const strongestFirst = contributions.toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight) || a.start - b.start);
  const listed = strongestFirst.slice(0, SCORE_RULES.listed).sort((a, b) => a.start - b.start || a.end - b.end);
  const rest = strongestFirst.slice(SCORE_RULES.listed).reduce((sum, { weight }) => sum + weight, 0);
  return { bias: 0, contributions: listed, rest: round(rest) };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const clamp = (value: number): number => Math.max(-1, Math.min(1, value));
/** `+ 0` turns -0 into 0, which JSON could not carry. */
const round = (value: number): number => Math.round(value * SCORE_RULES.parts) / SCORE_RULES.parts + 0;
