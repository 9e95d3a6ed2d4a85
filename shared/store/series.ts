/**
 * Sentiment over time: every bucket of the range, empty ones included, and the same stretch before it when asked.
 * Called by the route /v1/series and by POST /v1/query. Try it: `readSeries(db, { zone, range, bucket: 'auto', … })`.
 */
import type { BucketSize, Compared, Measures, Period, RangeAnswer } from '../contracts/api/common.ts';
import type { Series, SeriesBucket } from '../contracts/api/series.ts';
import { type Net, netChange } from '../contracts/net.ts';
import { AppError } from '../errors.ts';
import { autoSize, bucketsOf, HOUR_MS, type Offset, readOffsets, type TimeBucket, type TimeRange } from './buckets.ts';
import { type Cell, countsFromPosts, type Filters, readCells, toMeasures } from './cells.ts';
import type { Queryable } from './db.ts';
import { gapBuckets } from './ledger.ts';
import { readModels } from './models.ts';
import { readVersion } from './version.ts';

export interface Scope {
  /** The reporting zone. */
  zone: string;
  range: TimeRange & { period: Period | null };
  filters: Filters;
  compare: boolean;
  now: Date;
}

/** Most buckets of an answer: a year and more of hours. */
const MOST_BUCKETS = 10_000;
const FIXED: Partial<Record<Period, BucketSize>> = {
  '24h': 'hour',
  '7d': '3h',
  '30d': 'day',
  '90d': 'day',
  '12mo': 'week',
};

/** The buckets of a range and their size. Throws `invalid` when there would be more than 10,000. */
export function chooseBuckets(
  scope: Scope,
  wanted: BucketSize | 'auto',
  offsets: readonly Offset[],
): { size: BucketSize; buckets: TimeBucket[] } {
  const size =
    wanted !== 'auto' ? wanted : ((scope.range.period && FIXED[scope.range.period]) ?? autoSize(scope.range, offsets));
  const buckets = bucketsOf(scope.range, size, offsets);
  if (buckets.length > MOST_BUCKETS) {
    throw new AppError('invalid', 'The buckets are too fine for this range', {
      errors: [{ pointer: '?bucket', detail: `gives ${buckets.length} buckets; at most ${MOST_BUCKETS}` }],
    });
  }
  return { size, buckets };
}

/** True for sizes whose sums can come from those of whole days. */
export function isDaily(size: BucketSize): boolean {
  return size === 'day' || size === 'week' || size === 'month';
}

/** The stretch of equal length that ends where this one begins: of 7 days, the same weekdays. */
export function previousOf(range: TimeRange): TimeRange {
  return { from: new Date(2 * range.from.getTime() - range.to.getTime()), to: range.from };
}

export async function readSeries(db: Queryable, scope: Scope & { bucket: BucketSize | 'auto' }): Promise<Series> {
  const version = await readVersion(db);
  const before = previousOf(scope.range);
  const offsets = await readOffsets(db, scope.zone, {
    from: scope.compare ? before.from : scope.range.from,
    to: scope.range.to,
  });
  const { size, buckets } = chooseBuckets(scope, scope.bucket, offsets);
  const query = { offsets, useDays: isDaily(size), filters: scope.filters, by: [] };
  const cells = await readCells(db, { ...query, buckets });
  const length = scope.range.to.getTime() - scope.range.from.getTime();
  const shifted = buckets.map(({ from, to }) => ({
    from: new Date(from.getTime() - length),
    to: new Date(to.getTime() - length),
  }));
  const cellsBefore = scope.compare ? await readCells(db, { ...query, buckets: shifted }) : undefined;
  const gaps = await gapBuckets(db, buckets, scope.filters);
  const [at, atBefore] = [positions(cells), positions(cellsBefore ?? [])];
  return {
    range: toRange(scope),
    source: countsFromPosts(scope.filters) ? 'posts' : 'rollups',
    data_version: version,
    models: await readModels(db, scope.range, offsets),
    bucket: size,
    complete: gaps.size === 0,
    total: compared(cells, cellsBefore),
    buckets: buckets.map((bucket, index) => {
      const figures = compared(at(index + 1), cellsBefore && atBefore(index + 1));
      return { ...describe(bucket, scope.now), ...figures, complete: !gaps.has(index + 1) };
    }),
  };
}

/** Looks a bucket's cell up: without dimensions there is at most one. */
function positions(cells: readonly Cell[]): (bucket: number) => Cell[] {
  const byBucket = new Map(cells.map((cell) => [cell.bucket, [cell]]));
  return (bucket) => byBucket.get(bucket) ?? [];
}

/** Time as the answers say it. */
export function toRange(scope: Scope): RangeAnswer {
  const before = previousOf(scope.range);
  return {
    from: scope.range.from.toISOString(),
    to: scope.range.to.toISOString(),
    period: scope.range.period,
    zone: scope.zone,
    ...(scope.compare ? { previous: { from: before.from.toISOString(), to: before.to.toISOString() } } : {}),
  };
}

function describe(
  bucket: TimeBucket,
  now: Date,
): Pick<SeriesBucket, 'start' | 'local' | 'utc_offset' | 'hours' | 'partial'> {
  return {
    start: bucket.from.toISOString(),
    local: bucket.local,
    utc_offset: bucket.utcOffset,
    hours: (bucket.to.getTime() - bucket.from.getTime()) / HOUR_MS,
    partial: bucket.cut || bucket.to > now,
  };
}

type Sums = readonly Omit<Cell, 'bucket' | 'keys'>[];

/** Measures of cells, with those of the period before when they are given. */
export function compared(cells: Sums, before: Sums | undefined): Compared {
  const measures = toMeasures(cells);
  if (!before) return measures;
  const previous = toMeasures(before);
  const change = netChange(toNet(measures), toNet(previous));
  return {
    ...measures,
    previous,
    change: change && round(change.change),
    change_ci: change && [round(change.low), round(change.high)],
  };
}

const round = (value: number) => Math.round(value * 1e6) / 1e6 + 0;

function toNet({ net, ci_low, ci_high }: Measures): Net | null {
  return net === null || ci_low === null || ci_high === null ? null : { net, low: ci_low, high: ci_high };
}
