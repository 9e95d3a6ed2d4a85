/**
 * What the analyser says of one text. Written by shared/nlp/analyse.ts, stored with the post, shown by the API.
 * Offsets are UTF-16 code units into the stored text; scores are in [-1, 1]; probabilities in [0, 1].
 */
import { z } from 'zod';
import { Label } from './words.ts';

/** Why a span weighs: a lexicon entry, a trained n-gram, an emoji, or a rule that changed a neighbour's weight. */
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
  weight: z.number(),
  reason: ContributionReason,
});
export type Contribution = z.infer<typeof Contribution>;

/** score = clamp(bias + sum of the weights + rest, -1, 1), to 1e-6. */
export const Explanation = z.object({
  bias: z.number(),
  contributions: z.array(Contribution),
  /** Sum of the contributions that were too small to list. */
  rest: z.number(),
});
export type Explanation = z.infer<typeof Explanation>;

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
  /** How sure the label is; null when not scored. */
  probability: z.number().min(0).max(1).nullable(),
  topics: z.array(TopicMention),
  entities: z.array(EntityMention),
  explanation: Explanation.nullable(),
  /** Version of everything that decides language and sentiment: same model and text, same result. */
  model: z.string(),
  /** Version of the taxonomy, users' terms included. Changing terms never changes a sentiment score. */
  topics_version: z.string(),
});
export type Analysis = z.infer<typeof Analysis>;
