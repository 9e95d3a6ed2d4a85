/**
 * Sentiment by one dimension, and the composite query by two. Called by the routes /v1/breakdown and /v1/query.
 * Both read the same cells as the series, so that the figures agree.
 */
import type { BucketSize, Dimension } from '../contracts/api/common.ts';
import type { QueryAnswer, QueryBody } from '../contracts/api/query.ts';
import type { Breakdown, BreakdownRow } from '../contracts/api/series.ts';
import { AppError } from '../errors.ts';
import { readOffsets, type TimeBucket } from './buckets.ts';
import { type Cell, countsFromPosts, readCells, toMeasures } from './cells.ts';
import { many, type Queryable } from './db.ts';
import { gapBuckets } from './ledger.ts';
import { readModels } from './models.ts';
import { chooseBuckets, compared, isDaily, previousOf, type Scope, toRange } from './series.ts';
import { readVersion } from './version.ts';

/** Rows of the dimension, most posts first. */
export async function readBreakdown(db: Queryable, scope: Scope & { by: Dimension }): Promise<Breakdown> {
  const version = await readVersion(db);
  const before = previousOf(scope.range);
  const offsets = await readOffsets(db, scope.zone, {
    from: scope.compare ? before.from : scope.range.from,
    to: scope.range.to,
  });
  const query = { offsets, useDays: true, filters: scope.filters };
  const now = { ...query, buckets: [scope.range] };
  const earlier = { ...query, buckets: [before] };
  const rows = await readCells(db, { ...now, by: [scope.by] });
  const rowsBefore = scope.compare ? await readCells(db, { ...earlier, by: [scope.by] }) : undefined;
  // Rows by topic count a post of two topics twice, and rows by label have no scores: their total is read for itself.
  const apart = scope.by === 'topic' || scope.by === 'label';
  const total = apart ? await readCells(db, { ...now, by: [] }) : rows;
  const totalBefore = scope.compare && apart ? await readCells(db, { ...earlier, by: [] }) : rowsBefore;
  const all = compared(total, totalBefore);
  const names = scope.by === 'source' ? await sourceNames(db) : new Map<string, string>();
  return {
    range: toRange(scope),
    source: countsFromPosts(scope.filters) ? 'posts' : 'rollups',
    data_version: version,
    models: await readModels(db, scope.range, offsets),
    by: scope.by,
    complete: (await gapBuckets(db, [scope.range], scope.filters)).size === 0,
    total: all,
    rows: toRows(rows, rowsBefore, all.n, names),
  };
}

function toRows(
  rows: readonly Cell[],
  before: readonly Cell[] | undefined,
  total: number,
  names: Map<string, string>,
): BreakdownRow[] {
  const keyOf = (cell: Cell) => cell.keys[0] ?? '';
  // A key that had posts only in the period before is a row as well: its fall to nothing is news.
  const keys = [...new Set([...rows, ...(before ?? [])].map(keyOf))];
  return keys
    .map((key) => {
      const of = (cells: readonly Cell[]) => cells.filter((cell) => keyOf(cell) === key);
      const figures = compared(of(rows), before && of(before));
      return {
        key,
        name: names.get(key) ?? null,
        share: total > 0 ? Math.round((figures.n / total) * 1e6) / 1e6 : null,
        ...figures,
      };
    })
    .toSorted((a, b) => b.n - a.n || (a.key < b.key ? -1 : 1));
}

async function sourceNames(db: Queryable): Promise<Map<string, string>> {
  const rows = await many<{ id: number; name: string }>(db, 'select id, name from sources');
  return new Map(rows.map((row) => [String(row.id), row.name]));
}

/** Most rows of a composite answer. */
const MOST_ROWS = 50_000;

/** The chosen metrics by at most two dimensions. Throws `invalid` when the answer would be too long. */
export async function readQuery(
  db: Queryable,
  scope: Scope & { bucket: BucketSize | 'auto'; by: QueryBody['by']; metrics: QueryBody['metrics'] },
): Promise<QueryAnswer> {
  const version = await readVersion(db);
  const offsets = await readOffsets(db, scope.zone, scope.range);
  const byTime = scope.by.includes('time');
  const { size, buckets } = byTime ? chooseBuckets(scope, scope.bucket, offsets) : { size: null, buckets: [] };
  const by = scope.by.filter((dimension) => dimension !== 'time');
  const useDays = size === null || isDaily(size);
  const cells = await readCells(db, {
    offsets,
    useDays,
    filters: scope.filters,
    by,
    buckets: byTime ? buckets : [scope.range],
  });
  if (cells.length > MOST_ROWS) {
    throw new AppError('invalid', 'The answer would be too long', {
      errors: [
        {
          pointer: '/by',
          detail: `gives ${cells.length} rows; at most ${MOST_ROWS}: take a coarser bucket or a shorter range`,
        },
      ],
    });
  }
  return {
    range: toRange(scope),
    source: countsFromPosts(scope.filters) ? 'posts' : 'rollups',
    data_version: version,
    models: await readModels(db, scope.range, offsets),
    bucket: size,
    metrics: scope.metrics,
    by: scope.by,
    rows:
      by.length > 0
        ? cells.toSorted(inOrder).map((cell) => toRow(scope, by, buckets, cell, [cell]))
        : withEmpty(scope, buckets, cells),
  };
}

function inOrder(a: Cell, b: Cell): number {
  return a.bucket - b.bucket || b.n - a.n || (a.keys.join('\n') < b.keys.join('\n') ? -1 : 1);
}

function withEmpty(scope: Parameters<typeof toRow>[0], buckets: readonly TimeBucket[], cells: readonly Cell[]) {
  const positions = buckets.length > 0 ? buckets.map((_, index) => index + 1) : [1];
  const byBucket = new Map(cells.map((cell) => [cell.bucket, [cell]]));
  return positions.map((bucket) => toRow(scope, [], buckets, { bucket, keys: [] }, byBucket.get(bucket) ?? []));
}

function toRow(
  scope: { metrics: QueryBody['metrics'] },
  by: readonly Dimension[],
  buckets: readonly TimeBucket[],
  at: Pick<Cell, 'bucket' | 'keys'>,
  cells: readonly Cell[],
): QueryAnswer['rows'][number] {
  const measures = toMeasures(cells);
  const bucket = buckets[at.bucket - 1];
  return {
    ...(bucket ? { time: bucket.from.toISOString(), local: bucket.local } : {}),
    ...Object.fromEntries(by.map((dimension, index) => [dimension, at.keys[index] ?? ''])),
    ...Object.fromEntries(scope.metrics.map((metric) => [metric, measures[metric]])),
  };
}
