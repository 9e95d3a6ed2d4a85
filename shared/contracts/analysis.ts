/**
 * What the analyser says of one text. Written by shared/nlp/analyse.ts, stored with the post, shown by the API.
 * Offsets are UTF-16 code units into the stored text; scores are in [-1, 1]; probabilities in [0, 1].
 */
import { z } from 'zod';
import { Label } from './words.ts';

/**
 * Why a span weighs: a lexicon entry, what was trained of words and letters, an emoji, or a rule that changed what a
 * neighbour weighs (the span is then the word that changed it: the negation, the intensifier, the "but").
 */
export const ContributionReason = z.enum([
  'lexicon',
  'ngram',
  'emoji',
  'negation',
  'intensifier',
  'contrast',
  'damping',
]);
export type ContributionReason = z.infer<typeof ContributionReason>;

/** Offsets and weights, never words: erasing the text erases what the explanation can show. */
export const Contribution = z.object({
  start: z.int().min(0),
  end: z.int().min(0),
  /** Speaks for positive (above 0) or negative (below 0), in log odds. */
  weight: z.number(),
  /** Speaks for neither, in log odds; may be below 0. */
  neutral: z.number().optional(),
  reason: ContributionReason,
});
export type Contribution = z.infer<typeof Contribution>;

/**
 * With a = bias + sum of the weights + rest and b = neutral_bias + sum of the neutrals + neutral_rest:
 * score = (e^a - e^-a) / (e^a + e^-a + e^b), to 1e-6. The three parts e^a, e^-a, e^b over their sum are the
 * probabilities of positive, negative and neutral. Without neutral_bias (what the first scorer stored):
 * score = clamp(a, -1, 1).
 */
export const Explanation = z.object({
  bias: z.number(),
  neutral_bias: z.number().optional(),
  contributions: z.array(Contribution),
  /** Sums of the contributions that were too small to list. */
  rest: z.number(),
  neutral_rest: z.number().optional(),
});
export type Explanation = z.infer<typeof Explanation>;

/** A sentence of the text, in UTF-16 code units. */
export const SentenceAnalysis = z.object({
  start: z.int().min(0),
  end: z.int().min(0),
  language: z.string(),
  label: Label,
  /** null exactly when the label is not_scored */
  score: z.number().min(-1).max(1).nullable(),
  probability: z.number().min(0).max(1).nullable(),
});
export type SentenceAnalysis = z.infer<typeof SentenceAnalysis>;

export const TopicMention = z.object({
  topic: z.string(),
  label: Label,
  /** null exactly when the label is not_scored */
  score: z.number().min(-1).max(1).nullable(),
});
export type TopicMention = z.infer<typeof TopicMention>;

export const EntityMention = z.object({
  /** One identity for all spellings: `city:casablanca` for الدار البيضاء, Casablanca and kaza. */
  entity: z.string(),
  kind: z.enum(['place', 'company', 'institution', 'person']),
  start: z.int().min(0),
  end: z.int().min(0),
});
export type EntityMention = z.infer<typeof EntityMention>;

export const Analysis = z.object({
  language: z.string(),
  label: Label,
  /** null exactly when the label is not_scored */
  score: z.number().min(-1).max(1).nullable(),
  /** How often such a label is right; null when not scored. */
  probability: z.number().min(0).max(1).nullable(),
  /** The languages of a mixed text, the larger first; empty for any other. */
  parts: z.array(z.string()),
  sentences: z.array(SentenceAnalysis),
  topics: z.array(TopicMention),
  entities: z.array(EntityMention),
  explanation: Explanation.nullable(),
  /** Version of everything that decides language and sentiment: same model and text, same result. */
  model: z.string(),
  /** Version of the taxonomy, users' terms included. Changing terms never changes a sentiment score. */
  topics_version: z.string(),
});
export type Analysis = z.infer<typeof Analysis>;
