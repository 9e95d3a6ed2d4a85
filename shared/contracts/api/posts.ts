/** Contract of /v1/posts: reading them newest first, one with its explanation, and pushing them. */
import { z } from 'zod';
import { EntityMention, Explanation, TopicMention } from '../analysis.ts';
import { Label, PostKind } from '../words.ts';
import { FieldProblem, filterParameters, formatParameter, rangeParameters } from './common.ts';

export const PostsQuery = z.strictObject({
  ...rangeParameters,
  ...filterParameters,
  q: z
    .string()
    .trim()
    .min(2)
    .max(200)
    .refine((text) => !text.includes('\0'), 'holds a NUL character')
    .optional()
    .meta({ description: 'Only posts whose title or text holds these characters, case ignored', type: 'string' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(20)
    .meta({ description: 'Of a JSON page; CSV and NDJSON give all, up to 100,000' }),
  cursor: z.string().max(500).optional().meta({ description: 'next_cursor of the page before' }),
  include: z.enum(['total']).optional().meta({ description: 'Also the number of posts of all pages' }),
  format: formatParameter,
});
export type PostsQuery = z.infer<typeof PostsQuery>;

const Instant = z.iso.datetime({ offset: true });

export const Post = z
  .object({
    id: z.string(),
    published_at: Instant,
    local: z
      .string()
      .meta({ description: 'published_at on the wall clock of the reporting zone, YYYY-MM-DDTHH:MM:SS' }),
    utc_offset: z.string(),
    site: z.string(),
    source: z.object({ id: z.int(), name: z.string() }),
    kind: PostKind,
    title: z.string().nullable(),
    text: z.string(),
    url: z.string().nullable(),
    language: z.string(),
    label: Label.meta({ description: 'The human label, else that of the model' }),
    model_label: Label,
    human_label: Label.nullable(),
    score: z.number().min(-1).max(1).nullable(),
    probability: z.number().min(0).max(1).nullable(),
    topics: z.array(TopicMention).meta({ description: 'Topics, each with its own label: that of the words about it' }),
    reach: z.int().nullable(),
    thread: z.string().nullable(),
    author: z.string().nullable().meta({ description: 'Pseudonym: the same author at the same site has the same' }),
    revision: z.int(),
  })
  .meta({ id: 'Post' });
export type Post = z.infer<typeof Post>;

export const PostPage = z
  .object({
    range: z.object({ from: Instant, to: Instant }),
    total: z.int().optional(),
    next_cursor: z.string().nullable(),
    posts: z.array(Post),
  })
  .meta({ id: 'PostPage' });
export type PostPage = z.infer<typeof PostPage>;

export const PostDetail = Post.extend({
  edited_at: Instant.nullable(),
  collected_at: Instant,
  model: z.string(),
  topics_version: z.string(),
  vendor_sentiment: z.string().nullable(),
  explanation: Explanation.nullable(),
  entities: z.array(EntityMention),
}).meta({ id: 'PostDetail' });
export type PostDetail = z.infer<typeof PostDetail>;

/** Longest push. */
export const MAX_PUSH = 1_000;

/** The envelope only: each post is checked alone, so that one wrong post does not refuse the others. */
export const PushBody = z.strictObject({
  source: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .default('push')
    .meta({ description: 'Name of the push source, made on first use' }),
  posts: z.array(z.unknown()).min(1).max(MAX_PUSH).meta({ description: 'Each as CollectedPost' }),
});
export type PushBody = z.infer<typeof PushBody>;

export const PushItem = z.object({
  index: z.int(),
  status: z.enum(['accepted', 'duplicate', 'invalid']),
  errors: z.array(FieldProblem).optional(),
});
export type PushItem = z.infer<typeof PushItem>;

export const PushAnswer = z
  .object({ source: z.int(), accepted: z.int(), duplicate: z.int(), invalid: z.int(), items: z.array(PushItem) })
  .meta({ id: 'PushAnswer' });
export type PushAnswer = z.infer<typeof PushAnswer>;
