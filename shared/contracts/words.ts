/**
 * The closed sets of words that tables, types, routes and screens share. One word a thing, everywhere.
 * Called by every layer; imports nothing but zod.
 */
import { z } from 'zod';

/** What a post is. A repost is amplification of another post, not an opinion of its own. */
export const PostKind = z.enum(['post', 'article', 'comment', 'repost']);
export type PostKind = z.infer<typeof PostKind>;

/** `not_scored` means that too little was understood to give a score: a class of its own, never neutral. */
export const Label = z.enum(['negative', 'neutral', 'positive', 'not_scored']);
export type Label = z.infer<typeof Label>;

/** The topics of the digital hub, in the order of their ids: topic id = index + 1, and 0 is "the post itself". */
export const TOPIC_CODES = [
  'data_centres',
  'investment',
  'jobs',
  'connectivity',
  'energy',
  'water',
  'sovereignty',
  'cybersecurity',
  'public_services',
  'startups',
  'ai',
  'education',
  'prices',
  'regional_role',
  'trade',
] as const;

/** Ids of the topics that come with the program. Those that people add are known to the database only. */
export const PACK_TOPIC_IDS: ReadonlyMap<string, number> = new Map(TOPIC_CODES.map((code, index) => [code, index + 1]));

/** Languages that a term can be said to belong to: those that are told apart (LANGUAGES in shared/nlp/groups.ts). */
export const TermLanguage = z.enum(['fr', 'ar', 'ary', 'ary-Latn', 'en', 'es']);

/** What is known of an hour of a source: all of it collected, a part, nothing although due, or still to come late. */
export const HourState = z.enum(['collected', 'partial', 'missing', 'late']);
export type HourState = z.infer<typeof HourState>;

/** What a visit to a source may have to tell that is no error. */
export const SourceNoteCode = z.enum(['cut_texts', 'empty_items', 'broken_feed', 'moved']);
