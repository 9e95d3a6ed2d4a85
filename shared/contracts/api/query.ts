/** Contract of POST /v1/query: chosen measures by at most two dimensions, in the words of series and breakdown. */
import { z } from 'zod';
import { about, BUCKETS, BucketSize, DIMENSIONS, FilterBody, formatParameter, Measures, Period } from './common.ts';

const Metric = z.enum(Object.keys(Measures.shape) as [keyof typeof Measures.shape, ...(keyof typeof Measures.shape)[]]);
const distinct = (values: readonly string[]) => new Set(values).size === values.length;

export const QueryBody = z.strictObject({
  metrics: z.array(Metric).min(1).max(11).refine(distinct, 'names a metric twice'),
  by: z
    .array(z.enum(['time', ...DIMENSIONS]))
    .max(2)
    .refine(distinct, 'names a dimension twice')
    .default([]),
  filters: FilterBody.default({}),
  period: Period.optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  bucket: z
    .enum([...BUCKETS, 'auto'])
    .default('auto')
    .meta({ description: 'Used when by has time' }),
});
export type QueryBody = z.infer<typeof QueryBody>;
export const QueryParameters = z.strictObject({ format: formatParameter });

export const QueryAnswer = z
  .object({
    ...about,
    bucket: BucketSize.nullable(),
    metrics: z.array(Metric),
    by: z.array(z.string()),
    rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))).meta({
      description: 'One value a dimension and metric; with time also local. Only what has posts, except by time alone',
    }),
  })
  .meta({ id: 'QueryAnswer' });
export type QueryAnswer = z.infer<typeof QueryAnswer>;
