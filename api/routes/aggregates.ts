/** GET /v1/series and /v1/breakdown, POST /v1/query: numbers over time and by dimension. */
import { comparison, measures } from '../../shared/contracts/api/common.ts';
import { QueryAnswer, QueryBody, QueryParameters } from '../../shared/contracts/api/query.ts';
import { Breakdown, BreakdownQuery, Series, SeriesQuery } from '../../shared/contracts/api/series.ts';
import { readBreakdown, readQuery } from '../../shared/store/breakdown.ts';
import { readSeries } from '../../shared/store/series.ts';
import { inSnapshot } from '../../shared/store/snapshot.ts';
import { type Input, type Route, route } from '../route.ts';
import { filtersOf, type RouteDeps } from './deps.ts';

type Asked<Q> = Input<undefined, Q, undefined>;

export function aggregateRoutes({ db, zone }: RouteDeps): Route[] {
  const series = ({ query, range, now }: Asked<SeriesQuery>) =>
    inSnapshot(db, async (tx) => {
      const filters = await filtersOf(tx, query, '?');
      return readSeries(tx, { zone, range, now, filters, compare: query.compare !== undefined, bucket: query.bucket });
    });
  const breakdown = ({ query, range, now }: Asked<BreakdownQuery>) =>
    inSnapshot(db, async (tx) => {
      const filters = await filtersOf(tx, query, '?');
      return readBreakdown(tx, { zone, range, now, filters, compare: query.compare !== undefined, by: query.by });
    });
  const composite = ({ body, range, now }: Input<undefined, unknown, QueryBody>) =>
    inSnapshot(db, async (tx) => {
      const filters = await filtersOf(tx, body.filters, '/filters/');
      return readQuery(tx, { ...body, zone, range, now, filters, compare: false });
    });
  const common = { tag: 'numbers', scope: 'read:aggregates' } as const;
  return [
    route({
      ...common,
      method: 'get',
      path: '/v1/series',
      summary: 'Sentiment over time, one point a bucket',
      limit: 'read',
      tagged: true,
      schemas: { query: SeriesQuery, response: Series },
      handle: series,
      table: {
        name: 'series',
        read: async (input) => ({
          columns: [...BUCKET_COLUMNS, ...compareColumns(input.query.compare)],
          rows: (await series(input)).buckets,
        }),
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/v1/breakdown',
      summary: 'Sentiment by topic, language, source, kind or label',
      limit: 'read',
      tagged: true,
      schemas: { query: BreakdownQuery, response: Breakdown },
      handle: breakdown,
      table: {
        name: 'breakdown',
        read: async (input) => ({
          columns: ['key', 'name', 'share', ...Object.keys(measures), ...compareColumns(input.query.compare)],
          rows: (await breakdown(input)).rows,
        }),
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/v1/query',
      summary: 'Chosen measures by at most two dimensions',
      limit: 'query',
      schemas: { query: QueryParameters, body: QueryBody, response: QueryAnswer },
      handle: composite,
      table: {
        name: 'query',
        read: async (input) => ({
          columns: [
            ...input.body.by.flatMap((dimension) => (dimension === 'time' ? ['time', 'local'] : [dimension])),
            ...input.body.metrics,
          ],
          rows: (await composite(input)).rows,
        }),
      },
    }),
  ];
}

const BUCKET_COLUMNS = ['start', 'local', 'utc_offset', 'hours', ...Object.keys(measures), 'complete', 'partial'];

function compareColumns(compare: 'previous' | undefined): string[] {
  if (!compare) return [];
  const { previous: _, ...change } = comparison;
  const changes = Object.keys(change).flatMap((name) =>
    name.endsWith('_ci') ? [`${name}_low`, `${name}_high`] : [name],
  );
  return [...Object.keys(measures).map((name) => `previous_${name}`), ...changes];
}
