/** Contract of /v1/topics: what posts are sorted into, the terms that people add, and what a term would match. */
import { z } from 'zod';
import { TermLanguage } from '../words.ts';
import { TopicCode } from './common.ts';
import { Post } from './posts.ts';
import { IdParams } from './sources.ts';

/** Longest term, in UTF-16 code units and in words. */
export const MAX_TERM = 100;
export const MAX_TERM_WORDS = 10;
/** Most terms of one request. */
export const MAX_TERMS = 100;

const Instant = z.iso.datetime({ offset: true });
const Count = z.int().min(0);

/** What a term's text must be is checked in shared/terms.ts, for the command line too. */
export const NewTerm = z
  .strictObject({
    language: TermLanguage,
    term: z.string().meta({
      description: `A word or up to ${MAX_TERM_WORDS}, at most ${MAX_TERM} characters. Accents, capitals and Arabic spellings do not matter; begun with = it wants its capitals as written`,
    }),
  })
  .meta({ id: 'NewTerm' });
export type NewTerm = z.infer<typeof NewTerm>;

export const TopicTerm = z
  .object({ id: z.int(), language: z.string(), term: z.string(), created_at: Instant })
  .meta({ id: 'TopicTerm' });
export type TopicTerm = z.infer<typeof TopicTerm>;

export const Topic = z
  .object({
    code: z.string(),
    names: z.record(z.string(), z.string()),
    own: z.boolean().meta({ description: 'Added by people, not brought by Sada' }),
    terms: z.array(TopicTerm).meta({ description: 'Terms that people added; those that Sada brings are not listed' }),
  })
  .meta({ id: 'Topic' });
export type Topic = z.infer<typeof Topic>;

const Revision = z.int().meta({ description: 'Changes with every edit of topics and terms' });
const RescoreNeeded = z.boolean().meta({
  description: 'Posts that are stored already keep their topics until `sada rescore`; new posts follow within a second',
});

export const TopicList = z.object({ revision: Revision, topics: z.array(Topic) }).meta({ id: 'TopicList' });

const Name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'holds a control character or a line break');

export const NewTopicBody = z
  .strictObject({
    code: TopicCode.meta({ description: 'Small Latin letters, digits and _, begun with a letter; never changes' }),
    names: z.strictObject({ fr: Name, ar: Name, en: Name }),
    terms: z.array(NewTerm).max(MAX_TERMS).default([]),
  })
  .meta({ id: 'NewTopic' });
export const NewTopicAnswer = z
  .object({ topic: Topic, revision: Revision, rescore_needed: RescoreNeeded })
  .meta({ id: 'NewTopicAnswer' });

export const NewTermsBody = z
  .strictObject({ terms: z.array(NewTerm).min(1).max(MAX_TERMS) })
  .meta({ id: 'NewTerms', description: 'All are added or none' });
export const NewTermsAnswer = z
  .object({ topic: z.string(), terms: z.array(TopicTerm), revision: Revision, rescore_needed: RescoreNeeded })
  .meta({ id: 'NewTermsAnswer' });

export const RemovedTermAnswer = z
  .object({ topic: z.string(), term: TopicTerm, revision: Revision, rescore_needed: RescoreNeeded })
  .meta({ id: 'RemovedTermAnswer' });

/** What is no code or no id names nothing: the answer is 404. */
export const TopicParams = z.strictObject({ code: TopicCode });
export const TermParams = z.strictObject({ code: TopicCode, id: IdParams.shape.id });

export const PreviewBody = z
  .strictObject({
    topic: TopicCode.optional().meta({ description: 'The topic that the terms are for; none for a new one' }),
    terms: z.array(NewTerm).min(1).max(MAX_TERMS),
  })
  .meta({ id: 'TermPreviewRequest' });

export const PreviewAnswer = z
  .object({
    looked_at: Count.meta({ description: 'Posts that were tried: the latest 5,000, or as many as 2 seconds allow' }),
    since: Instant.nullable().meta({ description: 'Publication of the oldest of them' }),
    matched: Count.meta({ description: 'Posts with at least one of the terms' }),
    matched_new: Count.meta({ description: 'Those of them that the topic does not have yet' }),
    terms: z.array(z.object({ language: z.string(), term: z.string(), matched: Count })),
    examples: z
      .array(
        z.object({
          id: z.string(),
          new: z.boolean().meta({ description: 'The topic does not have this post yet' }),
          spans: z.array(
            z.object({
              start: Count.meta({ description: 'In UTF-16 code units of the text' }),
              end: Count,
              term: Count.meta({ description: 'Place of the term in the request, from 0' }),
            }),
          ),
          post: Post.nullable().meta({ description: 'null for a key that may not read posts' }),
        }),
      )
      .meta({ description: 'At most 10, new ones first, then the latest' }),
  })
  .meta({ id: 'TermPreview' });
export type PreviewAnswer = z.infer<typeof PreviewAnswer>;
