/** Contract of GET /v1/series and GET /v1/breakdown: sentiment over time, and by one dimension. */
import { z } from 'zod';
import {
  about,
  BUCKETS,
  BucketSize,
  Compared,
  compareParameter,
  comparison,
  Dimension,
  filterParameters,
  formatParameter,
  measures,
  rangeParameters,
} from './common.ts';

export const SeriesQuery = z.strictObject({
  ...rangeParameters,
  ...filterParameters,
  bucket: z.enum([...BUCKETS, 'auto']).default('auto'),
  compare: compareParameter,
  format: formatParameter,
});
export type SeriesQuery = z.infer<typeof SeriesQuery>;

export const SeriesBucket = z
  .object({
    start: z.iso.datetime({ offset: true }).meta({ description: 'UTC; of the first bucket, the start of the range' }),
    local: z.string().meta({ description: 'start on the wall clock of the reporting zone, YYYY-MM-DDTHH:MM' }),
    utc_offset: z.string().meta({ description: 'as +01:00' }),
    hours: z.int().meta({ description: 'Hours counted: a local day can have 23, 24 or 25' }),
    ...measures,
    complete: z.boolean().meta({ description: 'No hour of an active source is known to be missing' }),
    partial: z.boolean().meta({ description: 'Cut by the range, or not over yet' }),
    ...comparison,
  })
  .meta({ id: 'Bucket' });
export type SeriesBucket = z.infer<typeof SeriesBucket>;

export const Series = z
  .object({ ...about, bucket: BucketSize, complete: z.boolean(), total: Compared, buckets: z.array(SeriesBucket) })
  .meta({ id: 'Series' });
export type Series = z.infer<typeof Series>;

export const BreakdownQuery = z.strictObject({
  ...rangeParameters,
  ...filterParameters,
  by: Dimension,
  compare: compareParameter,
  format: formatParameter,
});
export type BreakdownQuery = z.infer<typeof BreakdownQuery>;

export const BreakdownRow = z
  .object({
    key: z.string().meta({ description: 'Topic code, language code, source id, kind or label' }),
    name: z.string().nullable().meta({ description: 'Name of a source; null for what is named by its code' }),
    share: z
      .number()
      .nullable()
      .meta({ description: 'n / n of the total; topics overlap, so theirs may add up to more than 1' }),
    ...measures,
    ...comparison,
  })
  .meta({ id: 'BreakdownRow' });
export type BreakdownRow = z.infer<typeof BreakdownRow>;

export const Breakdown = z
  .object({ ...about, by: Dimension, complete: z.boolean(), total: Compared, rows: z.array(BreakdownRow) })
  .meta({ id: 'Breakdown' });
export type Breakdown = z.infer<typeof Breakdown>;
