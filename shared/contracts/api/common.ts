/**
 * What the read endpoints share: the time range, the filters, the buckets and the measures. Query parameters arrive as
 * strings and leave as typed values; the same shapes are the OpenAPI document and the dashboard's types.
 */
import { z } from 'zod';
import { Label, PostKind } from '../words.ts';

export const PERIODS = ['24h', '7d', '30d', '90d', '12mo'] as const;
export const BUCKETS = ['hour', '3h', '6h', '12h', 'day', 'week', 'month'] as const;
export const DIMENSIONS = ['topic', 'language', 'source', 'kind', 'label'] as const;

export const Period = z.enum(PERIODS);
export type Period = z.infer<typeof Period>;
/** Whole local hours, days, weeks (from Monday) or months of the reporting zone. */
export const BucketSize = z.enum(BUCKETS);
export type BucketSize = z.infer<typeof BucketSize>;
export const Dimension = z.enum(DIMENSIONS);
export type Dimension = z.infer<typeof Dimension>;
export const Scope = z.enum([
  'read:aggregates',
  'read:posts',
  'write:posts',
  'write:sources',
  'write:topics',
  'write:alerts',
  'admin',
]);
export type Scope = z.infer<typeof Scope>;

const Instant = z.iso.datetime({ offset: true });
/** A topic's code. Which there are is in the database: people add some. */
export const TopicCode = z.string().regex(/^[a-z][a-z0-9_]{1,39}$/, 'expected the code of a topic, as energy');
const Language = z.string().regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/, 'expected a language code, as fr or ary-Latn');
const SourceId = z.coerce.number().int().min(1).max(2_147_483_647);

/** A comma-separated list in a query parameter. */
function listOf<T>(item: z.ZodType<T>, help: string) {
  return z
    .preprocess(
      (value) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value),
      z.array(item).min(1).max(50),
    )
    .optional()
    .meta({ description: `${help}; several separated by commas`, type: 'string' });
}

// An unencoded "+01:00" arrives as " 01:00": the plus sign of a query string is a space.
const instantParameter = z
  .string()
  .transform((value) => value.replace(/ (?=\d\d:\d\d$)/, '+'))
  .pipe(Instant)
  .optional();

/** `from`/`to`, or a `period` that ends with the running hour; by default the last 7 days. */
export const rangeParameters = {
  from: instantParameter.meta({
    description: 'Start, RFC 3339 with offset; snapped down to the whole UTC hour',
    type: 'string',
    format: 'date-time',
  }),
  to: instantParameter.meta({
    description: 'End (not included), RFC 3339 with offset; snapped up to the whole UTC hour; now by default',
    type: 'string',
    format: 'date-time',
  }),
  period: Period.optional().meta({ description: 'Instead of from and to: the time up to and with the running hour' }),
};

const parameters = {
  topic: listOf(TopicCode, 'Topic codes'),
  language: listOf(Language, 'Language codes'),
  source: listOf(SourceId, 'Source ids'),
  kind: listOf(PostKind, 'Kinds of post'),
  label: listOf(Label, 'Labels: only these are counted'),
};

/** Filters as query parameters; `language!=fr` excludes. */
export const filterParameters = {
  ...parameters,
  'topic!': parameters.topic,
  'language!': parameters.language,
  'source!': parameters.source,
  'kind!': parameters.kind,
  'label!': parameters.label,
};

const list = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(50).optional();

/** The same filters in a JSON body: arrays under the same names. */
export const FilterBody = z.strictObject({
  topic: list(TopicCode),
  language: list(Language),
  source: list(z.int().min(1).max(2_147_483_647)),
  kind: list(PostKind),
  label: list(Label),
  'topic!': list(TopicCode),
  'language!': list(Language),
  'source!': list(z.int().min(1).max(2_147_483_647)),
  'kind!': list(PostKind),
  'label!': list(Label),
});

export const compareParameter = z
  .enum(['previous'])
  .optional()
  .meta({ description: 'Also the period of equal length that ends where this one begins' });
export const formatParameter = z
  .enum(['json', 'csv', 'ndjson'])
  .optional()
  .meta({ description: 'Overrides the Accept header, for links' });

const share = z.number().min(-1).max(1).nullable();
const count = z.int();

/** The measures of a set of posts. net, its interval, mean_score and coverage are null when there is nothing to divide by. */
export const measures = {
  n: count.meta({ description: 'Posts' }),
  scored: count.meta({ description: 'Posts with a label other than not_scored' }),
  positive: count,
  neutral: count,
  negative: count,
  not_scored: count,
  net: share.meta({ description: '(positive − negative) / scored' }),
  ci_low: share.meta({ description: 'Low end of the 95 % interval of net' }),
  ci_high: share.meta({ description: 'High end of the 95 % interval of net' }),
  mean_score: share.meta({ description: 'Mean score; null also when only some labels are counted' }),
  coverage: z.number().min(0).max(1).nullable().meta({ description: 'scored / n' }),
};
export const Measures = z.object(measures).meta({ id: 'Measures' });
export type Measures = z.infer<typeof Measures>;

/** What `compare=previous` adds; absent otherwise. */
export const comparison = {
  previous: Measures.nullable().optional(),
  change: z.number().min(-2).max(2).nullable().optional().meta({ description: 'net − previous net' }),
  change_ci: z
    .tuple([z.number(), z.number()])
    .nullable()
    .optional()
    .meta({ description: '95 % interval of the change' }),
};
export const Compared = z.object({ ...measures, ...comparison }).meta({ id: 'Total' });
export type Compared = z.infer<typeof Compared>;

export const RangeAnswer = z
  .object({
    from: Instant,
    to: Instant.meta({ description: 'Not included' }),
    period: Period.nullable(),
    zone: z.string().meta({ description: 'The reporting zone, whose local days are the days of every figure' }),
    previous: z.object({ from: Instant, to: Instant }).optional(),
  })
  .meta({ id: 'Range' });
export type RangeAnswer = z.infer<typeof RangeAnswer>;

export const ModelShare = z
  .object({
    model: z.string().meta({ description: 'Name and content hash of the model that scored them' }),
    posts: z.int().min(0),
  })
  .meta({ id: 'ModelShare' });
export type ModelShare = z.infer<typeof ModelShare>;

/** What every aggregate says of itself. */
export const about = {
  range: RangeAnswer,
  source: z.enum(['rollups', 'posts']).meta({ description: 'Counted from stored sums, or from the posts one by one' }),
  data_version: z.int().meta({ description: 'Version of the data; the events stream tells of newer ones' }),
  models: z.array(ModelShare).meta({
    description:
      'Who scored the posts of the local months that the range touches, all filters aside, most posts first. More than one: these figures mix models, until `sada rescore` has brought all posts to the present one. CSV and NDJSON have it in the header Sada-Models',
  }),
};

export const FieldProblem = z.object({
  pointer: z.string().meta({ description: 'JSON pointer into the body (/posts/3/text) or a query parameter (?limit)' }),
  detail: z.string(),
});
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    request_id: z.string(),
    errors: z.array(FieldProblem).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });
export type Problem = z.infer<typeof Problem>;
